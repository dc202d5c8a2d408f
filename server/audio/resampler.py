"""Sampling-rate conversion of a stream, or of a whole, by libswresample."""

from collections.abc import Iterable

import av
import numpy as np

from server.audio.resampling_filter import OPTIONS, TAPS
from server.types import Audio, Floats


def resampled_length(samples: int, rate: int, new_rate: int) -> int:
    """The length of a signal after its conversion, to the nearest sample."""
    return round(samples * new_rate / rate)


def resampled(audio: Audio, rate: int) -> Audio:
    """The whole of some audio at a rate, in Hz; at its own rate, itself."""
    if audio.rate == rate:
        return audio
    resampler = Resampler(audio.rate, rate)
    return Audio(_joined([resampler.resample(audio.samples), resampler.finish()]), rate)


class Resampler:
    """Converts one mono stream from `rate` to `new_rate`, in Hz.

    The chunks may have any sizes. Output sample k is the input at the time k / new_rate: the filter's delay holds
    samples back, and does not shift them.
    """

    def __init__(self, rate: int, new_rate: int) -> None:
        self._rate, self._new_rate = rate, new_rate
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=new_rate, options=OPTIONS)
        self._read = self._written = 0
        """Samples."""

    def resample(self, samples: Floats) -> Floats:
        """Returns the samples that are complete after this chunk."""
        self._read += len(samples)
        converted = self._push(samples)
        self._written += len(converted)
        return converted

    def finish(self) -> Floats:
        """Returns the rest, so that the whole has `resampled_length` samples."""
        # Silence as long as the filter is not enough after a few samples: its first output needs some more.
        tail = np.zeros(2 * TAPS * max(1, -(-self._rate // self._new_rate)), np.float32)
        rest = resampled_length(self._read, self._rate, self._new_rate) - self._written
        return self._push(tail)[:rest]

    def _push(self, samples: Floats) -> Floats:
        if not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], format="flt", layout="mono")
        frame.sample_rate = self._rate
        return _joined(converted.to_ndarray()[0] for converted in self._resampler.resample(frame))


def _joined(pieces: Iterable[Floats]) -> Floats:
    return np.concatenate([np.zeros(0, np.float32), *pieces])
