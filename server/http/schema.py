"""The request body of POST /v1/audio/speech: the fields of OpenAI's API and extensions, with their validation."""

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from server.errors import RequestError, validation_message
from server.synthesis.options import SpeechOptions
from server.types import STYLE_LIMITS, Style

_ALLOWED_CONTROL_CHARACTERS = "\n\r\t"


def _voice_name(voice: Any) -> Any:
    """Returns the name of a voice that OpenAI's clients may send as {"id": name}."""
    return voice["id"] if isinstance(voice, dict) and voice.keys() == {"id"} else voice


def _limits(setting: str) -> Any:
    """The limits of `Style`, checked here too so that an invalid request fails before it waits for a worker."""
    low, high = STYLE_LIMITS[setting]
    return Field(ge=low, le=high)


Name = Annotated[str, Field(min_length=1, max_length=200)]


class SpeechRequest(BaseModel):
    """A validated request for speech."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    input: str
    voice: Annotated[Name | None, BeforeValidator(_voice_name)] = None
    response_format: Name = "wav"
    speed: Annotated[float, _limits("speed")] = 1.0

    speaker: Name | None = None
    emotion: Name | None = None
    pitch: Annotated[float, _limits("pitch")] = 0.0
    energy: Annotated[float, _limits("energy")] = 0.0
    volume: Annotated[float, _limits("volume")] = 1.0

    # Accepted for compatibility with OpenAI's clients; without effect.
    model: str | None = None
    instructions: str | None = None
    stream_format: Literal["audio"] = "audio"

    @property
    def options(self) -> SpeechOptions:
        """How the text is spoken."""
        style = Style(speed=self.speed, pitch=self.pitch, energy=self.energy, volume=self.volume)
        return SpeechOptions(self.voice, self.speaker, self.emotion, style)


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
