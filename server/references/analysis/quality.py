"""How good a recording is: the noise in it, and samples that are clipped."""

import numpy as np

from server.references.analysis.contours import Contours
from server.references.analysis.frames import SILENCE, Contour
from server.types import Audio

QUIETEST_SHARE = 0.1
"""Of the frames that are not voiced: those from which the noise is estimated."""
FEWEST = 5
"""Frames, for an estimate of the noise."""
HIGHEST = 80.0
"""Decibels: what cannot be told from a recording without noise."""
PILE = 8
"""Percent of the peak: the heights of a range of samples."""
PILE_RATIO = 1.4
"""Samples in the upper of two ranges for one in the lower, from which they are clipped: in speech larger samples are
rarer; at most 1.3 was found."""
PILE_COUNT = 30
"""Samples, at least, in the upper range."""


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


def clipped_share(audio: Audio) -> float:
    """Of the samples: those that were clipped, 0 if none are.

    The resampling to 16 kHz turns the plateaus of a clipped recording into ripples, so they cannot be counted. But
    their samples pile up at one height, above which there are few.
    """
    size = np.abs(audio.samples - audio.samples.mean()) if len(audio.samples) else np.zeros(1)
    peak = float(size.max())
    if peak <= 10 ** (SILENCE / 20):
        return 0.0
    below = np.concatenate(([0], np.cumsum(np.histogram(size, 100, (0, peak))[0])))  # samples below n percent
    ends = np.arange(60, 101)
    upper = below[ends] - below[ends - PILE]
    ratio = np.where(upper >= PILE_COUNT, upper / (below[ends - PILE] - below[ends - 2 * PILE] + 10), 0)
    highest = int(np.argmax(ratio))
    return float(1 - below[ends[highest] - PILE] / below[-1]) if ratio[highest] >= PILE_RATIO else 0.0
