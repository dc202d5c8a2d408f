"""The arguments of a call, by the names that a request has over HTTP, and their validation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self, TypedDict

from pydantic import AfterValidator, ValidationError

from server.api.fields import CommonFields, Name
from server.api.reference import Reference, ReferenceSource
from server.api.reference_fields import ReferenceFields, Use
from server.errors import RequestError, validation_message
from server.references.analyzed_recording import AnalyzedRecording
from server.references.reference_cache import ReferenceCache
from server.synthesis.options import SpeechOptions
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference


class SpeechArguments(TypedDict, total=False):
    """How a text is spoken. All of it is optional; None is the default."""

    voice: str | None
    """Another voice than the opened one, or `voice/speaker`."""
    speaker: str | None
    """By default the first one of the voice."""
    emotion: str | None
    """By default neutral."""
    speed: float
    """0.25 to 4; 2 is twice as fast."""
    pitch: float
    """Semitones, -12 to 12."""
    energy: float
    """Decibels, -12 to 12."""
    volume: float
    """Factor on the samples, 0 to 4; peaks are limited, they do not clip."""
    pitch_range: float
    """Factor on the range of the pitch, in semitones around its mean, 0 to 3."""
    pauses: float
    """Factor on the pauses between phrases and sentences, 0.25 to 4."""
    lexicon: dict[str, str] | None
    """Readings for this text: word -> pinyin with tone digits, one a character."""
    replacements: dict[str, str] | None
    """Words of this text -> what is spoken in their place."""
    seed: int | None
    """Of the noise in the voice. With a seed, equal calls give equal samples on the same provider."""
    sample_rate: int | None
    """Hz; by default that of the voice."""
    reference: ReferenceSource | None
    """A recording that the text is spoken like: a path, the bytes of a file, or an opened `Reference`."""
    reference_strength: float
    """How much of its emotion is taken over, 0 to 1."""
    reference_use: Sequence[Use] | None
    """What is taken over: timbre, emotion, delivery; by default timbre, where the voice can, and emotion."""
    delivery: bool
    """Whether its melody and timing are taken over too: it says the same text, or has a transcript."""


class EncodedSpeechArguments(SpeechArguments, total=False):
    """How a text is spoken and encoded."""

    response_format: str | None
    """mp3, opus, aac, flac, wav, pcm or webm."""
    bit_rate: int | None
    """Bits per second, for compressed formats; the default depends on the format and the sampling rate."""


def _require_source(reference: object) -> object:
    if reference is not None and not isinstance(reference, Reference | Path | str | bytes):
        raise ValueError("a path, the bytes of a file, or an opened Reference")
    return reference


class SpeechFields(ReferenceFields, CommonFields):
    """The validated arguments of a call."""

    voice: Name | None = None
    reference: Annotated[Any, AfterValidator(_require_source)] = None
    delivery: bool = False

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """From keyword arguments. Raises `RequestError` with the argument and its valid values."""
        try:
            return cls.model_validate(arguments)
        except ValidationError as error:
            details = error.errors(include_url=False)[0]
        name = str(details["loc"][0])
        if details["type"] == "extra_forbidden":
            valid = ", ".join(cls.model_fields)
            raise RequestError(f"{name} is not an argument; valid: {valid}", param=name, code="unknown_field")
        raise RequestError(validation_message(name, details), param=name)

    @property
    def options(self) -> SpeechOptions:
        """How the text is spoken, the reference aside. Raises `RequestError` for an invalid lexicon."""
        return self.options_for(self.voice)

    def opened_reference(self, cache: ReferenceCache) -> SpeechReference | None:
        """The recording, and what of it is taken over; None without one.

        It blocks, unless the recording is in the cache. Raises `RequestError` for one that cannot be used.
        """
        source: ReferenceSource | None = self.reference
        if source is None:
            if self.delivery:
                raise RequestError("delivery says how a reference is used; give a reference too", param="delivery")
            self.require_reference()
            return None
        opened = source if isinstance(source, Reference) else Reference.opened(cache, source)
        found = self.speech_reference(AnalyzedRecording(opened.recording, opened.analysis), opened.transcript)
        return replace(found, uses=found.uses | {ReferenceUse.DELIVERY}) if self.delivery else found


class EncodedSpeechFields(SpeechFields):
    """The validated arguments of a call that encodes."""

    response_format: Name | None = None
    bit_rate: int | None = None
