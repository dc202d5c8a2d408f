"""Computes the speech of many streams at once: in batches, the listener who runs dry soonest first.

Workers, one a core, take turns at one pool of streams. A worker takes the most urgent stream's run, adds runs of the
same form that other streams wait for, computes them as one batch, and carries each of those streams on to its next run.
So streams join and leave a batch at every decoder step, and one that nobody listens to is dropped at the next one.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TypeVar

from server.config import SchedulerSection
from server.errors import BusyError, DeviceError, LostStateError, ShutdownError
from server.runtime.cpu import available_cpus
from server.scheduling.admission import AdmissionControl
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Answer, Graph, Run, Speech, each, tell, together

T = TypeVar("T")

log = logging.getLogger(__name__)

AHEAD = 2
"""Chunks that wait for a slow listener; one more is computed, then the computing waits."""
LONGEST_RUN = 0.05
"""Seconds that a batch may be expected to take: a stream that becomes urgent waits that long."""
NARROW = 60.0
"""Seconds after which a batch that did not fit is tried again: its device may have room, or be another one."""
LONGEST_WAIT = 60
"""Seconds, of what a refused client is told."""


@dataclass(eq=False, slots=True)
class Job:
    """One stream, as the scheduler sees it."""

    voice: str
    speech: Speech[bytes]
    pace: PlaybackClock
    expected: float
    """Seconds of sound, a guess."""
    emit: Callable[[bytes], None]
    end: Callable[[Exception | None], None]
    """Called in a worker, once, after the last chunk: with the error that ended the speech."""
    rehearsal: bool = False
    number: int = field(default_factory=itertools.count().__next__)
    """Of streams in the order of their coming."""
    request: Run | None = None
    """What it waits for; None before its start, and after a chunk."""
    form: Hashable = None
    """Of the request, once somebody has asked."""
    answer: Answer | None = None
    """What the speech is given next; None before its start."""
    waiting: int = 0
    """Chunks that the listener has not taken."""
    parked: bool = False
    """Whether it pauses until the listener takes one."""
    stopped: bool = False
    spent: float = 0.0
    """Seconds of computing since the last sound."""
    accounted: float = 0.0
    """Seconds of computed sound whose cost is known."""

    @property
    def deadline(self) -> float:
        return 0.0 if self.stopped else self.pace.dry

    def shares(self, leader: "Job") -> bool:
        """Whether its request can be computed together with the leader's."""
        if self.request is None or leader.request is None or self.stopped:
            return False
        return self.request.graph is leader.request.graph and self._form() == leader._form()

    def _form(self) -> Hashable:
        if self.form is None and self.request is not None:
            self.form = self.request.form
        return self.form


@dataclass(frozen=True, slots=True)
class Load:
    """What the scheduler has to do."""

    streams: int
    silent: int
    """Streams that have given no sound yet."""
    capacity: int | None
    """Streams that fit, None as long as no voice has been measured."""
    share: float
    """Of the workers' time, as predicted for these streams."""
    late: int
    """Chunks since the start that came after their listener had run dry."""


