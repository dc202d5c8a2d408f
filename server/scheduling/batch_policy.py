"""Selects the next batch: the most urgent stream, and the streams that can share its graph run."""

import time
from collections.abc import Sequence
from math import ceil
from weakref import WeakKeyDictionary

from server.scheduling.graph_run import Graph
from server.scheduling.stream import Stream

MAX_BATCH_SECONDS = 0.05
"""Longest predicted duration of a batch of several streams: one that becomes urgent has to wait for it."""
BATCH_LIMIT_SECONDS = 60.0
"""How long a batch size that failed on the device is avoided: later there may be memory, or another device."""
_SMOOTHING = 0.8
"""Weight of the past in the average duration of a graph's runs."""


class BatchPolicy:
    """Earliest deadline first, with as many other streams as a batch can take. Keeps durations and limits by graph."""

    def __init__(self, max_batch: int) -> None:
        self._max_batch = max_batch
        # Weak: a graph whose voice was removed leaves memory.
        self._durations: WeakKeyDictionary[Graph, float] = WeakKeyDictionary()
        """Average seconds per row and frame."""
        self._limits: WeakKeyDictionary[Graph, tuple[int, float]] = WeakKeyDictionary()
        """Batch size, and until when it applies, where a larger one did not fit on the device."""

    def select(self, ready: Sequence[Stream], idle_workers: int) -> list[Stream]:
        """The next batch: at least one stream. Leaves idle workers their share of the streams that match.

        A stream without a pending run goes first, alone: it has to reach a run before it can share a batch. The order
        of the rows is that of arrival, so that equal batches follow one another and their states stay stacked.
        """
        first = min(ready, key=lambda stream: (stream.pending_run is not None, stream.deadline))
        if first.pending_run is None or first.cancelled:
            return [first]
        matching = sorted((each for each in ready if each.can_batch_with(first)), key=lambda stream: stream.deadline)
        if len(matching) < 2:
            return [first]
        graph = first.pending_run.graph
        share = ceil(len(matching) / (idle_workers + 1))
        seconds = self._durations.get(graph, 0.0) * first.pending_run.size
        affordable = int(MAX_BATCH_SECONDS / seconds) if seconds else 1
        size = max(1, min(share, affordable, self._limit(graph)))
        return sorted(matching[:size], key=lambda stream: stream.number)

    def record_duration(self, graph: Graph, seconds: float) -> None:
        """Adds the duration of a run, per row and frame."""
        self._durations[graph] = seconds + _SMOOTHING * (self._durations.get(graph, seconds) - seconds)

    def record_failure(self, graph: Graph, size: int) -> None:
        """The device failed for a batch of `size`, probably for want of memory: half of it is the limit for a while."""
        self._limits[graph] = size // 2, time.monotonic() + BATCH_LIMIT_SECONDS

    def _limit(self, graph: Graph) -> int:
        limit, until = self._limits.get(graph, (0, 0.0))
        return limit if time.monotonic() < until else self._max_batch
