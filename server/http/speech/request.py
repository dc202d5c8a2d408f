"""The fields of a request for speech: those of OpenAI's API and our own, with their validation."""

import asyncio
from typing import Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from server.api.fields import DEFAULT_FORMAT, CommonFields, Fields, Name
from server.api.reference_fields import CONSENT_REMEDY, InlineReference, ReferenceFields
from server.audio.encoders import ENCODERS, OutputFormat
from server.errors import RequestError, validation_message
from server.http.request_body import read_body
from server.synthesis.options import SpeechOptions
from server.text.characters import control_characters

MAX_INSTRUCTIONS = 4096
"""Characters."""
_LONG = 2**19
"""Bytes, of a body that takes the event loop milliseconds to parse."""
_DEPTH_IN_OBJECT = 3
"""Of the place of an error in a field that may be an object: field, type, field of the object."""
_BYTES_PER_CHARACTER = 12
"""The maximum: a pair of \\uXXXX in JSON, four percent-encoded bytes in a URL."""
_OTHER_BYTES = 2**20
"""For the other fields. A text that is slightly too long must reach the check that reports its length."""


def max_bytes(max_characters: int) -> int:
    """The bytes of a request that are read, for texts of so many characters, without a recording."""
    return _BYTES_PER_CHARACTER * max_characters + _OTHER_BYTES


class VoiceReference(Fields):
    """A voice as OpenAI's clients name their own voices: {"id": name}."""

    id: Name = Field(description="The name of the voice.", examples=["demo"])


class SpeechRequest(ReferenceFields, CommonFields):
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
    bit_rate: int | None = Field(
        default=None,
        description="Bits per second, for compressed formats; the default depends on format and sampling rate.",
        examples=[64000],
    )
    timestamps: bool = Field(
        default=False,
        description="With `stream_format` sse: events with the times of sentences, words, syllables and phones.",
    )
    reference: Name | InlineReference | None = Field(
        default=None,
        description="A recording that the text is spoken like: the id of one in `/v1/audio/references`, or an object "
        "with the recording itself, which is not kept. The response headers X-Reference-Applied and "
        "X-Reference-Ignored say what the voice takes over.",
        examples=[{"audio": "UklGRiQAAABXQVZF", "consent": "This is my own voice."}],
    )
    reference_similarity: bool = Field(
        default=False,
        description="With `stream_format` sse and timbre: the last event says how similar the speech is to the "
        "reference. Such a request is not taken from the cache.",
    )

    @property
    def output(self) -> OutputFormat:
        """The format of the audio. Raises what `OutputFormat` raises."""
        return OutputFormat(self.response_format, self.sample_rate, self.bit_rate)

    @property
    def options(self) -> SpeechOptions:
        """How the text is spoken, the instructions aside. Raises `RequestError` for an invalid lexicon."""
        return self.options_for(self.voice.id if isinstance(self.voice, VoiceReference) else self.voice)


Request = TypeVar("Request", bound=SpeechRequest)
Validated = TypeVar("Validated", bound=BaseModel)


def require_json(request: web.Request) -> None:
    """Raises 415 unless the body is declared as JSON."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(
            text=f"send JSON with Content-Type: application/json, not {request.content_type}"
        )


def validate_json(model: type[Validated], body: bytes, example: str = '{"input": "你好"}') -> Validated:
    """Parses and validates JSON, such as `example`. Raises `RequestError` with the field and its valid values."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _request_error(model, error, example) from None


async def read_request(model: type[Request], request: web.Request, max_bytes: int) -> Request:
    """Reads, parses and validates a JSON body. Raises 413, 415 and `RequestError`."""
    require_json(request)
    body = await read_body(request, max_bytes)
    if len(body) < _LONG:
        return parse_request(model, body)
    return await asyncio.to_thread(parse_request, model, body)


def parse_request(model: type[Request], body: bytes) -> Request:
    """Parses and validates a request as JSON. Raises `RequestError` with the field and its valid values."""
    request = validate_json(model, body)
    if not request.input.strip():
        raise RequestError("input is empty; send the text to speak", param="input", code="empty_input")
    if found := control_characters(request.input):
        raise RequestError(f"input has control characters ({found}); remove them", param="input", code="invalid_input")
    return request


def _request_error(model: type[BaseModel], error: ValidationError, example: str) -> RequestError:
    """Converts the first validation error; `param` is its field."""
    details = _first_error(error)
    if details["type"] == "json_invalid":
        return RequestError(f"the body is not valid JSON: {details['ctx']['error']}", code="invalid_json")
    if not details["loc"]:
        return RequestError(f"the body must be a JSON object such as {example}", code="invalid_json")
    field = str(details["loc"][0])
    place = field if len(details["loc"]) < _DEPTH_IN_OBJECT else f"{field}.{details['loc'][-1]}"
    match details["type"]:
        case "extra_forbidden" if field not in model.model_fields:
            message, code = f"{field} is not a field; valid: {', '.join(model.model_fields)}", "unknown_field"
        case "missing" if field == "input":
            message, code = "input is missing", "missing_field"
        case "missing" if details["loc"][-1] == "consent":
            message, code = f"{place} is missing: {CONSENT_REMEDY}", "consent_missing"
        case _:
            message, code = validation_message(place, details), "invalid_value"
    return RequestError(message, param=field, code=code)


def _first_error(error: ValidationError) -> ErrorDetails:
    """The first error. Of a field that is text or an object, the one within the object, if it is one."""
    errors = error.errors(include_url=False)
    same_field = [each for each in errors if each["loc"][:1] == errors[0]["loc"][:1]]
    inside = [each for each in same_field if len(each["loc"]) >= _DEPTH_IN_OBJECT]
    return (inside or errors)[0]