@dataclass
class Scheduler:
    """Starts its threads with the first stream; `close` ends them."""

    settings: SchedulerSection = field(default_factory=SchedulerSection)

    def __post_init__(self) -> None:
        self.workers = self.settings.workers or available_cpus()
        self._capacity = AdmissionControl(self.workers, self.settings.max_utilization, self.settings.max_streams)
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._jobs: set[Job] = set()
        self._ready: list[Job] = []
        self._idle = 0
        self._closed = False
        self._late = 0
        self._speeds: dict[Graph, float] = {}
        """Seconds for each row and frame of a graph's runs."""
        self._widths: dict[Graph, tuple[int, float]] = {}
        """Streams that a run of the graph may be for, where more did not fit, and until when that is believed."""

    def start(
        self,
        voice: str,
        speech: Speech[bytes],
        emit: Callable[[bytes], None],
        end: Callable[[Exception | None], None],
        *,
        pace: PlaybackClock | None = None,
        expected: float = 0.0,
        rehearsal: bool = False,
    ) -> Job:
        """Begins to compute `speech`; a rehearsal is always admitted and never waits for its listener.

        Raises `BusyError` when it does not fit, `ShutdownError` when it is too late.
        """
        job = Job(voice, speech, pace or PlaybackClock(), expected, emit, end, rehearsal)
        with self._changed:
            if self._closed:
                raise ShutdownError("the server is stopping; ask again when it is back")
            if not rehearsal and not self._capacity.admits((one.voice for one in self._jobs), voice):
                raise BusyError(
                    f"the server speaks to {len(self._jobs)} listeners, as many as it can without making them wait; "
                    "ask again later",
                    retry_after=self._retry_after(),
                )
            while len(self._threads) < self.workers:
                thread = threading.Thread(target=self._work, name=f"speech-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._jobs.add(job)
            self._ready.append(job)
            self._changed.notify()
        return job

    def taken(self, job: Job) -> None:
        """The listener has taken a chunk; a stream that waited for that goes on."""
        with self._changed:
            job.waiting -= 1
            if job.parked and job.waiting <= AHEAD:
                job.pace.resume()
                self._unpark(job)

    def stop(self, job: Job) -> None:
        """Nobody listens to this any more: it ends at its next run. Returns at once."""
        with self._changed:
            job.stopped = True
            if job.parked:
                self._unpark(job)

    def rehearse(self, voice: str, speech: Callable[[PlaybackClock], Speech[T]]) -> None:
        """Measures what a voice costs when every worker is busy with it. Blocks for about a second."""
        left = threading.Semaphore(0)
        for _ in range(self.workers):
            pace = PlaybackClock()
            unheard = each(speech(pace), lambda sound: b"")
            self.start(voice, unheard, lambda chunk: None, lambda error: left.release(), pace=pace, rehearsal=True)
        for _ in range(self.workers):
            left.acquire()

    def load(self, voice: str | None = None) -> Load:
        """What there is to do; `capacity` for streams of `voice`."""
        with self._changed:
            jobs = list(self._jobs)
            late = self._late
        voices = [job.voice for job in jobs]
        return Load(
            streams=len(jobs),
            silent=sum(not job.pace.begun for job in jobs),
            capacity=self._capacity.streams(voices, voice) if voice else None,
            share=self._capacity.load(voices),
            late=late,
        )

    @property
    def resting(self) -> bool:
        """Whether no stream can be carried on: all are done, or wait for their listeners."""
        with self._changed:
            return not self._ready and self._idle == len(self._threads)

    def close(self) -> None:
        """Ends every stream at its next run, and joins the threads. Blocks."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.stopped = True
                if job.parked:
                    self._unpark(job)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _unpark(self, job: Job) -> None:
        job.parked = False
        self._ready.append(job)
        self._changed.notify()

    def _work(self) -> None:
        batch: list[Job] = []
        while batch := self._exchange(batch):
            if requests := [job for job in batch if job.request and not job.stopped]:
                self._compute(requests)
            batch = [job for job in batch if self._carry_on(job)]

    def _exchange(self, done: Sequence[Job]) -> list[Job]:
        """Puts back the streams that a worker has carried on and takes its next batch; an empty one is the end."""
        with self._changed:
            self._ready += done
            while not self._ready:
                if self._closed and not self._jobs:
                    self._changed.notify_all()
                    return []
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            batch = self._next_batch()
            if self._ready and self._idle:
                self._changed.notify()
        return batch

    def _next_batch(self) -> list[Job]:
        """The most urgent stream, and those that can share its run; idle workers get their part of them.

        One that has not said yet what it needs says it first, which costs little, so that it can share too.
        """
        leader = min(self._ready, key=lambda job: (job.request is not None, job.deadline))
        mates = [job for job in self._ready if job.shares(leader)]
        batch = [leader]
        if leader.request is not None and len(mates) > 1:
            part = ceil(len(mates) / (self._idle + 1))
            seconds = self._speeds.get(leader.request.graph, 0.0) * leader.request.size
            affordable = int(LONGEST_RUN / seconds) if seconds else 1
            most = min(part, affordable, self._widest(leader.request.graph))
            mates.sort(key=lambda job: job.deadline)
            batch = sorted(mates[: max(1, most)], key=lambda job: job.number)  # the same streams in the same order
        self._ready = [job for job in self._ready if job not in batch]
        return batch

    def _widest(self, graph: Graph) -> int:
        width, until = self._widths.get(graph, (0, 0.0))
        return width if time.monotonic() < until else self.settings.max_batch

    def _compute(self, batch: Sequence[Job]) -> None:
        """Gives each its answer. A batch that fails is computed one by one, to find whose fault it is."""
        runs = [job.request for job in batch if job.request]
        began = time.perf_counter()
        try:
            for job, outputs in zip(batch, together(runs), strict=True):
                job.answer = outputs
        except Exception as error:
            if len(batch) > 1:
                log.warning("a batch of %d failed and is computed one by one: %s", len(batch), error)
                if isinstance(error, DeviceError) and not isinstance(error, LostStateError):
                    self._widths[runs[0].graph] = len(batch) // 2, time.monotonic() + NARROW
                for job in batch:
                    self._compute([job])
                return
            batch[0].answer = error
        seconds = (time.perf_counter() - began) / len(batch)
        for job in batch:
            job.spent += seconds
        graph, speed = runs[0].graph, seconds / runs[0].size
        self._speeds[graph] = speed + 0.8 * (self._speeds.get(graph, speed) - speed)

    def _carry_on(self, job: Job) -> bool:
        """Up to its next chunk or run, so that streams take turns at both. False: it has ended, or is parked."""
        began = time.perf_counter()
        try:
            if job.stopped:
                return self._finish(job)
            item = next(job.speech) if job.answer is None else tell(job.speech, job.answer)
        except StopIteration:
            return self._finish(job)
        except Exception as error:
            return self._finish(job, error)
        job.form = None
        if isinstance(item, Run):
            job.request = item
            job.spent += time.perf_counter() - began
            return True
        job.request, job.answer = None, {}
        return self._deliver(job, item, time.perf_counter() - began)

    def _deliver(self, job: Job, chunk: bytes, seconds: float) -> bool:
        """Whether the stream may go on at once."""
        job.emit(chunk)
        with self._changed:
            sound = job.pace.computed - job.accounted
            if sound > 0:
                self._capacity.observe(job.voice, len(self._jobs), job.spent + seconds, sound)
                job.spent, job.accounted = 0.0, job.pace.computed
            job.waiting += 1
            job.parked = job.waiting > AHEAD and not (job.stopped or job.rehearsal)
            return not job.parked

    def _finish(self, job: Job, error: Exception | None = None) -> bool:
        try:
            job.speech.close()
        except Exception as late:
            error = error or late
        with self._changed:
            self._jobs.discard(job)
            self._late += 0 if job.rehearsal else job.pace.late
            if self._closed and not self._jobs:
                self._changed.notify_all()
        job.end(error)
        return False

    def _retry_after(self) -> int:
        """Seconds until the first stream has probably ended. All of them together advance as the load allows."""
        share = self._capacity.load(job.voice for job in self._jobs)
        left = min((job.expected - job.pace.seconds for job in self._jobs), default=0.0)
        return min(LONGEST_WAIT, max(1, ceil(left * share)))
