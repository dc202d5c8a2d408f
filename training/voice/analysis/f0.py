"""F0 tracking with WORLD's DIO and StoneMask: one variant for training targets, one for evaluation."""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from training.voice.analysis.features import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE

MIN_F0_HZ, MAX_F0_HZ = 50.0, 400.0
MIN_VOICED_AMPLITUDE = 0.003
"""Frames whose peak is below this are unvoiced."""


@dataclass(frozen=True, slots=True)
class F0Contour:
    """F0 and voicing of each frame."""

    f0: NDArray[np.float32]
    """(frames,), Hz"""
    voiced: NDArray[np.bool_]
    """(frames,)"""

    @property
    def mean(self) -> float:
        """Hz, over the voiced frames; NaN without any."""
        return float(self.f0[self.voiced].mean()) if self.voiced.any() else float("nan")

    @property
    def range(self) -> float:
        """Semitones between the 10th and the 90th percentile; NaN without voiced frames."""
        if not self.voiced.any():
            return float("nan")
        low, high = np.percentile(self.f0[self.voiced], (10, 90))
        return float(12 * np.log2(high / low))


def training_f0(
    samples: NDArray[np.float32], voiceless: NDArray[np.bool_], min_f0: float, max_f0: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(samples,) -> F0 in Hz, interpolated through unvoiced frames, and voicing; both (frames,).

    `voiceless` (frames,) marks frames of voiceless phones, which are always unvoiced. The tracker's own decision is
    loose (`allowed_range`), because the default one rejects whole syllables of the female voice.
    """
    f0 = _track_f0(samples, channels_in_octave=8, allowed_range=0.2)
    centers = range(0, len(f0) * HOP_LENGTH, HOP_LENGTH)
    peaks = np.array([np.abs(samples[max(0, n - HOP_LENGTH) : n + HOP_LENGTH]).max() for n in centers])
    voiced = (f0 > min_f0) & (f0 < max_f0) & ~voiceless & (peaks > MIN_VOICED_AMPLITUDE)
    if not voiced.any():
        return np.full(len(f0), min_f0, np.float32), voiced
    interpolated = np.interp(np.arange(len(f0)), np.flatnonzero(voiced), f0[voiced])
    return interpolated.astype(np.float32), voiced


def f0_contour(samples: NDArray[np.float32]) -> F0Contour:
    """(samples,) -> the contour for evaluation: the tracker's default thresholds, no knowledge of the phones."""
    f0 = _track_f0(samples)
    return F0Contour(f0.astype(np.float32), f0 > 0)


def _track_f0(samples: NDArray[np.float32], **settings: float) -> NDArray[np.float64]:
    """(samples,) -> (frames,): F0 in Hz, 0 in unvoiced frames; `settings` of DIO."""
    exact = samples.astype(np.float64)
    limits = {"f0_floor": MIN_F0_HZ, "f0_ceil": MAX_F0_HZ, "frame_period": 1000 / FRAME_RATE}
    f0, times = pyworld.dio(exact, SAMPLE_RATE, **limits, **settings)
    return pyworld.stonemask(exact, f0, times, SAMPLE_RATE)[: len(samples) // HOP_LENGTH]
