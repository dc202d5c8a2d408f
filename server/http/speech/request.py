"""The fields of a request for speech: those of OpenAI's API and our own, with their validation."""

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.audio.encoders import ENCODERS
from server.errors import RequestError, validation_message
from server.synthesis.options import SpeechOptions, Wording
from server.types import DEFAULT_STYLE, STYLE_LIMITS, Style

DEFAULT_FORMAT = "wav"

MAX_SEED = 2**32 - 1
MAX_ENTRIES = 1000
"""Of a lexicon, and of replacements."""
MAX_INSTRUCTIONS = 4096
"""Characters."""

_ALLOWED_CONTROL_CHARACTERS = "\n\r\t"


def _limited(setting: str, description: str) -> Any:
    """A field with the limits of `Style`, checked here too so that an invalid request fails before it waits."""
    low, high = STYLE_LIMITS[setting]
    return Field(default=getattr(DEFAULT_STYLE, setting), ge=low, le=high, description=description)


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Name = Annotated[str, Field(min_length=1, max_length=200)]


class VoiceReference(_Fields):
    """A voice as OpenAI's clients name their own voices: {"id": name}."""

    id: Name = Field(description="The name of the voice.", examples=["demo"])


class SpeechRequest(_Fields):
    """A validated request for speech."""

    input: str = Field(
        description="The text: plain, with inline marks, or SSML. At most 10,000 characters, unless config.yaml "
        "says otherwise (`synthesis.max_characters`).",
        examples=[
            "你好，今天天气怎么样？",
            "重[chong2]庆[pause:300ms]很大。",
            "<speak>你好<break time='1s'/>再见</speak>",
        ],
    )
    model: str | None = Field(
        default=None,
        description="Any name, without effect: the voice decides. OpenAI's clients must send one.",
        examples=["tts-1", "gpt-4o-mini-tts"],
    )
    voice: Name | VoiceReference | None = Field(
        default=None,
        description="A voice of `/v1/audio/voices`, an alias such as OpenAI's `alloy`, or `voice/speaker`. Without "
        "one, the default voice speaks.",
        examples=["alloy", "demo", "demo/female", {"id": "demo"}],
    )
    response_format: Name = Field(
        default=DEFAULT_FORMAT, description="The format of the audio.", json_schema_extra={"enum": list(ENCODERS)}
    )
    speed: float = _limited("speed", "Factor on the speed; 2 is twice as fast.")
    stream_format: Literal["audio", "sse"] = Field(
        default="audio",
        description="audio: the body is the audio. sse: server-sent events, with the audio in base64.",
    )
    instructions: str | None = Field(
        default=None,
        max_length=MAX_INSTRUCTIONS,
        description="May choose an emotion and a pace in plain words, in English or Chinese. `emotion` and `speed` "
        "take precedence. What was not understood is named in the response header X-Instructions-Ignored.",
        examples=["Speak happily.", "用悲伤的语气慢一点"],
    )

    speaker: Name | None = Field(
        default=None, description="A speaker of the voice; by default the first one.", examples=["female"]
    )
    emotion: Name | None = Field(
        default=None, description="An emotion of the voice; by default neutral.", examples=["happy"]
    )
    pitch: float = _limited("pitch", "Semitones that the pitch is shifted by.")
    energy: float = _limited("energy", "Decibels that the energy is shifted by; a voice follows in part.")
    volume: float = _limited("volume", "Factor on the samples; peaks are limited, they do not clip.")
    sample_rate: int | None = Field(
        default=None, description="Sampling rate of the audio in Hz; by default that of the voice.", examples=[24000]
    )
    bit_rate: int | None = Field(
        default=None,
        description="Bits per second, for compressed formats; the default depends on format and sampling rate.",
        examples=[64000],
    )
    lexicon: dict[str, str] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Readings for this text: Chinese words and their pinyin with tone digits, one per character.",
        examples=[{"重阳镇": "chong2 yang2 zhen4"}],
    )
    replacements: dict[str, str] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Words of this text and what is spoken in their place.",
        examples=[{"SQL": "sequel"}],
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="Makes the voice's noise repeatable: equal requests give equal bytes on the same device. Such a "
        "stream shares no batch with others, which costs more computing.",
        examples=[42],
    )
    timestamps: bool = Field(
        default=False,
        description="With `stream_format` sse: events with the times of sentences, words, syllables and phones.",
    )

    @property
    def options(self) -> SpeechOptions:
        """How the text is spoken, the instructions aside. Raises `RequestError` for an invalid lexicon."""
        voice = self.voice.id if isinstance(self.voice, VoiceReference) else self.voice
        style = Style(speed=self.speed, pitch=self.pitch, energy=self.energy, volume=self.volume)
        wording = Wording.of(self.lexicon, self.replacements)
        return SpeechOptions(voice, self.speaker, self.emotion, style, wording, self.seed)


def parse(body: bytes) -> SpeechRequest:
    """Parses and validates a request body. Raises `RequestError` with the field and its valid values."""
    try:
        request = SpeechRequest.model_validate_json(body)
    except ValidationError as error:
        raise _request_error(error) from None
    if not request.input.strip():
        raise RequestError("input is empty; send the text to speak", param="input", code="empty_input")
    controls = {character for character in request.input if unicodedata.category(character) == "Cc"}
    if found := sorted(controls.difference(_ALLOWED_CONTROL_CHARACTERS)):
        listed = ", ".join(f"U+{ord(character):04X}" for character in found)
        raise RequestError(f"input has control characters ({listed}); remove them", param="input", code="invalid_input")
    return request


def _request_error(error: ValidationError) -> RequestError:
    """Converts the first validation error; `param` is its field."""
    details = error.errors(include_url=False)[0]
    if details["type"] == "json_invalid":
        return RequestError(f"the body is not valid JSON: {details['ctx']['error']}", code="invalid_json")
    if not details["loc"]:
        return RequestError('the body must be a JSON object such as {"input": "你好"}', code="invalid_json")
    field = str(details["loc"][0])
    match details["type"]:
        case "extra_forbidden":
            message, code = f"{field} is not a field; valid: {', '.join(SpeechRequest.model_fields)}", "unknown_field"
        case "missing":
            message, code = f"{field} is missing", "missing_field"
        case _:
            message, code = validation_message(field, details), "invalid_value"
    return RequestError(message, param=field, code=code)
