"""The slope of the mean spectrum of voiced speech."""

from itertools import pairwise

import numpy as np

from server.references.analysis.frames import LENGTH, decibels, frames
from server.references.analysis.pauses import Flags
from server.references.recording import RATE
from server.types import Audio

BAND = (200.0, 5000.0)
"""Hz."""
BANDS = 14
"""Of a third of an octave: together they are `BAND`."""


def spectral_tilt(audio: Audio, voiced: Flags) -> float | None:
    """Decibels an octave: a line through the levels of third-octave bands; None without voiced frames.

    The levels are densities (power for each Hz), so white noise has a tilt of 0.
    """
    if not voiced.any():
        return None
    power = (np.abs(np.fft.rfft(frames(audio)[voiced] * np.hanning(LENGTH), 1024)) ** 2).mean(axis=0)
    edges = np.geomspace(*BAND, BANDS + 1)
    bins = np.round(edges * 1024 / RATE).astype(int)
    level = decibels(np.array([power[low:high].mean() for low, high in pairwise(bins)]))
    return float(np.polynomial.Polynomial.fit(np.log2(np.sqrt(edges[:-1] * edges[1:])), level, 1).convert().coef[1])
