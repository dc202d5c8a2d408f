"""Speech -> what the models learn: mel spectrogram, F0, voicing, energy, frame by frame of 12.5 ms.

As KAN-TTS's audio_config_16k defines them: windows of 1000 samples every 200, 2048 points, 80 mels (Slaney) from 0 to
8 kHz; decibels relative to 20 dB, -100 dB becomes 0, and then every mel gets mean 0 and deviation 1 over the corpus.
"""

from functools import cache

import numpy as np
import pyworld
from numpy.typing import NDArray

from training.voice.recording import HOP, RATE

WINDOW, POINTS, MELS = 1000, 2048, 80
LOWEST_F0, HIGHEST_F0 = 50.0, 400.0
QUIET = 0.003
"""Nobody speaks below this amplitude."""
_REFERENCE_DB, _FLOOR_DB = 20.0, -100.0


def magnitudes(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(samples,) -> (frames, 1025); frame n is centred on sample 200 n, zeros lie beyond the ends."""
    frames = len(samples) // HOP
    padded = np.pad(samples, POINTS // 2)
    starts = np.arange(frames) * HOP
    window = np.zeros(POINTS, np.float32)
    window[(POINTS - WINDOW) // 2 : (POINTS + WINDOW) // 2] = np.hanning(WINDOW + 1)[:-1]
    return np.abs(np.fft.rfft(padded[starts[:, None] + np.arange(POINTS)] * window)).astype(np.float32)


def mel(spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames, 1025) -> (frames, 80), before the corpus's statistics."""
    decibels = 20 * np.log10(np.maximum(1e-5, spectrum @ filters())) - _REFERENCE_DB
    return np.clip((decibels - _FLOOR_DB) / -_FLOOR_DB, 0, 1).astype(np.float32)


def energy(spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames, 1025) -> (frames,)"""
    return np.sqrt((spectrum**2).sum(1))


def pitch(
    samples: NDArray[np.float32], voiceless: NDArray[np.bool_], lowest: float, highest: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(samples,) -> F0 in Hz, drawn through where there is no voice, and where there is; both (frames,).

    `voiceless` frames have no voice whatever the tracker hears, since their phones have none. Tracked loosely, because
    its own doubts cost whole syllables of the female voice.
    """
    exact = samples.astype(np.float64)
    f0, times = pyworld.dio(
        exact, RATE, f0_floor=LOWEST_F0, f0_ceil=HIGHEST_F0, frame_period=1000 * HOP / RATE, channels_in_octave=8,
        allowed_range=0.2,
    )  # fmt: skip
    f0 = pyworld.stonemask(exact, f0, times, RATE)[: len(samples) // HOP]
    sounds = np.array([np.abs(samples[max(0, n - HOP) : n + HOP]).max() for n in range(0, len(f0) * HOP, HOP)])
    voiced = (f0 > lowest) & (f0 < highest) & ~voiceless & (sounds > QUIET)
    if not voiced.any():
        return np.full(len(f0), lowest, np.float32), voiced
    drawn = np.interp(np.arange(len(f0)), np.flatnonzero(voiced), f0[voiced])
    return drawn.astype(np.float32), voiced


@cache
def filters() -> NDArray[np.float32]:
    """(1025, 80): triangles on Slaney's scale (linear to 1 kHz, then logarithmic), each of area 1."""
    edges = _hertz(np.linspace(_slaney(0.0), _slaney(RATE / 2), MELS + 2))
    bins = np.linspace(0, RATE / 2, POINTS // 2 + 1)
    rising = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])).astype(np.float32)


_LINEAR, _LOG_FROM, _STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _slaney(hertz: float) -> float:
    return hertz / _LINEAR if hertz < _LOG_FROM else _LOG_FROM / _LINEAR + np.log(hertz / _LOG_FROM) / _STEP


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = mels - _LOG_FROM / _LINEAR
    return np.where(above < 0, mels * _LINEAR, _LOG_FROM * np.exp(_STEP * above))
