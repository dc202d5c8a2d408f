"""How many streams this machine can keep on time: predicted from what streams cost, as it was observed."""

from collections import Counter
from collections.abc import Iterable, Mapping

MEMORY = 20.0
"""Seconds of sound over which a factor is an average."""


class StreamCost:
    """A voice's real-time factor: seconds of computing a second of sound, by the number of streams at a worker.

    Streams that share batches are cheaper, so the factor is kept for 1, 2, 3-4, 5-8 ... streams. What has not been
    observed is taken to be as dear as with the next smaller number.
    """

    def __init__(self) -> None:
        self._factors: dict[int, float] = {}
        self._heard: dict[int, float] = {}
        """Seconds of sound behind a factor."""

    def observe(self, crowd: int, computing: float, sound: float) -> None:
        """`crowd` streams at a worker; one of them took `computing` seconds for `sound` seconds."""
        level = _level(crowd)
        heard = self._heard[level] = min(MEMORY, self._heard.get(level, 0.0) + sound)
        known = self._factors.get(level, 0.0)
        self._factors[level] = known + (computing / sound - known) * min(1.0, sound / heard)

    def factor(self, crowd: int) -> float:
        """0 when nothing is known."""
        level = _level(crowd)
        if not self._factors:
            return 0.0
        return self._factors[max((known for known in self._factors if known <= level), default=min(self._factors))]


class AdmissionControl:
    """Admission by predicted load: the sum of the streams' real-time factors, a worker."""

    def __init__(self, workers: int, headroom: float, most: int) -> None:
        self._workers = workers
        self._headroom = headroom
        self._most = most
        self._costs: dict[str, StreamCost] = {}

    def observe(self, voice: str, streams: int, computing: float, sound: float) -> None:
        self._costs.setdefault(voice, StreamCost()).observe(self._crowd(streams), computing, sound)

    def load(self, voices: Iterable[str]) -> float:
        """The share of the workers' time that these streams would take, one voice a stream."""
        streams: Mapping[str, int] = Counter(voices)
        crowd = self._crowd(sum(streams.values()))
        factors = {voice: self._costs[voice].factor(crowd) for voice in streams if voice in self._costs}
        return sum(count * factors.get(voice, 0.0) for voice, count in streams.items()) / self._workers

    def admits(self, running: Iterable[str], voice: str) -> bool:
        """Whether one more stream fits; the first one always does, however slow the machine."""
        running = list(running)
        if self._most and len(running) >= self._most:
            return False
        return not running or self.load([*running, voice]) <= self._headroom

    def streams(self, running: Iterable[str], voice: str) -> int | None:
        """How many streams fit, those that run included, if all others speak with `voice`; None when not known yet."""
        running = list(running)
        if voice not in self._costs:
            return self._most or None
        fitting = list(running)
        while len(fitting) < 4096 and self.admits(fitting, voice):
            fitting.append(voice)
        return len(fitting)

    def _crowd(self, streams: int) -> int:
        return -(-streams // self._workers)


def _level(crowd: int) -> int:
    return max(0, crowd - 1).bit_length()
