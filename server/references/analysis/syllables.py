"""Syllable nuclei: peaks of the level of a voiced sound, with a dip before the next one (de Jong and Wempe, 2009)."""

import numpy as np

from server.references.analysis.frames import LENGTH, SHIFT_SECONDS, Contour, decibels, frames
from server.references.analysis.pauses import Flags
from server.references.recording import RATE
from server.types import Audio

BAND = (300.0, 2500.0)
"""Hz: vowels are loud there, fricatives and the voicing of closures are not."""
DIP = 2.0
"""Decibels that the level falls between two nuclei."""
DEPTH = 25.0
"""Decibels below the loud frames: a lower peak is no nucleus."""
VOWEL_DEPTH = 12.0
"""The same without voicing: what is so loud in this band is a vowel, whose F0 was not found."""


def syllable_nuclei(audio: Audio, voiced: Flags, speech: Flags) -> tuple[float, ...]:
    """Seconds of each nucleus, ascending; empty without voiced frames."""
    if not (voiced & speech).any():
        return ()
    level = band_level(audio)
    loud = np.percentile(level[voiced & speech], 95)
    is_nucleus = speech & np.where(voiced, level > loud - DEPTH, level > loud - VOWEL_DEPTH)
    return tuple(round(peak * SHIFT_SECONDS, 3) for peak in _peaks(level) if is_nucleus[peak])


def band_level(audio: Audio) -> Contour:
    """(frames,): decibels within `BAND`, smoothed over 70 ms."""
    power = np.abs(np.fft.rfft(frames(audio) * np.hanning(LENGTH), 512)) ** 2
    low, high = (round(edge * 512 / RATE) for edge in BAND)
    smoothing = np.hanning(9)[1:-1] / np.hanning(9).sum()
    return decibels(np.convolve(np.pad(power[:, low : high + 1].sum(axis=1), 3, "edge"), smoothing, "valid"))


def _peaks(level: Contour) -> list[int]:
    """Indices of the peaks between dips of at least `DIP` on both sides."""
    peaks: list[int] = []
    top, bottom = 0, 0
    rising = True
    for index, value in enumerate(level):
        if rising:
            top = index if value > level[top] else top
            if value < level[top] - DIP:
                peaks.append(top)
                rising, bottom = False, index
        else:
            bottom = index if value < level[bottom] else bottom
            if value > level[bottom] + DIP:
                rising, top = True, index
    return [*peaks, top] if rising and len(level) and level[top] - level[bottom] >= DIP else peaks
