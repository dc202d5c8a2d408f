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
from dataclasses import dataclass
from math import ceil
from queue import SimpleQueue
from typing import Any, TypeVar

from server.client import LOCAL_CLIENT, Client
from server.config import SchedulerSection
from server.errors import BusyError, DeviceError, LostStateError, ShutdownError, SynthesisError
from server.logs.context import current_request
from server.runtime.cpu import available_cpus
from server.scheduling.admission import AdmissionControl
from server.scheduling.batch_policy import BatchPolicy
from server.scheduling.batching import run_batch
from server.scheduling.input_queue import InputWait
from server.scheduling.playback import PlaybackClock
from server.scheduling.statistics import StreamStatistics
from server.scheduling.stream import Stream
from server.scheduling.task import Chunks, Task

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_UNCONSUMED_CHUNKS = 2
"""Backpressure: a stream pauses when its client has more chunks than this to consume."""
MAX_RETRY_AFTER = 60
"""Seconds."""
BACKGROUND_SLACK = 0.3
"""Seconds of audio that every stream with a listener must have buffered before a background stream is computed beside
it: then a background run, which may take as long as a batch, makes no chunk late."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What the scheduler is doing."""

    streams: int
    without_audio: int
    """Streams that have produced no audio yet."""
    capacity: int | None
    """Streams that fit; None before the voice was measured."""
    utilization: float
    """Predicted share of the workers' time for these streams."""
    late_chunks: int
    """Chunks that came after an underrun, of the streams that have ended since the start."""
    longest_step: float = 0.0
    """Seconds for which a worker has been busy with its present batch, or text; the longest of all workers."""


