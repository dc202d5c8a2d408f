"""Raw 16-bit samples, little-endian, one channel."""

import numpy as np

from server.audio.limiter import refuse_non_finite
from server.types import Floats

FULL_SCALE = 32767
"""The same on both sides of zero, so that silence stays silence and -1 mirrors 1."""


def pcm_bytes(samples: Floats) -> bytes:
    """Two bytes a sample, rounded to the nearest; beyond full scale stays at full scale, it never wraps.

    Raises `SynthesisError` for NaN and infinity, which have no place among integers.
    """
    refuse_non_finite(samples)
    scaled = np.rint(np.clip(samples, -1, 1).astype(np.float64) * FULL_SCALE)
    return scaled.astype("<i2").tobytes()
