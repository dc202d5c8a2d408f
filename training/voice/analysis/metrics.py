"""Objective metrics of speech that need no recognizer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from training.voice.analysis.f0 import F0Contour
from training.voice.analysis.features import FFT_SIZE, FRAME_RATE, HOP_LENGTH, SAMPLE_RATE, magnitude_spectrogram

CEPSTRAL_COEFFICIENTS = 13
LOUD_DB = 40.0
"""Frames at most this far below the loudest one count as speech."""
MIN_SLIP_OCTAVES = 0.6
"""Between two frames: more is a slip of an octave, of the voice or of the tracker."""
MODULATION_HZ = (4.0, 16.0)
"""The modulations that carry syllables and phones."""
CLIPPING_AMPLITUDE = 0.999
Floats = NDArray[np.float32]
_DISTORTION_SCALE = 10 / np.log(10) * np.sqrt(2) / np.sqrt(40)
"""From a distance of cepstra to dB."""


def mel_cepstral_distortion(generated: Floats, reference: Floats) -> float:
    """Returns the mean over frames, dB, of two aligned mels (frames, 80), as `mel_spectrogram` returns them."""
    difference = mel_cepstra(generated) - mel_cepstra(reference)
    return float(np.mean(_DISTORTION_SCALE * np.sqrt((difference**2).sum(1))))


def warped_distortion(generated: Floats, reference: Floats) -> float:
    """Returns the mel-cepstral distortion, dB, of two mels of any length after dynamic time warping."""
    first, second = mel_cepstra(generated), mel_cepstra(reference)
    costs = _DISTORTION_SCALE * np.sqrt(((first[:, None] - second) ** 2).sum(2))
    total = np.full((len(first) + 1, len(second) + 1), np.inf)
    steps = np.zeros_like(total)
    total[0, 0] = 0
    for row, column in np.ndindex(costs.shape):
        before = ((total[row, column], steps[row, column]), (total[row, column + 1], steps[row, column + 1]),
                  (total[row + 1, column], steps[row + 1, column]))  # fmt: skip
        best, length = min(before)
        total[row + 1, column + 1], steps[row + 1, column + 1] = best + costs[row, column], length + 1
    return float(total[-1, -1] / steps[-1, -1])


def mel_cepstra(mel: Floats, coefficients: int = CEPSTRAL_COEFFICIENTS) -> Floats:
    """(frames, 80), as `mel_spectrogram` returns them -> (frames, coefficients), without the level."""
    return dct((mel * 100 - 80) * np.log(10) / 20, norm="ortho")[:, 1 : coefficients + 1]


def loud_frames(samples: Floats) -> NDArray[np.bool_]:
    """(samples,) -> (frames,): the frames that are speech by their level."""
    level = 10 * np.log10((magnitude_spectrogram(samples) ** 2).sum(1) + 1e-9)
    return level > level.max() - LOUD_DB


def harmonics_to_noise(samples: Floats, contour: F0Contour) -> float:
    """Returns the mean harmonics-to-noise ratio of the voiced frames, dB; NaN without any.

    The ratio follows from the correlation of two neighboring periods (Boersma 1993), here of two periods each.
    """
    ratios = []
    for frame in np.flatnonzero(contour.voiced):
        period = SAMPLE_RATE / contour.f0[frame]
        width, center = round(2 * period), frame * HOP_LENGTH
        lags = range(round(0.95 * period), round(1.05 * period) + 1)
        start = center - (width + round(period)) // 2
        if start < 0 or start + width + lags[-1] > len(samples):
            continue
        here = samples[start : start + width]
        there = (samples[start + lag : start + lag + width] for lag in lags)
        best = max(float(here @ x / np.sqrt((here @ here) * (x @ x) + 1e-12)) for x in there)
        ratios.append(10 * np.log10(np.clip(best, 1e-3, 0.9999) / (1 - np.clip(best, 1e-3, 0.9999))))
    return float(np.mean(ratios)) if ratios else float("nan")


def octave_slips(contour: F0Contour) -> float:
    """Returns the percentage of steps between voiced frames that are a slip of F0; NaN without any."""
    pairs = contour.voiced[1:] & contour.voiced[:-1]
    if not pairs.any():
        return float("nan")
    steps = np.abs(np.diff(np.log2(np.maximum(contour.f0, 1))))[pairs]
    return 100 * float((steps > MIN_SLIP_OCTAVES).mean())


def deviation_ratio(generated: Sequence[Floats], reference: Sequence[Floats]) -> float:
    """Returns the deviation of the cepstra of all frames relative to that of the reference; below 1 if smoothed."""
    first, second = (np.concatenate([mel_cepstra(mel) for mel in mels]).std(0) for mels in (generated, reference))
    return float((first / second).mean())


def modulation_difference(generated: Sequence[Floats], reference: Sequence[Floats]) -> float:
    """Returns the power of the cepstra's modulations of `MODULATION_HZ` relative to the reference, dB."""
    first, second = (np.sum([_modulation_power(mel) for mel in mels], axis=0) for mels in (generated, reference))
    return float(10 * np.log10(first / second).mean())


def _modulation_power(mel: Floats) -> Floats:
    """(frames, 80) -> (coefficients,): the power of each cepstrum between two modulation frequencies."""
    cepstra = mel_cepstra(mel)
    spectrum = np.abs(np.fft.rfft(cepstra - cepstra.mean(0), axis=0)) ** 2 / len(cepstra)
    hz = np.fft.rfftfreq(len(cepstra), 1 / FRAME_RATE)
    return spectrum[(hz >= MODULATION_HZ[0]) & (hz <= MODULATION_HZ[1])].sum(0) + 1e-9


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
