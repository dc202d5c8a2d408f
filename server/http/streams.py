"""The one place where computing threads cross into asyncio. The computing itself is the scheduler's."""

import asyncio
import logging
from types import TracebackType
from typing import Final, Self

from server.errors import ShutdownError
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import Scheduler
from server.scheduling.task import Speech

_log = logging.getLogger(__name__)

_END: Final = None


class Stream:
    """What one speech yields, in order, as an asynchronous iterator. An error in it is raised here unchanged.

    Leaving the `with` block, for whatever reason, stops the computing.
    """

    def __init__(
        self, scheduler: Scheduler, voice: str, speech: Speech[bytes], pace: PlaybackClock, expected: float
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._scheduler = scheduler
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._stopped = False
        self._cut_off = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._job = scheduler.start(voice, speech, self._emit, self._end, pace=pace, expected=expected)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Raises what the speech raised, or `ShutdownError`."""
        chunk = _END if self._cut_off else await self._waiting.get()
        if self._cut_off:
            raise ShutdownError("the server is stopping; ask again when it is back")
        if chunk is _END:
            self.ended.result()
            raise StopAsyncIteration
        self._scheduler.taken(self._job)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Asks the computing to end at the next run; returns at once."""
        self._stopped = True
        self._scheduler.stop(self._job)

    def cut_off(self) -> None:
        """Like `stop`, but the listener still listens: it must not take this for the end."""
        self._cut_off = True
        self.stop()
        self._waiting.put_nowait(_END)  # wakes a listener who waits for a chunk

    def _emit(self, chunk: bytes) -> None:
        """In a worker."""
        self._loop.call_soon_threadsafe(self._waiting.put_nowait, chunk)

    def _end(self, error: Exception | None) -> None:
        """In a worker."""
        self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: Exception | None) -> None:
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
            self.ended.exception()  # counts as seen, since the listener may have left before it happened
            if self._stopped:
                _log.warning("a stream that nobody listens to any more failed", exc_info=error)
        self._waiting.put_nowait(_END)


class ActiveStreams:
    """The streams that the scheduler computes for listeners."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._streams: set[Stream] = set()
        self._closed = False

    def stream(
        self, speech: Speech[bytes], pace: PlaybackClock | None = None, *, voice: str = "", expected: float = 0.0
    ) -> Stream:
        """Starts to compute `speech`, `expected` to last that many seconds.

        Raises `BusyError` when there is no room for it, `ShutdownError` when it is too late.
        """
        if self._closed:
            raise ShutdownError("the server is stopping; ask again when it is back")
        stream = Stream(self._scheduler, voice, speech, pace or PlaybackClock(), expected)
        self._streams.add(stream)
        stream.ended.add_done_callback(lambda _: self._streams.discard(stream))
        return stream

    async def close(self) -> None:
        """Cuts off every stream, waits for the runs in progress, and joins the threads."""
        self._closed = True
        ending = [stream.ended for stream in self._streams]
        for stream in self._streams:
            stream.cut_off()
        await asyncio.to_thread(self._scheduler.close)
        await asyncio.gather(*ending, return_exceptions=True)
