"""Objective quality of a variant's audio, compared with the float32 audio.

SNR measures the size of the error. The log-spectral distance also measures errors in quiet parts of the spectrum, which
are audible although small. For scale, the voice `models/demo` compared with itself after a codec:

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
"""Samples."""
RELATIVE_FLOOR = 1e-6
"""Power relative to the loudest bin (-60 dB); quieter bins are inaudible and count as equal."""


@dataclass(frozen=True, slots=True)
class SpectralMetrics:
    """Means over sentences."""

    snr_db: float
    log_spectral_distance_db: float
    """Root mean square over the bins of a frame, mean over the frames."""

    def meets(self, limit: "SpectralMetrics") -> bool:
        """Whether the SNR is at least, and the distance at most, that of `limit`."""
        return self.snr_db >= limit.snr_db and self.log_spectral_distance_db <= limit.log_spectral_distance_db

    def __str__(self) -> str:
        return f"SNR {self.snr_db:.1f} dB, log-spectral distance {self.log_spectral_distance_db:.2f} dB"


def compare_audio(reference: Sequence[Samples], other: Sequence[Samples]) -> SpectralMetrics:
    """The metrics of `other`, sentence by sentence."""
    pairs = list(zip(reference, other, strict=True))
    snr, distance = np.mean([(signal_to_noise_ratio(*pair), log_spectral_distance(*pair)) for pair in pairs], axis=0)
    return SpectralMetrics(float(snr), float(distance))


def signal_to_noise_ratio(reference: Samples, other: Samples) -> float:
    """Power of the signal over that of the error, dB, at most 120; NaN if `other` has NaN."""
    error = np.square(reference - other, dtype=np.float64).sum()
    signal = np.square(reference, dtype=np.float64).sum()
    return float(10 * np.log10(max(signal, 1e-20) / max(error, 1e-12 * signal, 1e-32)))


def log_spectral_distance(reference: Samples, other: Samples) -> float:
    """Root mean square difference of the log power spectra, mean over the frames, dB."""
    first, second = power_spectrogram(reference), power_spectrogram(other)
    floor = max(first.max() * RELATIVE_FLOOR, 1e-20)
    difference = 10 * np.log10(np.maximum(first, floor) / np.maximum(second, floor))
    return float(np.sqrt(np.square(difference).mean(axis=1)).mean())


def power_spectrogram(samples: Samples) -> NDArray[np.float64]:
    """Power (frames, bins) with a Hann window."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, WINDOW), WINDOW)[::HOP]
    power: NDArray[np.float64] = np.abs(np.fft.rfft(frames * np.hanning(WINDOW))) ** 2
    return power
