"""How much the sound of a variant differs from that of the float32 graphs, in numbers.

SNR tells how large the error is; the log-spectral distance tells how far it changes what is heard, since it also counts
what fills the quiet places of the spectrum. For scale, the voice `models/demo` against itself after a codec:

| Opus, default  | SNR 28 dB | 0.4 dB | MP3, lowest rate    | SNR 22 dB | 2.0 dB |
| MP3, default   | SNR 30 dB | 1.1 dB | 4-bit ADPCM         | SNR 28 dB | 2.5 dB |
| Opus, lowest   | SNR 23 dB | 1.4 dB | Vorbis, lowest      | SNR 17 dB | 2.5 dB |
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
WINDOW, HOP = 1024, 256
FLOOR = 1e-6
"""-60 dB of the loudest bin: what is quieter is not heard."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Means over sentences."""

    snr: float
    """dB"""
    distance: float
    """dB, root mean square over the bins of a frame, mean over the frames"""

    def __str__(self) -> str:
        return f"SNR {self.snr:.1f} dB, log-spectral distance {self.distance:.2f} dB"


def likeness(reference: Sequence[Samples], other: Sequence[Samples]) -> Likeness:
    pairs = list(zip(reference, other, strict=True))
    snr, distance = np.mean([(ratio(*pair), log_spectral_distance(*pair)) for pair in pairs], axis=0)
    return Likeness(float(snr), float(distance))


def ratio(reference: Samples, other: Samples) -> float:
    """Signal over error, dB; at most 120. Not a number where the other one is not."""
    error = np.square(reference - other, dtype=np.float64).sum()
    signal = np.square(reference, dtype=np.float64).sum()
    return float(10 * np.log10(max(signal, 1e-20) / max(error, 1e-12 * signal, 1e-32)))


def log_spectral_distance(reference: Samples, other: Samples) -> float:
    """dB"""
    first, second = spectra(reference), spectra(other)
    floor = max(first.max() * FLOOR, 1e-20)
    difference = 10 * np.log10(np.maximum(first, floor) / np.maximum(second, floor))
    return float(np.sqrt(np.square(difference).mean(axis=1)).mean())


def spectra(samples: Samples) -> NDArray[np.float64]:
    """(frames, bins), power"""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, WINDOW), WINDOW)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(WINDOW))) ** 2
