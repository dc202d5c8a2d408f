"""Admission control: how many streams this machine can serve on time, predicted from their observed cost."""

from collections import Counter
from collections.abc import Iterable

from server.scheduling.admission.cost import StreamCost

_MAX_STREAMS = 4096


class AdmissionControl:
    """Admits a stream while the predicted utilization of the workers stays below a limit.

    The rest of the workers' time is a reserve for wrong predictions. Half of it is open to those who may use the
    reserve.
    """

    def __init__(self, workers: int, max_utilization: float, max_streams: int) -> None:
        self._workers = workers
        self._max_utilization = max_utilization
        self._max_streams = max_streams
        self._costs: dict[str, StreamCost] = {}

    def observe(self, voice: str, streams: int, computing: float, audio: float) -> None:
        """Adds an observation of `voice` while `streams` were active in all."""
        self._costs.setdefault(voice, StreamCost()).observe(self._per_worker(streams), computing, audio)

    def utilization(self, voices: Iterable[str]) -> float:
        """The predicted share of the workers' time for these streams, given by their voices."""
        return self._utilization(Counter(voices))

    def reconfigure(self, max_utilization: float, max_streams: int) -> None:
        """Takes other limits, for the streams that come from now on."""
        self._max_utilization, self._max_streams = max_utilization, max_streams

    def admits(self, active: Iterable[str], voice: str, *, uses_reserve: bool = False) -> bool:
        """Whether one more stream fits. The first one always does, however slow the machine."""
        limit = self._max_utilization
        if uses_reserve:
            limit = max(limit, (limit + 1) / 2)
        return self._fits(Counter(active), voice, limit)

    def is_full(self, streams: int) -> bool:
        """Whether the configured number of streams is reached."""
        return bool(self._max_streams) and streams >= self._max_streams

    def capacity(self, active: Iterable[str], voice: str) -> int | None:
        """How many streams fit in all, if those beside the active ones use `voice`; None before it was observed."""
        if voice not in self._costs:
            return self._max_streams or None
        streams = Counter(active)
        while streams.total() < _MAX_STREAMS and self._fits(streams, voice, self._max_utilization):
            streams[voice] += 1
        return streams.total()

    def _fits(self, streams: Counter[str], voice: str, max_utilization: float) -> bool:
        active = streams.total()
        if self.is_full(active):
            return False
        return not active or self._utilization(streams + Counter([voice])) <= max_utilization

    def _utilization(self, streams: Counter[str]) -> float:
        """A voice without a cost, which was never observed, counts as free."""
        per_worker = self._per_worker(streams.total())
        costs = ((count, self._costs[voice]) for voice, count in streams.items() if voice in self._costs)
        return sum(count * cost.real_time_factor(per_worker) for count, cost in costs) / self._workers

    def _per_worker(self, streams: int) -> int:
        return -(-streams // self._workers)
