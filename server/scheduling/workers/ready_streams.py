"""The streams that a worker can take, and which of them the next one takes."""

import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence

from server.scheduling.batch_policy import BatchPolicy
from server.scheduling.stream import Stream

BACKGROUND_SLACK = 0.3
"""Seconds of audio that every stream with a listener must have buffered before a background stream is computed beside
it: then a background run, which may take as long as a batch, makes no chunk late."""


class ReadyStreams:
    """The ready streams, and those that workers have taken. Not safe for use by two threads at a time.

    Background streams are taken only when no stream with a listener is ready. They share no batch with those, and leave
    one worker to them while there are any.
    """

    def __init__(self, policy: BatchPolicy, workers: int) -> None:
        self.batch_sizes: Counter[int] = Counter()
        """By number of streams: batches that were taken."""
        self._policy = policy
        self._workers = workers
        self._ready: list[Stream] = []
        self._taken: dict[threading.Thread, tuple[Sequence[Stream], float]] = {}
        """By worker: its streams, and when it took them."""

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, *streams: Stream) -> None:
        """Makes streams ready."""
        self._ready += streams

    def take(self, worker: threading.Thread, idle_workers: int, *, listeners: bool) -> list[Stream]:
        """The next batch of a worker; empty when there is none that it may take. `listeners`: whether there are any."""
        candidates = self._candidates(listeners=listeners)
        if not candidates:
            return []
        batch = self._policy.select(candidates, idle_workers)
        self.batch_sizes[len(batch)] += 1
        self._taken[worker] = batch, time.monotonic()
        self._ready = [stream for stream in self._ready if stream not in batch]
        return batch

    def has_batch(self, *, listeners: bool) -> bool:
        """Whether there is a batch for one more worker."""
        return bool(self._candidates(listeners=listeners))

    def returned(self, worker: threading.Thread) -> None:
        """A worker has advanced what it had taken."""
        self._taken.pop(worker, None)

    def lost(self, worker: threading.Thread, streams: Collection[Stream]) -> list[Stream]:
        """What a worker that failed had taken, of `streams`, and what waits for nobody else."""
        taken, _ = self._taken.pop(worker, ((), 0.0))
        elsewhere = {*self._ready, *self.taken()}
        return [stream for stream in taken if stream in streams and not stream.paused and stream not in elsewhere]

    def taken(self) -> set[Stream]:
        """What the workers have taken."""
        return {stream for batch, _ in self._taken.values() for stream in batch}

    def longest_step(self) -> float:
        """Seconds since the oldest batch was taken that a worker still has; 0 without one."""
        return max((time.monotonic() - since for _, since in self._taken.values()), default=0.0)

    def _candidates(self, *, listeners: bool) -> Sequence[Stream]:
        live = [stream for stream in self._ready if stream.cancelled or not stream.background]
        if live or not self._ready or not self._background_may_run(listeners=listeners):
            return live
        return self._ready

    def _background_may_run(self, *, listeners: bool) -> bool:
        soon = time.monotonic() + BACKGROUND_SLACK
        if any(stream.deadline < soon for stream in self.taken() if not stream.background):
            return False
        if self._workers == 1 or not listeners:
            return True
        return sum(any(stream.background for stream in batch) for batch, _ in self._taken.values()) < self._workers - 1
