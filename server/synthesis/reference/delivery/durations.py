"""How long the units of a syllable are spoken, so that the voice stays clear."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CLEAR = 0.15
"""By which a syllable may be longer or shorter, as a natural logarithm, than the voice speaks it at the pace of the
recording."""
TAKEN_OVER = 0.5
"""Of what is beyond: syllables much longer or shorter than a voice has learned are not understood."""
SHORTEST = 0.05
"""Of the voice's duration at that pace: an alignment may find next to nothing in the place of a syllable."""


def relative_length(recorded: Values, own: Values) -> float:
    """How much longer a recorded sentence is than the voice's own, without pauses; 1 if one of them has no length."""
    ratio = float(np.nansum(recorded) / own.sum()) if own.any() else 0.0
    return ratio or 1.0


def clear_durations(recorded: Values, own: Values, length: float) -> Values:
    """(units,) in seconds: as long as the recorded syllable, or nearer to the voice's own, and divided as that.

    `length` is that of the sentence, see `relative_length`. A syllable to which the voice itself gives no time lasts as
    long as recorded.
    """
    expected = length * own
    if not expected.any():
        return recorded
    longer = np.log(max(recorded.sum() / expected.sum(), SHORTEST))
    beyond = longer - np.clip(longer, -CLEAR, CLEAR)
    durations: Values = expected * np.exp(longer - (1 - TAKEN_OVER) * beyond)
    return durations
