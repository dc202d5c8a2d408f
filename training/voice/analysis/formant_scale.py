"""The scale of the formants of two speakers: how much one average spectrum is stretched against the other.

A vocal tract that is longer by a factor divides all formant frequencies by it, which shifts the spectrum along a
logarithmic axis. The shift with the highest correlation is the scale. The texts should be the same, or long.
"""

import numpy as np
import pyworld
from numpy.typing import NDArray

from training.voice.analysis.features import FRAME_RATE, SAMPLE_RATE

LOWEST_HZ, HIGHEST_HZ = 250.0, 6500.0
STEPS_PER_OCTAVE = 96
MAX_OCTAVES = 0.75
"""Between the two speakers."""
TREND_DEGREE = 2
"""Of the polynomial that is subtracted from a spectrum: the tilt is no formant."""
LOUD_DB = 25.0
"""Frames at most this far below the loudest one count."""
Floats = NDArray[np.float64]


def average_spectrum(samples: NDArray[np.float32]) -> Floats:
    """(samples,) at 16 kHz -> dB of the mean envelope of loud voiced frames, at logarithmic frequencies."""
    exact = samples.astype(np.float64)
    f0, times = pyworld.dio(exact, SAMPLE_RATE, frame_period=1000 / FRAME_RATE)
    envelopes = pyworld.cheaptrick(exact, f0, times, SAMPLE_RATE)
    decibels = 10 * np.log10(envelopes + 1e-12)
    level = 10 * np.log10(envelopes.mean(1) + 1e-12)
    chosen = (f0 > 0) & (level > level.max() - LOUD_DB)
    hertz = np.linspace(0, SAMPLE_RATE / 2, envelopes.shape[1])
    return np.interp(_frequencies(), hertz, decibels[chosen].mean(0)) if chosen.any() else np.zeros(len(_frequencies()))


def formant_scale(spectrum: Floats, reference: Floats) -> float:
    """Returns the factor of the formant frequencies of `spectrum` against `reference`."""
    shifts = np.arange(-round(MAX_OCTAVES * STEPS_PER_OCTAVE), round(MAX_OCTAVES * STEPS_PER_OCTAVE) + 1)
    correlations = np.array([_correlation(spectrum, reference, shift) for shift in shifts])
    best = int(correlations.argmax())
    offset = 0.0
    if 0 < best < len(shifts) - 1:
        before, at, after = correlations[best - 1 : best + 2]
        offset = float(0.5 * (before - after) / min(before - 2 * at + after, -1e-12))
    return float(2 ** ((shifts[best] + offset) / STEPS_PER_OCTAVE))


def _correlation(spectrum: Floats, reference: Floats, shift: int) -> float:
    """With `spectrum` shifted down by `shift` steps, over the frequencies that both have."""
    count = len(reference) - abs(shift)
    first = spectrum[max(0, shift) : max(0, shift) + count]
    second = reference[max(0, -shift) : max(0, -shift) + count]
    first, second = _without_trend(first), _without_trend(second)
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / lengths) if lengths else 0.0


def _without_trend(spectrum: Floats) -> Floats:
    places = np.linspace(-1, 1, len(spectrum))
    rest: Floats = spectrum - np.polynomial.polynomial.polyval(
        places, np.polynomial.polynomial.polyfit(places, spectrum, TREND_DEGREE)
    )
    return rest


def _frequencies() -> Floats:
    octaves = np.log2(HIGHEST_HZ / LOWEST_HZ)
    frequencies: Floats = LOWEST_HZ * 2 ** np.linspace(0, octaves, round(octaves * STEPS_PER_OCTAVE))
    return frequencies
