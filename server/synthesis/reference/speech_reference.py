"""A recording that a text is spoken like."""

from dataclasses import dataclass
from enum import StrEnum

from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.recording import Recording


class ReferenceUse(StrEnum):
    """What of a recording is taken over."""

    TIMBRE = "timbre"
    """The sound of the speaker, by voices that take a speaker embedding."""
    EMOTION = "emotion"
    """How it is spoken, apart from who speaks: an emotion of the voice, and style."""
    DELIVERY = "delivery"
    """The melody and the timing of the same text."""


@dataclass(frozen=True, slots=True)
class SpeechReference:
    """A recording, and what of it a text takes over."""

    recording: Recording
    analysis: RecordingAnalysis
    uses: frozenset[ReferenceUse]
    strength: float = 1.0
    """Of the emotion, 0 to 1; 0 changes nothing."""
    transcript: str | None = None
    """What is said in the recording; None: for delivery, the text that is spoken."""
