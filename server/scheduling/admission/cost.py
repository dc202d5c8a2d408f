"""What the streams of a voice cost, observed while they are computed."""

SHORT_WINDOW, LONG_WINDOW = 20.0, 200.0
"""Seconds of audio over which a real-time factor is averaged. With many streams they pass in a second, and in ten."""


class StreamCost:
    """A voice's real-time factor: seconds of computing per second of audio, by the number of streams per worker.

    Streams that share batches are cheaper, so there is one factor for 1, 2, 3-4, 5-8 ... streams. A number that has not
    been observed is assumed to cost as much as the next smaller one. The factor rises with the short average and falls
    with the long one: streams that began together share more batches than they will later, and whoever is admitted
    stays.
    """

    def __init__(self) -> None:
        self._averages: dict[int, tuple[_Average, _Average]] = {}

    def observe(self, streams_per_worker: int, computing: float, audio: float) -> None:
        """Adds an observation: one of the streams took `computing` seconds for `audio` seconds."""
        bucket = _bucket(streams_per_worker)
        if bucket not in self._averages:
            assumed = self.real_time_factor(streams_per_worker)
            self._averages[bucket] = _Average(SHORT_WINDOW, assumed), _Average(LONG_WINDOW, assumed)
        for average in self._averages[bucket]:
            average.add(computing, audio)

    def real_time_factor(self, streams_per_worker: int) -> float:
        """0 before the first observation."""
        if not self._averages:
            return 0.0
        bucket = _bucket(streams_per_worker)
        known = max((known for known in self._averages if known <= bucket), default=min(self._averages))
        return max(average.factor for average in self._averages[known])


class _Average:
    """A moving average of a real-time factor over a window of audio, which is filled with the assumed factor first."""

    def __init__(self, window: float, assumed: float) -> None:
        self.factor = assumed
        self._window = window
        self._seconds = window if assumed else 0.0

    def add(self, computing: float, audio: float) -> None:
        self._seconds = min(self._window, self._seconds + audio)
        self.factor += (computing / audio - self.factor) * min(1.0, audio / self._seconds)


def _bucket(streams_per_worker: int) -> int:
    return max(0, streams_per_worker - 1).bit_length()
