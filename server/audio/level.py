"""The level: applies the volume so that no sample leaves full scale, and stops what is not sound."""

import numpy as np

from server.errors import SynthesisError
from server.signals import Floats

LOWEST_KNEE = 0.75
"""Samples below this are never bent, however high the volume."""


def apply_volume(samples: Floats, volume: float) -> Floats:
    """`samples` (within -1 to 1, as a vocoder's tanh leaves them) times `volume` (0 to 4), never beyond -1 to 1.

    Up to a volume of 1 this is the product and nothing else. Above it, what exceeds the knee bends towards full scale
    along a tanh whose slope at the knee is 1, so there is no corner to hear. The knee slides from 1 down to
    `LOWEST_KNEE` as the volume rises, so the curve changes smoothly with the volume too. Every sample is mapped by
    itself: chunks of any size give the same sound. Raises `SynthesisError` for NaN and infinity.
    """
    refuse_non_finite(samples)
    louder = samples.astype(np.float64) * volume
    if volume > 1:
        knee = max(1 / volume, LOWEST_KNEE)
        size = np.abs(louder)
        bent = knee + (1 - knee) * np.tanh((size - knee) / (1 - knee))
        louder = np.where(size > knee, np.copysign(bent, louder), louder)
    return np.clip(louder, -1, 1).astype(np.float32)


def refuse_non_finite(samples: Floats) -> None:
    """Raises `SynthesisError` when a sample is NaN or infinite: a listener would get noise."""
    if not np.isfinite(samples).all():
        broken = int(np.count_nonzero(~np.isfinite(samples)))
        raise SynthesisError(
            f"the voice computed {broken} samples of {samples.size} that are not numbers; nothing of them was sent. "
            "Run `python -m server doctor`, and convert the voice again if it passes."
        )
