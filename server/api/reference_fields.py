"""The fields of a reference: a recording that a text is spoken like, and what of it is taken over."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field

from server.api.fields import Fields
from server.errors import RequestError
from server.references.analyzed_recording import AnalyzedRecording
from server.references.store import MAX_CHARACTERS
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference

Use = Literal["timbre", "emotion", "delivery"]

DEFAULT_USES: Sequence[Use] = ("timbre", "emotion")
CONSENT_REMEDY = "say in it, in your words, that the speaker agrees to this use of the recording; nothing was kept"
MAX_INLINE = 4 * (10_000_000 // 3 + 1)
"""Characters of base64: 10 MB."""
Consent = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS["consent"])]
Transcript = Annotated[str, Field(max_length=MAX_CHARACTERS["transcript"])]


class InlineReference(Fields):
    """A recording that is used for this request only, and not kept."""

    audio: Annotated[str, Field(min_length=1, max_length=MAX_INLINE)] = Field(
        description="The file in base64: WAV, MP3, FLAC, M4A, Ogg or WebM, at most 10 MB."
    )
    consent: Consent = Field(
        description="That the speaker agrees to this use of the recording, in your words.",
        examples=["This is my own voice."],
    )
    transcript: Transcript | None = Field(
        default=None, description="What is said in the recording; without it, for delivery, the text of the request."
    )

    @property
    def data(self) -> bytes:
        """The file. Raises `RequestError` for what is no base64."""
        try:
            return b64decode(self.audio, validate=True)
        except ValueError:
            raise RequestError(
                "reference.audio must be a file in base64, without line breaks and without `data:` before it",
                param="reference",
            ) from None


class ReferenceFields(Fields):
    """What of a recording is taken over, and how much. Without a reference they are not valid."""

    reference_strength: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="How much of the emotion of `reference` is taken over; 0: nothing of it. Timbre and delivery "
        "have no strength.",
    )
    reference_use: tuple[Use, ...] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        max_length=len(get_args(Use)),
        description="What of `reference` is taken over. timbre: the sound of the speaker, by voices that can. emotion: "
        "how it is spoken. delivery: melody and timing of the same text. By default timbre, where the voice can, and "
        "emotion.",
        examples=[["emotion"], ["timbre", "delivery"]],
    )

    def require_reference(self) -> None:
        """Raises `RequestError` for a field that has no meaning without a reference."""
        for name, field in type(self).model_fields.items():
            if name.startswith("reference_") and getattr(self, name) != field.default:
                raise RequestError(f"{name} says how a reference is used; send reference too", param=name)

    def speech_reference(self, opened: AnalyzedRecording, transcript: str | None) -> SpeechReference:
        """What a text takes over of a recording."""
        return SpeechReference(
            recording=opened.recording,
            analysis=opened.analysis,
            uses=frozenset(map(ReferenceUse, self.reference_use or DEFAULT_USES)),
            strength=self.reference_strength,
            transcript=transcript or None,
        )


def require_consent(consent: str) -> None:
    """Raises `RequestError` where nothing is said about the consent of the speaker."""
    if not consent.strip():
        raise RequestError(f"consent is empty: {CONSENT_REMEDY}", param="consent", code="consent_missing")