class Scheduler:
    """Executes the tasks of all streams. Its threads start with the first stream; `close` ends them."""

    def __init__(self, settings: SchedulerSection | None = None) -> None:
        settings = settings or SchedulerSection()
        self.workers = settings.workers or available_cpus()
        self._changed = threading.Condition()
        """Guards every attribute here, and the fields of streams that `Stream` names."""
        self._admission = AdmissionControl(self.workers, settings.max_utilization, settings.max_streams)
        self._policy = BatchPolicy(settings.max_batch)
        self._threads: list[threading.Thread] = []
        self._streams: set[Stream] = set()
        self._ready: list[Stream] = []
        self._running: dict[threading.Thread, Sequence[Stream]] = {}
        """By worker: the streams of its batch."""
        self._idle_workers = 0
        self._busy_since: dict[int, float] = {}
        """Thread -> when it took its present batch."""
        self._closed = False
        self._late_chunks = 0
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
    ) -> Stream:
        """Admits a stream and starts to compute it. `chunks` gets the stream's playback clock.

        A stream that is not `batched` shares no graph run, so that its result does not depend on other streams. A
        `background` stream has no listener: it is always admitted, and computed while no other needs the workers.

        Raises `BusyError` when the stream does not fit, `ShutdownError` when the scheduler is closed.
        """
        clock = PlaybackClock()
        stream = Stream(
            voice, Task(chunks(clock)), clock, expected_seconds, on_chunk, on_end, client, is_probe, batched, background
        )
        with self._changed:
            if self._closed:
                raise ShutdownError("the server is stopping; send the request again when it is back")
            # A client that has cancelled may start again at once, although its stream ends only after its run.
            active = [each.voice for each in self._streams if not (each.cancelled or each.background)]
            if not (is_probe or background) and not self._admission.admits(active, voice):
                raise BusyError(
                    f"the server is at its capacity with {len(active)} streams; send the request again later",
                    retry_after=self._retry_after(),
                )
            self._start_threads()
            self._streams.add(stream)
            self._ready.append(stream)
            self._changed.notify()
        return stream

    def chunk_consumed(self, stream: Stream) -> None:
        """The client has taken a chunk; a stream that was paused for that continues."""
        with self._changed:
            stream.unconsumed_chunks -= 1
            if stream.paused and not stream.input_wait and stream.unconsumed_chunks <= MAX_UNCONSUMED_CHUNKS:
                stream.clock.client_resumed()
                self._unpause(stream)

    def cancel(self, stream: Stream) -> None:
        """Ends a stream at its next run. Returns at once."""
        with self._changed:
            stream.cancelled = True
            if stream.paused:
                self._unpause(stream)

    def measure_cost(self, voice: str, chunks: Callable[[PlaybackClock], Chunks[Any]]) -> None:
        """Measures the cost of a voice while every worker computes it. Blocks for about a second.

        Raises the error that ended a measurement.
        """

        async def discard(clock: PlaybackClock) -> Chunks[bytes]:
            async for _ in chunks(clock):
                yield b""

        ended: SimpleQueue[Exception | None] = SimpleQueue()
        for _ in range(self.workers):
            self.start(voice, discard, lambda chunk: None, ended.put, is_probe=True)
        errors = [ended.get() for _ in range(self.workers)]
        for error in filter(None, errors):
            raise error

    def load(self, voice: str | None = None) -> LoadReport:
        """The current load; `capacity` is that for streams of `voice`."""
        with self._changed:
            now = time.monotonic()
            voices = [stream.voice for stream in self._streams if not stream.background]
            return LoadReport(
                streams=len(voices),
                without_audio=sum(not (each.clock.started or each.background) for each in self._streams),
                capacity=self._admission.capacity(voices, voice) if voice else None,
                utilization=self._admission.utilization(voices),
                late_chunks=self._late_chunks,
                longest_step=now - min(self._busy_since.values(), default=now),
            )

    def statistics(self) -> StreamStatistics:
        """What the streams have done since the start."""
        with self._changed:
            return self._statistics.including(self._streams)

    @property
    def is_idle(self) -> bool:
        """Whether nothing can be computed: all streams have ended, or are paused."""
        with self._changed:
            return not self._ready and self._idle_workers == len(self._threads)

    def close(self) -> None:
        """Ends every stream at its next run, and joins the threads. Blocks."""
        with self._changed:
            self._closed = True
            for stream in self._streams:
                stream.cancelled = True
                if stream.paused:
                    self._unpause(stream)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _start_threads(self) -> None:
        while len(self._threads) < self.workers:
            thread = threading.Thread(target=self._work, name=f"speech-{len(self._threads)}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _unpause(self, stream: Stream) -> None:
        stream.paused, stream.input_wait = False, None
        self._ready.append(stream)
        self._changed.notify()

    def _work(self) -> None:
        """The loop of one worker."""
        batch: list[Stream] = []
        while batch := self._next_batch(batch):
            if runnable := [stream for stream in batch if stream.pending_run and not stream.cancelled]:
                self._execute(runnable)
            batch = [stream for stream in batch if self._advance(stream)]

    def _next_batch(self, advanced: Sequence[Stream]) -> list[Stream]:
        """Returns streams to the pool and takes the next batch; empty when the scheduler is closed and idle."""
        with self._changed:
            self._busy_since.pop(threading.get_ident(), None)
            self._ready += advanced
            self._running.pop(threading.current_thread(), None)
            while not (candidates := self._candidates()):
                if self._closed and not self._streams:
                    self._changed.notify_all()
                    return []
                self._idle_workers += 1
                self._changed.wait()
                self._idle_workers -= 1
            batch = self._policy.select(candidates, self._idle_workers)
            self._ready = [stream for stream in self._ready if stream not in batch]
            self._running[threading.current_thread()] = batch
            if self._idle_workers and self._candidates():
                self._changed.notify()
            self._busy_since[threading.get_ident()] = time.monotonic()
        return batch

    def _candidates(self) -> Sequence[Stream]:
        """The ready streams of which the next batch is taken: those with listeners, else background streams."""
        live = [stream for stream in self._ready if stream.cancelled or not stream.background]
        return live or (self._ready if self._ready and self._background_may_run() else ())

    def _background_may_run(self) -> bool:
        """Whether all streams with a listener have enough audio buffered, and one worker stays theirs."""
        running = [stream for batch in self._running.values() for stream in batch]
        soon = time.monotonic() + BACKGROUND_SLACK
        if any(stream.deadline < soon for stream in running if not stream.background):
            return False
        if self.workers == 1 or all(stream.background for stream in self._streams):
            return True
        return sum(any(each.background for each in batch) for batch in self._running.values()) < self.workers - 1

    def _execute(self, batch: Sequence[Stream]) -> None:
        """Gives each stream the result of its run. A failed batch is repeated row by row, to find the cause."""
        current_request.set(batch[0].context if len(batch) == 1 else None)
        runs = [stream.pending_run for stream in batch if stream.pending_run]
        started = time.perf_counter()
        try:
            for stream, outputs in zip(batch, run_batch(runs), strict=True):
                stream.result = outputs
        except Exception as error:  # noqa: BLE001 - raised inside the stream that it belongs to
            if len(batch) > 1:
                log.warning("a batch of %d failed and is repeated row by row: %s", len(batch), error)
                if isinstance(error, DeviceError) and not isinstance(error, LostStateError):
                    with self._changed:
                        self._policy.record_failure(runs[0].graph, len(batch))
                for stream in batch:
                    self._execute([stream])
                return
            batch[0].result = error
            return
        seconds = (time.perf_counter() - started) / len(batch)
        for stream in batch:
            stream.computing_seconds += seconds
        with self._changed:
            self._policy.record_duration(runs[0].graph, seconds / runs[0].size)

    def _advance(self, stream: Stream) -> bool:
        """Advances to the next run, wait or chunk. Returns False when the stream has ended or is paused."""
        current_request.set(stream.context)
        started = time.perf_counter()
        try:
            if stream.cancelled:
                return self._end(stream)
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
            if audio > 0 and not stream.background:
                computing = stream.computing_seconds - stream.observed_computing_seconds
                self._admission.observe(stream.voice, len(self._streams), computing, audio)
                stream.observed_computing_seconds = stream.computing_seconds
                stream.observed_audio_seconds = stream.clock.computed_seconds
            stream.unconsumed_chunks += 1
            is_full = stream.unconsumed_chunks > MAX_UNCONSUMED_CHUNKS
            stream.paused = is_full and not (stream.cancelled or stream.is_probe)
            return not stream.paused

    def _end(self, stream: Stream, error: Exception | None = None) -> bool:
        try:
            stream.task.close()
        except Exception as late_error:  # noqa: BLE001 - reported to the client of the stream
            error = error or late_error
        with self._changed:
            self._streams.discard(stream)
            self._statistics.add_ended(stream, error)
            self._late_chunks += 0 if stream.is_probe or stream.background else stream.clock.late_chunks
            if self._closed and not self._streams:
                self._changed.notify_all()
        try:
            stream.on_end(error)
        except Exception:
            log.exception("a stream's end could not be reported")
        return False

    def _retry_after(self) -> int:
        """A guess in seconds: the least remaining audio of a stream, times the utilization (computing per audio)."""
        utilization = self._admission.utilization(stream.voice for stream in self._streams if not stream.background)
        left = min(
            (each.expected_seconds - each.clock.audio_seconds for each in self._streams if not each.background),
            default=0.0,
        )
        return min(MAX_RETRY_AFTER, max(1, ceil(left * utilization)))
