"""Which share of the samples of a file were clipped."""

from collections.abc import Sequence

import numpy as np

from server.audio.decoding.heights import RANGES

PILE = 8
"""Ranges of heights, each of a percent of the peak."""
PILE_RATIO = 1.4
"""Samples in the upper of two piles for one in the lower, from which they are clipped: in speech larger samples are
rarer; at most 1.3 was found."""
PILE_COUNT = 30
"""Samples, at least, in the upper pile."""
LOWEST = 60
"""Percent of the peak, of the end of a pile."""
PLATEAU_RATIO = 3
"""Samples in the highest range for one in the fullest of the next `PLATEAU_RANGES`; a pure tone has 2.4."""
PLATEAU_RANGES = 9


def clipped_share(heights: Sequence[int]) -> float:
    """Of the samples, which are counted by height (`RANGES`,): those that were clipped, 0 if none are.

    Clipped samples are as high as the peak. Where an encoder has made ripples of what was flat, they pile up at one
    height, above which there are few.
    """
    *others, highest_range = heights
    if highest_range >= max(PILE_COUNT, PLATEAU_RATIO * max(others[-PLATEAU_RANGES:])):
        return highest_range / sum(heights)
    below = np.concatenate(([0], np.cumsum(heights)))  # samples below n percent
    ends = np.arange(LOWEST, RANGES + 1)
    upper = below[ends] - below[ends - PILE]
    ratio = np.where(upper >= PILE_COUNT, upper / (below[ends - PILE] - below[ends - 2 * PILE] + 10), 0)
    highest = int(np.argmax(ratio))
    return float(1 - below[ends[highest] - PILE] / below[-1]) if ratio[highest] >= PILE_RATIO else 0.0
