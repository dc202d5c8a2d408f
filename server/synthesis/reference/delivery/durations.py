"""How long the units of a syllable are spoken, so that the voice stays clear."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CLEAR = 0.15
"""By which a syllable may be longer or shorter than the voice itself speaks it, as a natural logarithm."""
TAKEN_OVER = 0.5
"""Of what is beyond: syllables much longer or shorter than a voice has learned are not understood."""
SHORTEST = 0.05
"""Of the voice's own duration: an alignment may find next to nothing in the place of a syllable."""


def clear_durations(recorded: Values, own: Values) -> Values:
    """(units,) in seconds: as long as the recorded syllable, or nearer to the voice's own, and divided as that.

    A syllable to which the voice itself gives no time lasts as long as recorded.
    """
    if not own.any():
        return recorded
    longer = np.log(max(recorded.sum() / own.sum(), SHORTEST))
    beyond = longer - np.clip(longer, -CLEAR, CLEAR)
    durations: Values = own * np.exp(longer - (1 - TAKEN_OVER) * beyond)
    return durations
