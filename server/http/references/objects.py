"""References as JSON."""

from dataclasses import fields, replace
from typing import Any, Literal

from pydantic import ConfigDict, Field

from server.http.response_model import ResponseModel
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.analysis.recording_warnings import WarningCode, recording_warnings
from server.references.reference_file import StoredReference
from server.synthesis.reference.application import ReferenceApplication
from server.voices.voice import Voice

PATH = "/v1/audio/references"
_DIGITS = 3


class ReferenceWarning(ResponseModel):
    """What makes a recording a bad reference."""

    code: WarningCode = Field(description="For programs.")
    message: str = Field(description="In plain words, with the figure and the remedy.")


class ReferenceObject(ResponseModel):
    """A recording that a client keeps. Times are seconds since 1970."""

    model_config = ConfigDict(use_attribute_docstrings=True)  # the fields of the analysis have theirs

    id: str = Field(description="For the field `reference` of a request for speech.")
    object: Literal["audio.reference"] = "audio.reference"
    name: str
    consent: str = Field(description="What the client says about the consent of the speaker.")
    transcript: str | None = Field(description="What is said in the recording.")
    created_at: float
    expires_at: float | None = Field(description="When it is deleted; null: when the client deletes it.")
    format: str = Field(description="Of the file, such as `wav`.")
    size: int = Field(description="Bytes.")
    sha256: str
    seconds: float = Field(description="Of the file.")
    analysis: RecordingAnalysis | None = Field(
        description="What is measured (docs/reference-analysis.md); null in it: cannot be measured. In a list it is "
        "null as a whole where another version of the server measured it: GET of this one measures again."
    )
    warnings: tuple[ReferenceWarning, ...] = Field(description="Those of the analysis, with their codes.")

    @classmethod
    def of(cls, stored: StoredReference, analysis: RecordingAnalysis | None) -> "ReferenceObject":
        """From what is kept."""
        return cls(
            id=stored.id,
            name=stored.name,
            consent=stored.consent,
            transcript=stored.transcript,
            created_at=round(stored.created, 3),
            expires_at=None if stored.expires is None else round(stored.expires, 3),
            format=stored.format,
            size=stored.size,
            sha256=stored.digest,
            seconds=round(stored.seconds, 3),
            analysis=rounded(analysis) if analysis else None,
            warnings=tuple(
                ReferenceWarning(code=code, message=message) for code, message in recording_warnings(analysis)
            )
            if analysis
            else (),
        )


class ReferenceList(ResponseModel):
    """All references of a client, the newest first."""

    object: Literal["list"] = "list"
    data: tuple[ReferenceObject, ...]


class ReferenceDeleted(ResponseModel):
    """What DELETE did."""

    id: str
    object: Literal["audio.reference.deleted"] = "audio.reference.deleted"
    deleted: Literal[True] = True


class PlainSettings(ResponseModel):
    """Fields of a request for speech that have the effect of the emotion of a reference."""

    emotion: str
    speed: float
    pitch: float = Field(description="Semitones.")
    energy: float = Field(description="Decibels.")
    pitch_range: float = Field(description="Factor on the range of the pitch.")
    pauses: float = Field(description="Factor on the pauses.")


class ReferenceSettings(ResponseModel):
    """What a voice takes over of the emotion of a reference."""

    id: str
    object: Literal["audio.reference.settings"] = "audio.reference.settings"
    voice: str
    speaker: str
    strength: float = Field(description="0 to 1.")
    settings: PlainSettings
    confidence: float | None = Field(description="Of the choice of the emotion, 0 to 1; null with a strength of 0.")
    distances: dict[str, float] = Field(
        description="How far each emotion of the voice is from the recording; the nearest one is chosen."
    )
    description: tuple[str, ...] = Field(description="What is applied, in words.")
    ignored: tuple[str, ...] = Field(description="What it cannot take over, and what would.")

    @classmethod
    def of(
        cls, reference_id: str, spoken_by: tuple[Voice, str], strength: float, application: ReferenceApplication
    ) -> "ReferenceSettings":
        """From what a voice takes over, for one of its speakers."""
        voice, speaker = spoken_by
        expression, style = application.expression, application.style
        return cls(
            id=reference_id,
            voice=voice.name,
            speaker=speaker,
            strength=strength,
            settings=PlainSettings(
                emotion=expression.emotion if expression else voice.emotion(None),
                speed=style.speed,
                pitch=style.pitch,
                energy=style.energy,
                pitch_range=style.pitch_range,
                pauses=style.pauses,
            ),
            confidence=round(expression.confidence, _DIGITS) if expression else None,
            distances={name: round(far, _DIGITS) for name, far in expression.distances.items()} if expression else {},
            description=expression.words if expression else (),
            ignored=application.ignored,
        )


def rounded(analysis: RecordingAnalysis) -> RecordingAnalysis:
    """The same figures with three digits after the point."""
    values = {each.name: getattr(analysis, each.name) for each in fields(analysis)}
    figures: dict[str, Any] = {
        name: round(value, _DIGITS) for name, value in values.items() if isinstance(value, float)
    }
    return replace(analysis, **figures)
