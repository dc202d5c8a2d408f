"""Bridges the worker threads of the scheduler and asyncio: streams as asynchronous iterators."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Generic, Self, TypedDict, TypeVar, Unpack

from server.client import LOCAL_CLIENT, Client
from server.config import Config, LimitsSection
from server.errors import ShutdownError, StalledError
from server.scheduling.playback import PlaybackClock, ReadingPace
from server.scheduling.scheduler import Scheduler
from server.scheduling.task import Chunks

_log = logging.getLogger(__name__)

T = TypeVar("T")

_END: Final = None
_STALL_CHECK = 1.0
"""Seconds between two looks at a client that does not read."""


class StreamOptions(TypedDict):
    """What the scheduler has to know about a stream; see `ActiveStreams.open`."""

    client: Client
    expected_seconds: float
    batched: bool
    background: bool


class ChunkStream(Generic[T]):
    """The chunks of one stream, in order. An error of the stream is raised here unchanged.

    Leaving the `with` block for any reason cancels the stream. A reader that does not ask for the next chunk, since its
    client does not read, loses the stream's place after a while, and gets another one when it asks again.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        voice: str,
        chunks: Callable[[PlaybackClock], Chunks[T]],
        limits: LimitsSection | None,
        on_closed: Callable[["ChunkStream[T]"], None],
        **options: Unpack[StreamOptions],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._scheduler = scheduler
        self._limits = None if options["background"] else limits
        self._on_closed = on_closed
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._cancelled = False
        self._failure: Exception | None = None
        self._reading = ReadingPace(self._loop.time)
        self._stall_timer: asyncio.TimerHandle | None = None
        self._admitted: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.ended.add_done_callback(lambda _: self._stop_timer())
        self._stream = scheduler.start(
            voice,
            chunks,
            self._on_chunk,
            self._on_end,
            on_admitted=self._on_admitted,
            **options,
        )

    async def admission(self) -> None:
        """Waits for the stream's place. Raises `BusyError` after `limits.queue_seconds`, or what ended the stream."""
        try:
            async with asyncio.timeout(self._limits.queue_seconds if self._limits else None):
                await asyncio.shield(self._admitted)
        except TimeoutError:
            if refusal := self._scheduler.withdraw(self._stream):
                self.cancel()
                raise refusal from None
        except BaseException:
            self.cancel()
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """The next chunk. Raises the error of the stream, or `ShutdownError`, or `StalledError`."""
        self._reading.asked()
        chunk = _END if self._failure else await self._queue.get()
        if self._failure:
            raise self._failure
        if chunk is _END:
            self._queue.put_nowait(_END)  # for a reader that asks again
            self.ended.result()
            raise StopAsyncIteration
        self._scheduler.chunk_consumed(self._stream)
        self._reading.given()
        if self._limits and self._stall_timer is None and not self.ended.done():
            self._stall_timer = self._loop.call_later(self._limits.stall_seconds, self._look_for_stall, self._limits)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Stops the stream at its next graph run; returns at once."""
        self._cancelled = True
        self._stop_timer()
        self._scheduler.cancel(self._stream)
        self._on_closed(self)

    def abort(self, failure: Exception) -> None:
        """Cancels the stream, and raises `failure` in its reader, so that it does not look complete."""
        self._failure = failure
        self.cancel()
        self._queue.put_nowait(_END)  # wakes a reader that waits for a chunk

    def _look_for_stall(self, limits: LimitsSection) -> None:
        """Takes the place of a stream whose client does not read, and ends it in the end.

        A client that plays while it reads takes a break when its buffers are full, which may be long: one that has
        come back from a break keeps its place as long as it has audio to play.
        """
        away = self._reading.seconds_away
        if away >= limits.stall_limit:
            self.abort(StalledError(limits.stall_limit))
            return
        delay = limits.stall_seconds - away
        if delay <= 0:
            delay = min(_STALL_CHECK, limits.stall_limit - away)
            if not (self._reading.has_returned and self._stream.clock.buffered_seconds):
                self._scheduler.client_stalled(self._stream)
        self._stall_timer = self._loop.call_later(delay, self._look_for_stall, limits)

    def _stop_timer(self) -> None:
        if self._stall_timer:
            self._stall_timer.cancel()

    def _admit(self, failure: Exception | None) -> None:
        if self._admitted.done():
            return
        if failure is None:
            self._admitted.set_result(None)
        else:
            self._admitted.set_exception(failure)
            self._admitted.exception()  # marks it as retrieved: the client may have disconnected

    def _on_admitted(self) -> None:
        """Called by any thread."""
        self._loop.call_soon_threadsafe(self._admit, None)

    def _on_chunk(self, chunk: T) -> None:
        """Called by a worker thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, chunk)

    def _on_end(self, error: Exception | None) -> None:
        """Called by a worker thread."""
        self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: Exception | None) -> None:
        self._admit(error)
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
            self.ended.exception()  # marks it as retrieved: the client may have disconnected before it happened
            if self._cancelled:
                _log.warning("a cancelled stream failed", exc_info=error)
        self._queue.put_nowait(_END)


