"""What the streams of a voice cost, observed while they are computed."""

AVERAGING_WINDOW = 20.0
"""Seconds of audio over which a real-time factor is averaged."""


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


def _bucket(streams_per_worker: int) -> int:
    return max(0, streams_per_worker - 1).bit_length()
