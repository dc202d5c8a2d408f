"""How far a voice follows a style, and how much silence it begins with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.synthesis.calibration.onset import OnsetSilence
from server.synthesis.vocoder.pitch_change import PitchChange
from server.types import Style

PITCH_SHIFT = 3.0
"""Semitones up and down, with which the pitch response of a voice is measured."""
RANGE_FACTORS = (0.5, 1.5)
"""Factors on the range, one apart and around 1, with which its response is measured."""

PredictedF0: TypeAlias = Callable[[Style], NDArray[np.float64]]
"""A style of a sentence -> (voiced frames,) in Hz, as the acoustic model of an NSF voice predicts it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is measured of a voice when it is first loaded. It depends on its files only."""

    pitch_response: float = 1.0
    """Semitones that the acoustic model follows when its pitch contour is shifted by one."""
    range_response: float = 1.0
    """How much of a change of the range it follows."""
    onset_silence: OnsetSilence = field(default_factory=OnsetSilence)

    def pitch_change(self, prosody: ProsodyPrediction) -> PitchChange:
        """What the source makes up for, where the acoustic model follows a style in part."""

        def exponent(style: Style) -> float:
            followed = 1 + self.range_response * (style.pitch_range - 1)
            return style.pitch_range / followed if followed > 0 else 1.0

        missing = 1 - self.pitch_response
        return PitchChange(
            factor=prosody.per_frame(lambda style: float(2 ** (style.pitch * missing / 12))),
            exponent=prosody.per_frame(exponent),
            center=prosody.per_frame(lambda style: prosody.mean_f0 * 2 ** (style.pitch * self.pitch_response / 12)),
            target=prosody.f0_per_frame(),
        )


def pitch_response(predicted: PredictedF0) -> float:
    """An acoustic model follows a shifted pitch contour only in part; an NSF source can make up for the rest."""
    low, high = (predicted(Style(pitch=sign * PITCH_SHIFT)) for sign in (-1, 1))
    if not len(low) or not len(high):
        return 1.0
    return float(np.clip(12 * np.log2(np.median(high) / np.median(low)) / (2 * PITCH_SHIFT), 0, 1))


def range_response(predicted: PredictedF0) -> float:
    """The same for the range, by the standard deviation of the logarithm of F0, which is linear in the factor."""
    contours = [predicted(Style(pitch_range=factor)) for factor in RANGE_FACTORS]
    narrow, wide = (float(np.std(np.log(f0))) if len(f0) else 0.0 for f0 in contours)
    if not narrow + wide:
        return 1.0
    return float(np.clip(2 * (wide - narrow) / (wide + narrow), 0, 1))
