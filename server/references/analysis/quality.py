"""How good a recording is: the noise in it."""

import numpy as np

from server.references.analysis.contours import Contours
from server.references.analysis.frames import SILENCE, Contour

QUIETEST_SHARE = 0.1
"""Of the frames that are not voiced: those from which the noise is estimated."""
FEWEST = 5
"""Frames, for an estimate of the noise."""
HIGHEST = 80.0
"""Decibels: what cannot be told from a recording without noise."""


def signal_to_noise(contours: Contours) -> float | None:
    """Decibels, at most 80: the speech over the quietest frames that are not voiced; None with too few of them."""
    quiet = np.sort(contours.level[~contours.voiced])
    loud = contours.level[contours.speech & contours.voiced]
    if len(quiet) < FEWEST or not len(loud):
        return None
    noise = _power(quiet[: max(FEWEST, round(len(quiet) * QUIETEST_SHARE))])
    total = _power(loud)
    return float(np.clip(10 * np.log10(max(total / noise - 1, 1e-3)), 0, HIGHEST))


def _power(level: Contour) -> float:
    return float(np.mean(10 ** (np.maximum(level, SILENCE) / 10)))
