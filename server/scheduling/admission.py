"""Admission control: how many streams this machine can serve on time, predicted from their observed cost."""

from collections import Counter
from collections.abc import Iterable

AVERAGING_WINDOW = 20.0
"""Seconds of audio over which a real-time factor is averaged."""
_MAX_STREAMS = 4096


class StreamCost:
    """A voice's real-time factor: seconds of computing per second of audio, by the number of streams per worker.

    Streams that share batches are cheaper, so there is one factor for 1, 2, 3-4, 5-8 ... streams. A number that has not
    been observed is assumed to cost as much as the next smaller one.
    """

    def __init__(self) -> None:
        self._factors: dict[int, float] = {}
        self._audio_seconds: dict[int, float] = {}
        """Seconds of audio in the average."""

    def observe(self, streams_per_worker: int, computing: float, audio: float) -> None:
        """Adds an observation: one of the streams took `computing` seconds for `audio` seconds."""
        bucket = _bucket(streams_per_worker)
        observed = self._audio_seconds[bucket] = min(AVERAGING_WINDOW, self._audio_seconds.get(bucket, 0.0) + audio)
        average = self._factors.get(bucket, 0.0)
        self._factors[bucket] = average + (computing / audio - average) * min(1.0, audio / observed)

    def real_time_factor(self, streams_per_worker: int) -> float:
        """0 before the first observation."""
        bucket = _bucket(streams_per_worker)
        if not self._factors:
            return 0.0
        return self._factors[max((known for known in self._factors if known <= bucket), default=min(self._factors))]


class AdmissionControl:
    """Admits a stream while the predicted utilization of the workers stays below a limit."""

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

    def admits(self, active: Iterable[str], voice: str) -> bool:
        """Whether one more stream fits. The first one always does, however slow the machine."""
        return self._fits(Counter(active), voice)

    def capacity(self, active: Iterable[str], voice: str) -> int | None:
        """How many streams fit in all, if those beside the active ones use `voice`; None before it was observed."""
        if voice not in self._costs:
            return self._max_streams or None
        streams = Counter(active)
        while streams.total() < _MAX_STREAMS and self._fits(streams, voice):
            streams[voice] += 1
        return streams.total()

    def _fits(self, streams: Counter[str], voice: str) -> bool:
        active = streams.total()
        if self._max_streams and active >= self._max_streams:
            return False
        return not active or self._utilization(streams + Counter([voice])) <= self._max_utilization

    def _utilization(self, streams: Counter[str]) -> float:
        """A voice without a cost, which was never observed, counts as free."""
        per_worker = self._per_worker(streams.total())
        costs = ((count, self._costs[voice]) for voice, count in streams.items() if voice in self._costs)
        return sum(count * cost.real_time_factor(per_worker) for count, cost in costs) / self._workers

    def _per_worker(self, streams: int) -> int:
        return -(-streams // self._workers)


def _bucket(streams_per_worker: int) -> int:
    return max(0, streams_per_worker - 1).bit_length()
