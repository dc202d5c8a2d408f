"""What the source changes of the pitch, beyond what the acoustic model has followed already."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from server.synthesis.acoustic.contours import MIN_F0


@dataclass(frozen=True, slots=True)
class PitchChange:
    """Changes of the source's F0, frame by frame. Every array is (frames,), or (1,) for all frames.

    Each frame depends on itself alone, so that streamed audio equals the whole audio.
    """

    factor: NDArray[np.float64]
    """On F0."""
    exponent: NDArray[np.float64]
    """On the range: a factor on the distance from `center` in semitones."""
    center: NDArray[np.float64]
    """Hz"""
    target: NDArray[np.float64] | None = None
    """(frames,): Hz, instead of the changed F0 where it is not NaN."""

    def apply(self, hertz: NDArray[np.float64]) -> NDArray[np.float64]:
        """(frames,) in Hz -> the same, changed. An exponent of 1 leaves the values exactly as they are."""
        if (self.exponent == 1).all():
            changed = hertz * self.factor
        else:
            scaled = self.center * (hertz / self.center) ** self.exponent
            changed = np.where(self.exponent == 1, hertz, scaled) * self.factor
        if self.target is None:
            return changed
        return np.where(np.isnan(self.target), changed, np.maximum(self.target, MIN_F0))

    def split(self, frames: int) -> tuple[Self, Self]:
        """The change of the first `frames` frames, and that of the others."""
        factor, exponent, center = (_split(values, frames) for values in (self.factor, self.exponent, self.center))
        target = (None, None) if self.target is None else np.split(self.target, [frames])
        first, others = zip(factor, exponent, center, target, strict=True)
        return type(self)(*first), type(self)(*others)


def _split(values: NDArray[np.float64], frames: int) -> list[NDArray[np.float64]]:
    return [values, values] if len(values) == 1 else np.split(values, [frames])


NO_PITCH_CHANGE = PitchChange(np.ones(1), np.ones(1), np.ones(1))
