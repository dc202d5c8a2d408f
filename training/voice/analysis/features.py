"""Spectral features of speech: mel spectrogram and energy, one row per frame of 12.5 ms.

The parameters are those of KAN-TTS's audio_config_16k: windows of 1000 samples, a hop of 200, 2048 FFT points, 80 mel
channels (Slaney) from 0 to 8 kHz. Levels are decibels relative to 20 dB, scaled so that -100 dB is 0. Training then
normalizes each mel channel to mean 0 and standard deviation 1 over the corpus.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000
HOP_LENGTH, WINDOW_LENGTH, FFT_SIZE = 200, 1000, 2048
"""Samples."""
FRAME_RATE = SAMPLE_RATE / HOP_LENGTH
MEL_CHANNELS = 80
REFERENCE_DB, FLOOR_DB = 20.0, -100.0


def magnitude_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(samples,) -> (frames, 1025). Frame n is centered on sample 200 n; the ends are padded with zeros."""
    frames = len(samples) // HOP_LENGTH
    padded = np.pad(samples, FFT_SIZE // 2)
    starts = np.arange(frames) * HOP_LENGTH
    window = np.zeros(FFT_SIZE, np.float32)
    window[(FFT_SIZE - WINDOW_LENGTH) // 2 : (FFT_SIZE + WINDOW_LENGTH) // 2] = np.hanning(WINDOW_LENGTH + 1)[:-1]
    return np.abs(np.fft.rfft(padded[starts[:, None] + np.arange(FFT_SIZE)] * window)).astype(np.float32)


def mel_spectrogram(magnitudes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames, 1025) -> (frames, 80), 0 to 1, before the normalization over the corpus."""
    decibels = 20 * np.log10(np.maximum(1e-5, magnitudes @ mel_filter_bank())) - REFERENCE_DB
    return np.clip((decibels - FLOOR_DB) / -FLOOR_DB, 0, 1).astype(np.float32)


def mel_of_audio(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(samples,) -> (frames, 80), as `mel_spectrogram`."""
    return mel_spectrogram(magnitude_spectrogram(samples))


def frame_energy(magnitudes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames, 1025) -> (frames,): the norm of each frame's magnitudes."""
    return np.sqrt((magnitudes**2).sum(1))


@cache
def mel_filter_bank() -> NDArray[np.float32]:
    """(1025, 80): triangles of area 1 on Slaney's mel scale (linear to 1 kHz, then logarithmic)."""
    edges = _mel_to_hz(np.linspace(_hz_to_mel(0.0), _hz_to_mel(SAMPLE_RATE / 2), MEL_CHANNELS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, FFT_SIZE // 2 + 1)
    rising = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])).astype(np.float32)


_HZ_PER_LINEAR_MEL, _LOG_START_HZ, _LOG_STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _hz_to_mel(hz: float) -> float:
    if hz < _LOG_START_HZ:
        return hz / _HZ_PER_LINEAR_MEL
    return _LOG_START_HZ / _HZ_PER_LINEAR_MEL + np.log(hz / _LOG_START_HZ) / _LOG_STEP


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = mels - _LOG_START_HZ / _HZ_PER_LINEAR_MEL
    return np.where(above < 0, mels * _HZ_PER_LINEAR_MEL, _LOG_START_HZ * np.exp(_LOG_STEP * above))
