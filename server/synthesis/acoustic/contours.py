"""Contours of pitch and energy, one value for each unit, normalized as in training: changes of their real values."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from server.types import Floats
from server.voices.manifest import MeanDeviation, Range

MIN_F0 = 30.0
"""Hz; what is below it is the value of an unvoiced frame (KAN-TTS denorm_f0), or an error of the model."""


def to_hertz(f0: Floats, normalization: MeanDeviation | Range) -> NDArray[np.float64]:
    """Normalized F0 in Hz, at least `MIN_F0`."""
    normalized = f0.astype(np.float64)
    match normalization:
        case MeanDeviation(mean=mean, deviation=deviation):
            hertz = normalized * deviation + mean
        case Range(minimum=low, maximum=high):
            hertz = normalized * (high - low) + low
    return np.maximum(hertz, MIN_F0)


def from_hertz(hertz: NDArray[np.float64], normalization: MeanDeviation | Range) -> Floats:
    """The inverse of `to_hertz`."""
    match normalization:
        case MeanDeviation(mean=mean, deviation=deviation):
            normalized = (hertz - mean) / deviation
        case Range(minimum=low, maximum=high):
            normalized = (hertz - low) / (high - low)
    return normalized.astype(np.float32)


def scale_contour(contour: Floats, factors: Sequence[float], normalization: MeanDeviation | Range) -> Floats:
    """Multiplies the real values of a normalized contour (1, units) by `factors`: one for each unit, or one for all."""
    factor = np.array(factors, np.float64)
    if (factor == 1).all():
        return contour
    match normalization:
        case MeanDeviation(mean=mean, deviation=deviation):
            offset = (factor - 1) * mean / deviation
        case Range(minimum=minimum, maximum=maximum):
            offset = (factor - 1) * minimum / (maximum - minimum)
    scaled: Floats = contour * factor.astype(np.float32) + offset.astype(np.float32)
    return scaled


def mean_f0(contour: Floats, chosen: NDArray[np.bool_], normalization: MeanDeviation | Range) -> float:
    """Hz: the mean of the logarithms of a contour (1, units) over the chosen units, or over all if none is."""
    hertz = to_hertz(contour[0], normalization)
    return float(np.exp(np.mean(np.log(hertz[chosen] if chosen.any() else hertz))))


def scale_range(
    contour: Floats,
    factors: Sequence[float],
    centers: NDArray[np.float64],
    voiced: NDArray[np.bool_],
    normalization: MeanDeviation | Range,
) -> Floats:
    """Scales a pitch contour (1, units) around `centers` (Hz), in semitones.

    `factors` and `centers` have one value for each unit, or one for all. Unvoiced units keep their values: those are no
    pitch, and the same for every speaker.
    """
    factor = np.array(factors, np.float64)
    if (factor == 1).all():
        return contour
    scaled = from_hertz(centers * (to_hertz(contour, normalization) / centers) ** factor, normalization)
    changed: Floats = np.where(voiced & (factor != 1), scaled, contour)
    return changed
