"""Raw PCM: 16-bit little-endian samples, one channel, no header."""

from collections.abc import Sequence
from typing import BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from server.audio.encoder import BitRates
from server.audio.label import GeneratedLabel
from server.audio.limiter import require_finite
from server.types import Audio, Floats

BYTES_PER_SAMPLE = 2
FULL_SCALE = 32767
"""The same for both signs: -1 becomes -32767, so that the mapping is symmetric and 0 stays 0."""


class PcmEncoder:
    """Encodes a stream as raw PCM; the media type carries the sampling rate."""

    rates: ClassVar[Sequence[int] | None] = None

    def __init__(
        self,
        rate: int,
        total_samples: int | None = None,
        *,
        bit_rate: int | None = None,
        label: GeneratedLabel | None = None,
        file: BinaryIO | None = None,
    ) -> None:
        self.rate = rate
        self.total_samples = total_samples
        self.label = label

    @classmethod
    def bit_rates(cls, rate: int) -> BitRates | None:
        """None: the bit rate follows from the sampling rate."""
        return None

    @property
    def media_type(self) -> str:
        """audio/pcm with the sampling rate in Hz."""
        return f"audio/pcm;rate={self.rate}"

    def header(self) -> bytes:
        """Returns no bytes."""
        return b""

    def encode(self, audio: Audio) -> bytes:
        """Returns the samples as PCM. Raises `SynthesisError` for NaN and infinity."""
        return pcm_bytes(audio.samples)

    def finish(self) -> bytes:
        """Returns no bytes: PCM has no end marker."""
        return b""


def pcm_bytes(samples: Floats) -> bytes:
    """Converts samples to the bytes of `pcm_samples`."""
    return pcm_samples(samples).tobytes()


def pcm_samples(samples: Floats) -> NDArray[np.int16]:
    """Converts samples to 16-bit integers, rounded to the nearest; samples beyond full scale are clipped.

    Raises `SynthesisError` for NaN and infinity.
    """
    require_finite(samples)
    scaled = np.rint(np.clip(samples, -1, 1).astype(np.float64) * FULL_SCALE)
    return scaled.astype("<i2")
