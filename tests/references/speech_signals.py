"""Synthetic speech of which everything is known: pulses through the resonances of a tube, syllable by syllable."""

import numpy as np
from numpy.typing import NDArray

from server.references.recording import RATE, Recording
from server.types import Audio

SPACING = 1100.0
"""Hz, between the resonances of a tract of average length."""


def recording(samples: NDArray[np.floating]) -> Recording:
    audio = Audio(np.asarray(samples, np.float32), RATE)
    return Recording("0" * 64, audio, "wav", RATE, 1, len(samples) / RATE, 0.0)


def vowel(f0: NDArray[np.floating], scale: float = 1.0) -> NDArray[np.float64]:
    """(samples,) F0 in Hz -> a vowel of a uniform tube whose length is `scale`, at -20 dBFS."""
    phase = np.cumsum(f0) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    spectrum = np.fft.rfft(pulses, 2 * len(pulses))
    frequency = np.fft.rfftfreq(2 * len(pulses), 1 / RATE)
    for number in range(1, 8):
        center, width = (number - 0.5) * SPACING / scale, 40 + 30 * number
        spectrum /= 1 - (frequency / center) ** 2 + 1j * frequency * width / center**2
    signal = np.fft.irfft(spectrum)[: len(pulses)]
    return signal * 0.1 / np.sqrt(np.mean(signal**2))


def contour(seconds: float, median: float = 150.0, semitones: float = 6.0, period: float = 0.8) -> NDArray[np.float64]:
    """(samples,): Hz, a sine of F0 that is `semitones` high from the lowest to the highest point."""
    times = np.arange(round(seconds * RATE)) / RATE
    return median * 2 ** (semitones / 24 * np.sin(2 * np.pi * times / period))


def speech(
    rate: float = 4.0, phrases: int = 3, syllables: int = 6, pause: float = 0.3, scale: float = 1.0, noise: float = 1e-4
) -> NDArray[np.float64]:
    """Phrases of syllables at `rate` a second, with pauses between them; `noise` is a standard deviation."""
    length = round(RATE / rate)
    envelope = 0.02 + 0.98 * np.sin(np.pi * np.arange(length) / length) ** 2
    phrase = vowel(contour(syllables * length / RATE), scale) * np.tile(envelope, syllables)
    silence = np.zeros(round(pause * RATE))
    parts = [phrase, *(part for _ in range(phrases - 1) for part in (silence, phrase))]
    signal = np.concatenate(parts)
    return signal + noise * np.random.default_rng(0).normal(size=len(signal))
