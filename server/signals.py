"""What flows between the stages: units -> mel -> audio. Plain frozen data, each with the rate it needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Units:
    """One utterance as rows of a voice's embedding tables."""

    features: Ids
    """(phones, 4): phone, tone, syllable flag, word flag; (bytes, 1) for a voice that reads bytes."""
    emotions: Ids
    """(phones,)"""
    speakers: Ids
    """(phones,)"""

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True)
class Style:
    """How to speak. Pitch and energy move the predicted contours, speed the durations before they are rounded."""

    speed: float = 1.0
    """0.25 to 4; 2 is twice as fast."""
    pitch: float = 0.0
    """Semitones, -12 to 12."""
    energy: float = 0.0
    """Decibels, -20 to 20."""
    volume: float = 1.0
    """Factor on the samples, 0 to 4; loud peaks bend instead of clipping."""


@dataclass(frozen=True, slots=True)
class Mel:
    """A stretch of mel frames as the postnet puts them out."""

    frames: Floats
    """(frames, channels); the two last channels of an NSF voice are normalised F0 and voicing."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A stretch of mono sound."""

    samples: Floats
    """(samples,), full scale is -1 to 1"""
    rate: int
    """Hz"""
