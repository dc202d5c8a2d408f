"""Continuous batching of many streams, earliest playback deadline first.

Worker threads, by default one per available CPU, take streams from one list of ready streams. A worker selects a batch
(`BatchPolicy`): the stream whose client has the least audio buffered, and other ready streams whose graph runs match.
It executes the batch, advances each of the streams to its next run or chunk, and puts them back. So streams join and
leave a batch at every decoder step, and a cancelled stream ends at its next run.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

from server.client import LOCAL_CLIENT, Client
from server.config import LimitsSection, SchedulerSection
from server.errors import BusyError, ShutdownError, SynthesisError, WorkerError
from server.logs.context import current_request
from server.runtime.cpu import available_cpus
from server.scheduling.admission.control import AdmissionControl
from server.scheduling.admission.places import Places
from server.scheduling.batch_policy import BatchPolicy
from server.scheduling.input_queue import InputWait
from server.scheduling.load_report import LoadReport
from server.scheduling.playback import PlaybackClock
from server.scheduling.statistics import StreamStatistics
from server.scheduling.stream import Place, Stream
from server.scheduling.task import Chunks, Task
from server.scheduling.workers.batch_execution import BatchExecution
from server.scheduling.workers.ready_streams import ReadyStreams
from server.scheduling.workers.threads import WorkerThreads

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_UNCONSUMED_CHUNKS = 2
"""Backpressure: a stream pauses when its client has more chunks than this to consume."""


class Scheduler:
    """Executes the tasks of all streams. Its threads start with the first stream; `close` ends them.

    Without `limits`, no stream waits for a place: what does not fit is refused.
    """

    def __init__(self, settings: SchedulerSection | None = None, limits: LimitsSection | None = None) -> None:
        settings, limits = settings or SchedulerSection(), limits or LimitsSection(queue_seconds=0)
        self.workers = settings.workers or available_cpus()
        self.on_exhaustion: Callable[[], None] = lambda: None
        """Called by a worker, once, when workers have failed so often that none is left to compute."""
        self._changed = threading.Condition()
        """Guards every attribute here, and the fields of streams that `Stream` names."""
        self._admission = AdmissionControl(self.workers, settings.max_utilization, settings.max_streams)
        self._places = Places(self._admission, limits, self.workers)
        policy = BatchPolicy(settings.max_batch)
        self._ready = ReadyStreams(policy, self.workers)
        self._execution = BatchExecution(policy, self._changed)
        self._threads = WorkerThreads(self.workers, self._changed, self._work, self._end_lost, self._end_all)
        self._idle_workers = 0
        self._closed = False
        self._statistics = StreamStatistics()

    def start(
        self,
        voice: str,
        chunks: Callable[[PlaybackClock], Chunks[T]],
        on_chunk: Callable[[T], None],
        on_end: Callable[[Exception | None], None],
        *,
        client: Client = LOCAL_CLIENT,
        expected_seconds: float = 0.0,
        is_probe: bool = False,
        batched: bool = True,
        background: bool = False,
        on_admitted: Callable[[], None] | None = None,
    ) -> Stream:
        """Takes a stream and computes it as soon as it has a place. `chunks` gets the stream's playback clock.

        A stream that is not `batched` shares no graph run, so that its result does not depend on other streams. A
        `background` stream has no listener: it is never refused for the load, and computed while no other stream needs
        the workers. `on_admitted` is called, by any thread, when the stream gets its place; without it, a stream that
        would have to wait is refused.

        Raises `BusyError` when the stream is refused, `ShutdownError` when the scheduler is closed.
        """
        clock = PlaybackClock()
        stream = Stream(
            voice, Task(chunks(clock)), clock, expected_seconds, on_chunk, on_end,
            client, is_probe, batched, background, on_admitted,
        )  # fmt: skip
        with self._changed:
            if not self._closed:
                self._threads.start()  # first: for want of memory it may fail
            self._require_open()
            self._begin(self._places.request(stream))
            self._limit_waiting(stream, waits=on_admitted is not None)
        return stream

    def chunk_consumed(self, stream: Stream) -> None:
        """The client has taken a chunk; a stream that was paused for that continues, if need be with a new place."""
        with self._changed:
            stream.unconsumed_chunks -= 1
            if not stream.paused or stream.input_wait or stream.unconsumed_chunks > MAX_UNCONSUMED_CHUNKS:
                return
            if stream.place is Place.STALLED:
                self._places.resume(stream)
                self._admit()
            elif stream.place is Place.HELD:
                stream.clock.client_resumed()
                self._unpause(stream)

    def client_stalled(self, stream: Stream) -> None:
        """Takes the place of a stream that waits for its client to read."""
        with self._changed:
            if stream.paused and not stream.input_wait and stream.place is Place.HELD and not stream.background:
                self._places.stall(stream)
                self._admit()

    def cancel(self, stream: Stream) -> None:
        """Ends a stream at its next run, and frees its place. Returns at once."""
        with self._changed:
            self._cancel(stream)
            self._admit()

    def withdraw(self, stream: Stream) -> BusyError | None:
        """Ends a stream that has waited too long, unless it has got its place: then returns None."""
        with self._changed:
            if stream.place is not Place.WAITING:
                return None
            refusal = self._places.timed_out(stream)
            self._cancel(stream)
            self._admit()
            return refusal

    def refuse_waiting(self, failure: Exception) -> None:
        """Ends every stream that has not begun with `failure`."""
        with self._changed:
            for stream in self._places.waiting():
                stream.failure = failure
                self._cancel(stream)

    def reconfigure(self, settings: SchedulerSection, limits: LimitsSection) -> None:
        """Takes other limits: of the streams and their load, not the number of workers and the size of batches."""
        with self._changed:
            self._admission.reconfigure(settings.max_utilization, settings.max_streams)
            self._places.limits = limits
            self._admit()

    def measure_cost(self, voice: str, chunks: Callable[[PlaybackClock], Chunks[Any]]) -> None:
        """Measures the cost of a voice while every worker computes it. Blocks for about a second.

        Raises the error that ended a measurement.
        """

        async def discard(clock: PlaybackClock) -> Chunks[bytes]:
            async for _ in chunks(clock):
                yield b""

        ended: SimpleQueue[Exception | None] = SimpleQueue()
        for _ in range(self.workers):
            self.start(voice, discard, lambda chunk: None, ended.put, is_probe=True, background=True)
        errors = [ended.get() for _ in range(self.workers)]
        for error in filter(None, errors):
            raise error

    def load(self, voice: str | None = None) -> LoadReport:
        """The current load; `capacity` is that for streams of `voice`."""
        with self._changed:
            if not self._closed:
                self._threads.replace_dead()
            active = list(self._places.listened())
            voices = [stream.voice for stream in active]
            return LoadReport(
                **self._places.counts(),
                without_audio=sum(not stream.clock.started for stream in active),
                capacity=self._admission.capacity(voices, voice) if voice else None,
                utilization=self._admission.utilization(voices),
                late_chunks=self._statistics.late_chunks,
                refused=dict(self._places.refused),
                batch_sizes=dict(self._ready.batch_sizes),
                worker_restarts=self._threads.restarts,
                longest_step=self._ready.longest_step(),
            )

    def statistics(self) -> StreamStatistics:
        """What the streams have done since the start."""
        with self._changed:
            return self._statistics.including(self._places.streams)

    @property
    def is_idle(self) -> bool:
        """Whether nothing can be computed: all streams have ended, wait or are paused."""
        with self._changed:
            return not self._ready and self._idle_workers == len(self._threads)

    def close(self) -> None:
        """Ends every stream at its next run, and joins the threads. Blocks."""
        with self._changed:
            self._closed = True
            for stream in self._places.streams:
                self._cancel(stream)
            self._changed.notify_all()
        self._threads.join()

    def _require_open(self) -> None:
        if self._closed:
            raise ShutdownError
        if self._threads.exhausted:
            raise _exhaustion()

    def _limit_waiting(self, stream: Stream, *, waits: bool) -> None:
        """Ends the stream that may not wait, if `stream` makes them too many; if it is that one, raises `BusyError`."""
        if not (found := self._places.refuse(stream, waits=waits)):
            return
        refused, refusal = found
        if refused is stream:
            self._places.streams.discard(stream)
            raise refusal
        refused.failure = refusal
        self._cancel(refused)

    def _admit(self) -> None:
        """Gives places that have become free to those that wait."""
        if not (self._closed or self._threads.exhausted):
            self._begin(self._places.admit())

    def _begin(self, admitted: Sequence[Stream]) -> None:
        for stream in admitted:
            if stream.paused:
                stream.clock.client_resumed()
                self._unpause(stream)
                continue
            stream.clock.input_arrived()  # the wait for a place does not make it more urgent than those that play
            self._ready.add(stream)
            self._changed.notify()
            if stream.on_admitted:
                stream.on_admitted()

    def _cancel(self, stream: Stream) -> None:
        if stream.cancelled or stream not in self._places.streams:
            return
        stream.cancelled = True
        has_not_begun = stream.place_since == 0.0
        self._places.leave(stream)
        if has_not_begun or stream.paused:
            self._unpause(stream)

    def _unpause(self, stream: Stream) -> None:
        stream.paused, stream.input_wait = False, None
        self._ready.add(stream)
        self._changed.notify()

    def _work(self) -> None:
        """The loop of one worker."""
        batch: list[Stream] = []
        while batch := self._next_batch(batch):
            self._execute(batch)
            batch = [stream for stream in batch if self._advance(stream)]

    def _execute(self, batch: Sequence[Stream]) -> None:
        """A function of its own, so that a worker that waits refers to no stream that has ended, nor to its voice."""
        if runnable := [stream for stream in batch if stream.pending_run and not stream.cancelled]:
            self._execution.execute(runnable)

    def _next_batch(self, advanced: Sequence[Stream]) -> list[Stream]:
        """Returns streams to the pool and takes the next batch; empty when the scheduler is closed and idle."""
        worker = threading.current_thread()
        with self._changed:
            self._ready.add(*advanced)
            self._ready.returned(worker)
            while not (batch := self._ready.take(worker, self._idle_workers, listeners=self._has_listeners())):
                if self._closed and not self._places.streams:
                    self._changed.notify_all()
                    return []
                self._idle_workers += 1
                try:
                    self._changed.wait()
                finally:
                    self._idle_workers -= 1
            if self._idle_workers and self._ready.has_batch(listeners=self._has_listeners()):
                self._changed.notify()
        return batch

    def _has_listeners(self) -> bool:
        return any(True for _ in self._places.listened())

    def _advance(self, stream: Stream) -> bool:
        """Advances to the next run, wait or chunk. Returns False when the stream has ended or is paused."""
        current_request.set(stream.context)
        started = time.perf_counter()
        try:
            if stream.cancelled:
                return self._end(stream, stream.failure)
            chunk = stream.advance()
            stream.computing_seconds += time.perf_counter() - started
            if chunk is None:
                return True
            if isinstance(chunk, InputWait):
                return self._wait_for_input(stream, chunk)
            stream.on_chunk(chunk)
        except StopAsyncIteration:
            return self._end(stream)
        except Exception as error:  # noqa: BLE001 - reported to the client of the stream
            return self._end(stream, error)
        except BaseException as error:  # a panic of a Rust extension is no Exception, and quotes the text
            what = f"the text analysis or the synthesis crashed: {type(error).__name__}"
            log.error(what, exc_info=error)
            return self._end(stream, SynthesisError(what))
        return self._account(stream)

    def _wait_for_input(self, stream: Stream, wait: InputWait) -> bool:
        """Pauses the stream until its client has sent input. Returns whether it may go on."""
        with self._changed:
            if stream.cancelled:
                return True
            stream.paused, stream.input_wait = True, wait
        wait.on_input(lambda: self._input_arrived(stream, wait))
        return False

    def _input_arrived(self, stream: Stream, wait: InputWait) -> None:
        with self._changed:
            if stream.input_wait is wait:
                stream.clock.input_arrived()
                self._unpause(stream)

    def _account(self, stream: Stream) -> bool:
        """After a chunk: observes its cost and applies backpressure. Returns whether the stream may go on."""
        stream.last_chunk = time.monotonic()
        with self._changed:
            audio = stream.clock.computed_seconds - stream.observed_audio_seconds
            if audio > 0:
                self._observe(stream, audio)
                stream.observed_computing_seconds = stream.computing_seconds
                stream.observed_audio_seconds = stream.clock.computed_seconds
            stream.unconsumed_chunks += 1
            is_full = stream.unconsumed_chunks > MAX_UNCONSUMED_CHUNKS
            stream.paused = is_full and not (stream.cancelled or stream.is_probe)
            return not stream.paused

    def _observe(self, stream: Stream, audio: float) -> None:
        """Background streams run while others leave room: what they cost says nothing about those."""
        if stream.is_probe or not stream.background:
            streams = self.workers if stream.is_probe else sum(1 for _ in self._places.listened())
            computing = stream.computing_seconds - stream.observed_computing_seconds
            self._admission.observe(stream.voice, streams, computing, audio)

    def _end(self, stream: Stream, error: Exception | None = None) -> bool:
        with self._changed:
            if stream not in self._places.streams:
                return False  # it was ended when too many workers had failed
        try:
            stream.task.close()
        except Exception as late_error:  # noqa: BLE001 - reported to the client of the stream
            error = error or late_error
        with self._changed:
            self._places.leave(stream)
            self._places.streams.discard(stream)
            self._statistics.add_ended(stream, error)
            self._admit()
            if self._closed and not self._places.streams:
                self._changed.notify_all()
        try:
            stream.on_end(error)
        except Exception:
            log.exception("a stream's end could not be reported")
        return False

    def _end_lost(self, worker: threading.Thread, error: BaseException | None) -> None:
        """Ends what a worker that failed had taken."""
        with self._changed:
            lost = self._ready.lost(worker, self._places.streams)
        for stream in lost:
            self._end(stream, WorkerError(f"a worker of the server has failed: {type(error).__name__}"))

    def _end_all(self) -> None:
        """Ends all streams, since no worker is left for them; those that one still has end there."""
        failure = _exhaustion()
        with self._changed:
            taken = self._ready.taken()
            for stream in list(self._places.streams):
                stream.failure = failure
                stream.cancelled = True
                if stream not in taken:
                    self._end(stream, failure)
        self.on_exhaustion()


def _exhaustion() -> WorkerError:
    return WorkerError("the workers have failed too often; start the server again")
