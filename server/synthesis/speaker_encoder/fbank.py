"""Log mel filter banks as Kaldi computes them, without dither: the input of the speaker encoder.

Per frame: mean removal, pre-emphasis, Povey window (a Hann window to the power 0.85), power spectrum, triangular
filters on the mel scale, logarithm. Only whole frames are used.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from server.types import Audio, Floats

FRAME_SECONDS, SHIFT_SECONDS = 0.025, 0.010
EMPHASIS = 0.97
LOWEST_FREQUENCY = 20.0
"""Hz; the highest band ends at half the rate."""
FLOOR = float(np.finfo(np.float32).eps)

Spectrum = NDArray[np.floating[Any]]


def fbank(audio: Audio, bins: int) -> Floats:
    """(frames, bins), natural logarithms of power. A recording shorter than one frame (25 ms) has none."""
    length, shift = round(audio.rate * FRAME_SECONDS), round(audio.rate * SHIFT_SECONDS)
    if len(audio.samples) < length:
        return np.zeros((0, bins), np.float32)
    frames = sliding_window_view(audio.samples.astype(np.float64), length)[::shift]
    frames = frames - frames.mean(axis=1, keepdims=True)
    previous = np.roll(frames, 1, axis=1)  # the sample that wraps around is cancelled by the window's zero
    frames = (frames - EMPHASIS * previous) * np.hanning(length) ** 0.85
    size = 1 << (length - 1).bit_length()
    power = np.abs(np.fft.rfft(frames, size)) ** 2  # (frames, size / 2 + 1)
    energies = power @ mel_triangles(audio.rate, size, bins).T
    return np.log(np.maximum(energies, FLOOR)).astype(np.float32)


def mel_triangles(rate: int, size: int, bins: int, highest: float | None = None, scale: float = 1.0) -> Spectrum:
    """(bins, size / 2 + 1): triangular filters, linear in mel; each one ends at the centers of its neighbors.

    `highest` is where the last one ends, in Hz; None: at half the rate. `scale` multiplies all their frequencies.
    """
    edges = np.linspace(mel(LOWEST_FREQUENCY), mel(highest or rate / 2), bins + 2)
    lower, middle, upper = (edges[start : start + bins, None] for start in range(3))
    at = mel(np.arange(size // 2 + 1) * (rate / size) / scale)
    rising, falling = (at - lower) / (middle - lower), (upper - at) / (upper - middle)
    return np.maximum(0, np.minimum(rising, falling))


def mel(hertz: float | Spectrum) -> Spectrum:
    """Kaldi's mel scale: 1127 ln(1 + f / 700)."""
    return 1127 * np.log1p(np.asarray(hertz) / 700)
