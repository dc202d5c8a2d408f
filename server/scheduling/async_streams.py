"""Bridges the worker threads of the scheduler and asyncio: streams as asynchronous iterators."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Generic, Self, TypeVar

from server.client import LOCAL_CLIENT, Client
from server.errors import ShutdownError
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import Scheduler
from server.scheduling.task import Chunks

_log = logging.getLogger(__name__)

T = TypeVar("T")

_END: Final = None


class ChunkStream(Generic[T]):
    """The chunks of one stream, in order. An error of the stream is raised here unchanged.

    Leaving the `with` block for any reason cancels the stream.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        voice: str,
        chunks: Callable[[PlaybackClock], Chunks[T]],
        *,
        client: Client,
        expected_seconds: float,
        batched: bool,
        background: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._scheduler = scheduler
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._cancelled = False
        self._aborted = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._stream = scheduler.start(
            voice,
            chunks,
            self._on_chunk,
            self._on_end,
            client=client,
            expected_seconds=expected_seconds,
            batched=batched,
            background=background,
        )

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """The next chunk. Raises the error of the stream, or `ShutdownError`."""
        chunk = _END if self._aborted else await self._queue.get()
        if self._aborted:
            raise ShutdownError("the server is stopping; send the request again when it is back")
        if chunk is _END:
            self._queue.put_nowait(_END)  # for a reader that asks again
            self.ended.result()
            raise StopAsyncIteration
        self._scheduler.chunk_consumed(self._stream)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Stops the stream at its next graph run; returns at once."""
        self._cancelled = True
        self._scheduler.cancel(self._stream)

    def abort(self) -> None:
        """Cancels the stream, and raises `ShutdownError` in its reader, so that it does not look complete."""
        self._aborted = True
        self.cancel()
        self._queue.put_nowait(_END)  # wakes a reader that waits for a chunk

    def _on_chunk(self, chunk: T) -> None:
        """Called by a worker thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, chunk)

    def _on_end(self, error: Exception | None) -> None:
        """Called by a worker thread."""
        self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: Exception | None) -> None:
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
            self.ended.exception()  # marks it as retrieved: the client may have disconnected before it happened
            if self._cancelled:
                _log.warning("a cancelled stream failed", exc_info=error)
        self._queue.put_nowait(_END)


class ActiveStreams:
    """The running streams of all clients."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._streams: set[ChunkStream[Any]] = set()
        self._closed = False

    async def open(
        self,
        voice: str,
        chunks: Callable[[PlaybackClock], Chunks[T]],
        *,
        client: Client = LOCAL_CLIENT,
        expected_seconds: float = 0.0,
        batched: bool = True,
        background: bool = False,
    ) -> ChunkStream[T]:
        """Starts a stream: `chunks` gets its playback clock. `expected_seconds` is a guess at its length.

        A stream that is not `batched` shares no graph run with others. A `background` stream is never refused for the
        load: it is computed while no other stream needs the workers.

        Raises `BusyError` when it does not fit, `ShutdownError` when the server is stopping.
        """
        if self._closed:
            raise ShutdownError("the server is stopping; send the request again when it is back")
        stream = ChunkStream(
            self._scheduler,
            voice,
            chunks,
            client=client,
            expected_seconds=expected_seconds,
            batched=batched,
            background=background,
        )
        self._streams.add(stream)
        stream.ended.add_done_callback(lambda _: self._streams.discard(stream))
        return stream

    async def close(self) -> None:
        """Aborts every stream, waits for the runs in progress, and joins the threads."""
        self._closed = True
        ending = [stream.ended for stream in self._streams]
        for stream in self._streams:
            stream.abort()
        await asyncio.to_thread(self._scheduler.close)
        await asyncio.gather(*ending, return_exceptions=True)
