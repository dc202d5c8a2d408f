"""F0 tracking with WORLD's DIO and StoneMask: one variant for training targets, one for evaluation."""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from training.voice.analysis.features import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE

MIN_F0_HZ, MAX_F0_HZ = 50.0, 400.0
MIN_VOICED_AMPLITUDE = 0.003
"""Frames whose peak is below this are unvoiced."""
MIN_REPETITION = 0.5
"""Of the evaluation's voiced frames; hum that was taken for F0 has 0.0, voices have 0.95."""
MIN_CORRELATED_SAMPLES = 160
"""10 ms."""


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
    voiced = (f0 > min_f0) & (f0 < max_f0) & ~voiceless & _loud(samples, len(f0))
    if not voiced.any():
        return np.full(len(f0), min_f0, np.float32), voiced
    interpolated = np.interp(np.arange(len(f0)), np.flatnonzero(voiced), f0[voiced])
    return interpolated.astype(np.float32), voiced


def f0_contour(samples: NDArray[np.float32]) -> F0Contour:
    """(samples,) -> the contour for evaluation: the tracker's default thresholds, no knowledge of the phones.

    The tracker takes the faintest hum for a voice and follows it into words. So a frame whose samples do not repeat
    after the period is unvoiced.
    """
    f0 = _track_f0(samples)
    voiced = (f0 > 0) & _loud(samples, len(f0))
    for frame in np.flatnonzero(voiced):
        voiced[frame] = repetition(samples, frame, f0[frame]) > MIN_REPETITION
    return F0Contour(np.where(voiced, f0, 0).astype(np.float32), voiced)


def _loud(samples: NDArray[np.float32], frames: int) -> NDArray[np.bool_]:
    """(frames,): whether the samples within a frame of the center reach the amplitude of a voice."""
    centers = range(0, frames * HOP_LENGTH, HOP_LENGTH)
    peaks = [np.abs(samples[max(0, n - HOP_LENGTH) : n + HOP_LENGTH]).max() for n in centers]
    return np.array(peaks) > MIN_VOICED_AMPLITUDE


def repetition(samples: NDArray[np.float32], frame: int, hz: float) -> float:
    """Returns the correlation, -1 to 1, of the samples around the center of a frame with those one period later."""
    period = round(SAMPLE_RATE / hz)
    length = max(period, MIN_CORRELATED_SAMPLES)
    start = max(0, frame * HOP_LENGTH - (length + period) // 2)
    later = samples[start + period : start + period + length].astype(np.float64)
    first = samples[start : start + len(later)].astype(np.float64)
    return float(first @ later / np.sqrt((first @ first) * (later @ later) + 1e-12))


def _track_f0(samples: NDArray[np.float32], **settings: float) -> NDArray[np.float64]:
    """(samples,) -> (frames,): F0 in Hz, 0 in unvoiced frames; `settings` of DIO."""
    exact = samples.astype(np.float64)
    limits = {"f0_floor": MIN_F0_HZ, "f0_ceil": MAX_F0_HZ, "frame_period": 1000 / FRAME_RATE}
    f0, times = pyworld.dio(exact, SAMPLE_RATE, **limits, **settings)
    return pyworld.stonemask(exact, f0, times, SAMPLE_RATE)[: len(samples) // HOP_LENGTH]
