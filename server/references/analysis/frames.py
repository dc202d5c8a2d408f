"""Frames of 25 ms, one every 10 ms, centered on the times of the contours."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from server.references.recording import RATE
from server.types import Audio

SHIFT_SECONDS = 0.010
SHIFT = round(RATE * SHIFT_SECONDS)
LENGTH = round(RATE * 0.025)
"""Samples of a frame."""
SILENCE = -100.0
"""dBFS, of a frame without a signal."""

Contour = NDArray[np.float64]


def frames(audio: Audio) -> NDArray[np.float32]:
    """(samples // 160 + 1, 400): frame n is centered on sample n * 160; there are zeros beyond both ends.

    Raises `ValueError` if the audio is not at 16 kHz.
    """
    if audio.rate != RATE:
        raise ValueError(f"the analysis takes {RATE} Hz, not {audio.rate} Hz")
    count = len(audio.samples) // SHIFT + 1
    padded = np.pad(audio.samples, (LENGTH // 2, LENGTH))
    return sliding_window_view(padded, LENGTH)[::SHIFT][:count]


def frame_levels(audio: Audio) -> Contour:
    """(frames,): dBFS, mean square; at least `SILENCE`."""
    return decibels(np.square(frames(audio), dtype=np.float64).mean(axis=1))


def decibels(power: Contour) -> Contour:
    """10 log10, at least `SILENCE`."""
    return 10 * np.log10(np.maximum(power, 10 ** (SILENCE / 10)))
