"""The data between the stages of synthesis: units -> mel -> audio, and the style. Frozen; audio carries its rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.errors import RequestError

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

STYLE_LIMITS = {"speed": (0.25, 4.0), "pitch": (-12.0, 12.0), "energy": (-12.0, 12.0), "volume": (0.0, 4.0)}


@dataclass(frozen=True, slots=True)
class Units:
    """One utterance as indices into a voice's embedding tables."""

    features: Ids
    """(phones, 4): phone, tone, syllable flag, word flag; (bytes, 1) for a voice with byte input."""
    emotions: Ids
    """(phones,)"""
    speakers: Ids
    """(phones,)"""

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True)
class Style:
    """Speed, pitch, energy and volume relative to the voice's own.

    Pitch and energy shift the predicted contours, speed divides the durations before they are rounded. Raises
    `RequestError` for a value outside of `STYLE_LIMITS`, NaN included.
    """

    speed: float = 1.0
    """2 is twice as fast"""
    pitch: float = 0.0
    """semitones"""
    energy: float = 0.0
    """decibels"""
    volume: float = 1.0
    """factor on the samples; peaks are limited, they do not clip"""

    def __post_init__(self) -> None:
        for name, (low, high) in STYLE_LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RequestError(f"{name} is {value}; valid: {low:g} to {high:g}", param=name)


DEFAULT_STYLE = Style()


@dataclass(frozen=True, slots=True)
class Mel:
    """A chunk of mel frames, after the postnet."""

    frames: Floats
    """(frames, channels); the two last channels of an NSF voice are normalized F0 and voicing."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A chunk of mono audio."""

    samples: Floats
    """(samples,), full scale is -1 to 1"""
    rate: int
    """Hz"""
