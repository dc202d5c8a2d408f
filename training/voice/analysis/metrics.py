"""Objective metrics of speech that need no recognizer."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from training.voice.analysis.features import FFT_SIZE, FRAME_RATE, HOP_LENGTH, SAMPLE_RATE, magnitude_spectrogram

CEPSTRAL_COEFFICIENTS = 13
CLIPPING_AMPLITUDE = 0.999
Floats = NDArray[np.float32]


def mel_cepstral_distortion(generated: Floats, reference: Floats) -> float:
    """Returns the mean over frames, dB, of two aligned mels (frames, 80), as `mel_spectrogram` returns them."""
    cepstra = [
        dct((mel * 100 - 80) * np.log(10) / 20, norm="ortho")[:, 1 : CEPSTRAL_COEFFICIENTS + 1]
        for mel in (generated, reference)
    ]
    return float(np.mean(10 / np.log(10) * np.sqrt(2 * ((cepstra[0] - cepstra[1]) ** 2).sum(1)) / np.sqrt(40)))


def frame_rate_buzz(samples: Floats, voiced: NDArray[np.bool_]) -> float:
    """Returns the level of multiples of the frame rate (0.4 to 6 kHz) above their neighbors, dB; 0 in real speech."""
    spectra = magnitude_spectrogram(samples)[: len(voiced)][voiced[: len(samples) // HOP_LENGTH]]
    power = np.log10((spectra**2).mean(0) + 1e-12) * 10
    bins = np.arange(len(power)) * SAMPLE_RATE / FFT_SIZE
    lines = [np.abs(bins - multiple).argmin() for multiple in np.arange(5, 75) * FRAME_RATE]
    return float(np.mean([power[line] - np.median(power[line - 4 : line + 5]) for line in lines]))


def silence_level(samples: Floats, silent: NDArray[np.bool_]) -> float:
    """Returns the 90th percentile of the level of `silent` frames that are not next to sound, dBFS; NaN without any."""
    inside = silent & np.roll(silent, 2) & np.roll(silent, -2) & np.roll(silent, 3) & np.roll(silent, -3)
    frames = samples[: len(silent) * HOP_LENGTH].reshape(-1, HOP_LENGTH)[inside]
    if not len(frames):
        return float("nan")
    return float(20 * np.log10(np.percentile(np.sqrt((frames**2).mean(1)), 90) + 1e-9))


def clipped_samples(samples: Floats) -> int:
    """Returns the number of samples at full scale."""
    return int((np.abs(samples) > CLIPPING_AMPLITUDE).sum())


def largest_click(samples: Floats) -> float:
    """Returns the largest second difference of the signal relative to the RMS level around it (400 samples)."""
    jumps = np.abs(np.diff(samples, 2))
    around = np.sqrt(np.convolve(samples**2, np.ones(400) / 400, mode="same"))[1:-1]
    return float((jumps / (around + 0.01)).max())