class ActiveStreams:
    """The running streams of all clients.

    `limits` are those of waiting, and of clients that do not read; without them no stream ends for its reader.
    """

    def __init__(self, scheduler: Scheduler, limits: LimitsSection | None = None) -> None:
        self._scheduler = scheduler
        self._limits = limits
        self._streams: set[ChunkStream[Any]] = set()
        """Those that are computed."""
        self._read: set[object] = set()
        """Those whose readers have not left, which may still be sending; and what else is sent."""
        self._left = asyncio.Event()
        self._stopping = False

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
        """Starts a stream as soon as it has a place; `chunks` gets its playback clock.

        `expected_seconds` is a guess at its length. A stream that is not `batched` shares no graph run with others. A
        `background` stream is never refused for the load: it is computed while no other stream needs the workers.

        Raises `BusyError` when there is no place in time, or its client is above its own limit, and `ShutdownError`
        when the server is stopping.
        """
        if self._stopping:
            raise ShutdownError
        options = StreamOptions(
            client=client, expected_seconds=expected_seconds, batched=batched, background=background
        )
        stream = ChunkStream(self._scheduler, voice, chunks, self._limits, self._leave, **options)
        self._streams.add(stream)
        self._read.add(stream)
        stream.ended.add_done_callback(lambda _: self._end(stream))
        await stream.admission()
        return stream

    def __len__(self) -> int:
        """Streams that are computed or sent."""
        return len(self._streams | self._read)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """In this block something is sent that is not computed for it; `drain` waits for its end too."""
        sender = object()
        self._read.add(sender)
        try:
            yield
        finally:
            self._read.discard(sender)
            self._left.set()

    @property
    def stall_limit(self) -> float | None:
        """Seconds after which a client that does not read has to be given up by those who send; None: never."""
        return self._limits.stall_limit if self._limits else None

    def reconfigure(self, config: Config) -> None:
        """Takes other limits, for the streams that come from now on."""
        if self._limits:
            self._limits = config.limits
            self._scheduler.reconfigure(config.scheduler, config.limits)

    async def drain(self, seconds: float) -> bool:
        """Opens no more streams, refuses those that wait, and lets the others end and be sent, so long at most.

        Returns whether all have ended.
        """
        self._stopping = True
        self._scheduler.refuse_waiting(ShutdownError())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._streams or self._read:
                    self._left.clear()
                    await self._left.wait()
        return not (self._streams or self._read)

    async def close(self) -> None:
        """Aborts every stream, waits for the runs in progress, and joins the threads."""
        self._stopping = True
        ending = [stream.ended for stream in self._streams]
        for stream in self._streams:
            stream.abort(ShutdownError())
        await asyncio.to_thread(self._scheduler.close)
        await asyncio.gather(*ending, return_exceptions=True)

    def _end(self, stream: ChunkStream[Any]) -> None:
        self._streams.discard(stream)
        self._left.set()

    def _leave(self, stream: ChunkStream[Any]) -> None:
        self._read.discard(stream)
        self._left.set()
