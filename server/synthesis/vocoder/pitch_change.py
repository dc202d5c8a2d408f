"""What the source changes of the pitch, beyond what the acoustic model has followed already."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


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

    def apply(self, hertz: NDArray[np.float64]) -> NDArray[np.float64]:
        """(frames,) in Hz -> the same, changed. An exponent of 1 leaves the values exactly as they are."""
        if (self.exponent == 1).all():
            return hertz * self.factor
        scaled = self.center * (hertz / self.center) ** self.exponent
        return np.where(self.exponent == 1, hertz, scaled) * self.factor

    def split(self, frames: int) -> tuple[Self, Self]:
        """The change of the first `frames` frames, and that of the others."""
        if len(self.factor) == 1:
            return self, self
        parts = [np.split(values, [frames]) for values in (self.factor, self.exponent, self.center)]
        (factor, factors), (exponent, exponents), (center, centers) = parts
        return type(self)(factor, exponent, center), type(self)(factors, exponents, centers)


NO_PITCH_CHANGE = PitchChange(np.ones(1), np.ones(1), np.ones(1))
