"""How many samples of a file have which height, before its channels are mixed and its rate is changed.

Both hide where samples were clipped. Without NumPy, as all of this process.
"""

from collections import Counter

import av
from av.audio.frame import AudioFrame

RANGES = 100
"""Of equal width, from 0 to the peak."""
SAMPLES_A_SECOND = 16000
"""That are looked at: every few of them, whatever the rate and the channels."""
MAX_HEIGHT = 8.0
"""Of samples that are counted. Files with others, or with samples that are no numbers, are refused."""
_STEPS = 8000
"""Up to full scale."""


class SampleHeights:
    """Counts the samples of one file."""

    def __init__(self) -> None:
        self._converter: av.AudioResampler | None = None
        self._counts: Counter[int] = Counter()

    def add(self, frame: AudioFrame) -> None:
        """Takes a decoded frame; all of a file have one rate and the same channels."""
        if self._converter is None:
            self._converter = av.AudioResampler(format="flt", layout=frame.layout, rate=frame.sample_rate)
        values = frame.sample_rate * frame.layout.nb_channels
        every = max(1, values // SAMPLES_A_SECOND) | 1  # odd: of both channels
        for each in self._converter.resample(frame):
            samples = memoryview(each.planes[0]).cast("B").cast("f")[: each.samples * frame.layout.nb_channels : every]
            self._counts.update(int(sample * _STEPS) for sample in samples if -MAX_HEIGHT < sample < MAX_HEIGHT)

    def histogram(self) -> tuple[int, ...]:
        """(`RANGES`,): samples by their distance from the mean, up to the largest one."""
        ranges = [0] * RANGES
        mean = sum(height * count for height, count in self._counts.items()) / max(1, self._counts.total())
        peak = max((abs(height - mean) for height in self._counts), default=0)
        for height, count in self._counts.items():
            ranges[min(RANGES - 1, int(RANGES * abs(height - mean) / max(peak, 1)))] += count
        return tuple(ranges)
