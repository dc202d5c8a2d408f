"""How a recording is spoken -> an emotion of a voice, and the style that is missing to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.references.analysis.recording_analysis import RecordingAnalysis
from server.types import Style

if TYPE_CHECKING:
    from server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class Expression:
    """What a voice takes over from a recording: plain settings."""

    emotion: str
    """One of the voice's emotions."""
    confidence: float
    """Of the emotion, 0 to 1."""
    style: Style
    """Two decimals, so that the settings can be written down."""
    distances: Mapping[str, float]
    """Emotion of the voice -> how far it is from the recording, in standard deviations."""
    words: tuple[str, ...]
    """What was applied: `higher`, `quicker`, `shorter pauses`."""


def express(
    analysis: RecordingAnalysis, voice: "Voice", speaker: str, strength: float, emotion: str | None = None
) -> Expression:
    """Chooses the voice's emotion that is nearest to a recording; what remains becomes style.

    `strength` is 0, which changes nothing, to 1. An `emotion` that is given is kept.
    """
    return Expression(voice.emotion(emotion), 0.0, Style(), {}, ())
