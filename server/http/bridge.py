"""The one place where synchronous computing crosses into asyncio.

Every step of every stream is one job in one bounded pool, so streams take turns chunk by chunk: a new request waits
for a chunk of each of the others, not for their ends, and a listener who reads slowly holds no thread. A stream that
nobody listens to any more is closed at the next chunk.
"""

import asyncio
import logging
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from server.errors import SpeechError

_log = logging.getLogger(__name__)

AHEAD = 2
"""Chunks that wait for a slow listener; one more is computed, then the computing waits."""

_END: Final = None


class ShutdownError(SpeechError):
    """The server is stopping: nothing new starts, and what runs is cut off."""


class Stream:
    """What one generator yields, in order, as an asynchronous iterator. An error in it is raised here unchanged.

    Leaving the `with` block, for whatever reason, stops the computing.
    """

    def __init__(self, chunks: Generator[bytes, None, None], threads: ThreadPoolExecutor) -> None:
        self._chunks = chunks
        self._threads = threads
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(AHEAD)
        self._stopped = False
        self._cut_off = False
        self.task = asyncio.create_task(self._pump())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Raises what the generator raised, or `ShutdownError`."""
        chunk = _END if self._cut_off else await self._waiting.get()
        if self._cut_off:
            raise ShutdownError("the server is stopping; ask again when it is back")
        if chunk is _END:
            await asyncio.shield(self.task)
            raise StopAsyncIteration
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Asks the computing to end at the next chunk; returns at once."""
        self._stopped = True
        while not self._waiting.empty():
            self._waiting.get_nowait()  # makes room for a pump that waits for it

    def cut_off(self) -> None:
        """Like `stop`, but the listener still listens: it must not take this for the end."""
        self._cut_off = True
        self.stop()
        self._waiting.put_nowait(_END)  # wakes a listener who waits for a chunk

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (chunk := await loop.run_in_executor(self._threads, self._step)) is not _END:
                await self._waiting.put(chunk)
        except Exception:
            if self._stopped:
                _log.warning("a stream that nobody listens to any more failed", exc_info=True)
            raise
        finally:
            try:
                await loop.run_in_executor(self._threads, self._chunks.close)
            finally:
                if not self._stopped:
                    await self._waiting.put(_END)

    def _step(self) -> bytes | None:
        """In a thread: the next chunk, unless nobody waits for it any more."""
        return _END if self._stopped else next(self._chunks, _END)


class Bridge:
    """The pool of threads, and the streams that it computes."""

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="speech")
        self._streams: set[Stream] = set()
        self._closed = False

    def stream(self, chunks: Generator[bytes, None, None]) -> Stream:
        """Starts to compute `chunks`. Raises `ShutdownError` when it is too late for that."""
        if self._closed:
            raise ShutdownError("the server is stopping; ask again when it is back")
        stream = Stream(chunks, self._threads)
        self._streams.add(stream)
        stream.task.add_done_callback(lambda task: self._finished(stream, task))
        return stream

    async def close(self) -> None:
        """Cuts off every stream, waits for the chunks in progress, and joins the threads."""
        self._closed = True
        for stream in self._streams:
            stream.cut_off()
        await asyncio.gather(*(stream.task for stream in self._streams), return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown)

    def _finished(self, stream: Stream, task: "asyncio.Task[None]") -> None:
        self._streams.discard(stream)
        if not task.cancelled():
            task.exception()  # taken here, since the listener may have left before it happened
