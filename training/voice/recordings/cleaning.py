"""Cleans a recording of one word: scaled, at 16 kHz, without hum, trimmed, at a constant level."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from training.voice.analysis.features import HOP_LENGTH, SAMPLE_RATE
from training.voice.recordings.style import SCALE

HIGH_PASS_HZ = 60
"""The noise of the recordings is strongest below 100 Hz."""
LEVEL_DBFS = -19.0
"""RMS of the speech."""
SPEECH_BELOW_LOUDEST_DB, SPEECH_ABOVE_NOISE_DB = 35.0, 8.0
"""A frame is speech if its level is above both limits."""
LEAD_FRAMES, TAIL_FRAMES = 5, 6
"""Silence that is kept around the speech."""
MAX_INNER_SILENCE = 28
"""Frames. A longer gap inside a word means that it was read in two parts."""
MIN_SPEECH = 16
"""Frames."""


@dataclass(frozen=True, slots=True)
class CleanRecording:
    """One word as recorded, trimmed."""

    text: str
    samples: NDArray[np.float32]
    """(samples,) at 16 kHz, a whole number of frames"""


def clean(path: Path, text: str) -> CleanRecording | None:
    """Reads and cleans a recording; None if it is too short, or read in two parts."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    resampled = soxr.resample(samples.mean(1), rate * SCALE, SAMPLE_RATE, quality="VHQ").astype(np.float64)
    high_pass = butter(4, HIGH_PASS_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
    filtered = sosfiltfilt(high_pass, np.pad(resampled, LEAD_FRAMES * HOP_LENGTH))
    count = len(filtered) // HOP_LENGTH
    frames = filtered[: count * HOP_LENGTH].reshape(count, HOP_LENGTH)
    levels = 10 * np.log10((frames**2).mean(1) + 1e-10)
    loud = np.percentile(levels, 95)
    noise = np.percentile(levels[LEAD_FRAMES:-LEAD_FRAMES], 5)
    speech = np.flatnonzero(levels > max(loud - SPEECH_BELOW_LOUDEST_DB, noise + SPEECH_ABOVE_NOISE_DB))
    if len(speech) < MIN_SPEECH or np.diff(speech).max() > MAX_INNER_SILENCE:
        return None
    first, last = int(speech[0]), int(speech[-1]) + 1
    rms = np.sqrt((frames[first:last] ** 2).mean())
    kept = filtered[max(0, first - LEAD_FRAMES) * HOP_LENGTH : (last + TAIL_FRAMES) * HOP_LENGTH]
    kept = kept[: len(kept) // HOP_LENGTH * HOP_LENGTH] * (10 ** (LEVEL_DBFS / 20) / rms)
    return CleanRecording(text, kept.astype(np.float32))
