"""The body of POST /v1/audio/speech: OpenAI's fields and ours, checked before anything is computed."""

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from server.errors import RequestError, validation_message
from server.types import STYLE_LIMITS, Style

_LINE_BREAKS_AND_TABS = "\n\r\t"


def _bare_voice(voice: Any) -> Any:
    """OpenAI's clients may send a voice as {"id": name}."""
    return voice["id"] if isinstance(voice, dict) and voice.keys() == {"id"} else voice


def _limits(setting: str) -> Any:
    """Those of `Style`, stated here too so that a request is refused before it waits for a thread."""
    low, high = STYLE_LIMITS[setting]
    return Field(ge=low, le=high)


Name = Annotated[str, Field(min_length=1, max_length=200)]


class SpeechRequest(BaseModel):
    """What a client asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    input: str
    voice: Annotated[Name | None, BeforeValidator(_bare_voice)] = None
    response_format: Name = "wav"
    speed: Annotated[float, _limits("speed")] = 1.0

    speaker: Name | None = None
    emotion: Name | None = None
    pitch: Annotated[float, _limits("pitch")] = 0.0
    energy: Annotated[float, _limits("energy")] = 0.0
    volume: Annotated[float, _limits("volume")] = 1.0

    # Taken because OpenAI's clients send them; without effect here.
    model: str | None = None
    instructions: str | None = None
    stream_format: Literal["audio"] = "audio"

    @property
    def style(self) -> Style:
        return Style(speed=self.speed, pitch=self.pitch, energy=self.energy, volume=self.volume)


def parse(body: bytes, longest: int) -> SpeechRequest:
    """The request in `body`. Raises `RequestError` that names the field, and what it may be."""
    try:
        request = SpeechRequest.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from None
    _check_text(request.input, longest)
    return request


def _refusal(error: ValidationError) -> RequestError:
    """The first mistake; `param` is its field."""
    mistake = error.errors(include_url=False)[0]
    if mistake["type"] == "json_invalid":
        return RequestError(f"the body is not valid JSON: {mistake['ctx']['error']}", code="invalid_json")
    if not mistake["loc"]:
        return RequestError('the body must be a JSON object such as {"input": "你好"}', code="invalid_json")
    field = str(mistake["loc"][0])
    match mistake["type"]:
        case "extra_forbidden":
            message, code = f"{field} is not a field; valid: {', '.join(SpeechRequest.model_fields)}", "unknown_field"
        case "missing":
            message, code = f"{field} is missing", "missing_field"
        case _:
            message, code = validation_message(field, mistake), "invalid_value"
    return RequestError(message, param=field, code=code)


def _check_text(text: str, longest: int) -> None:
    if not text.strip():
        raise RequestError("input is empty; send the text to speak", param="input", code="empty_input")
    if len(text) > longest:
        message = f"input has {len(text)} characters, this server takes {longest}; split the text"
        raise RequestError(message, param="input", code="input_too_long")
    if found := _control_characters(text):
        listed = ", ".join(f"U+{ord(character):04X}" for character in found)
        raise RequestError(
            f"input holds control characters ({listed}); remove them", param="input", code="invalid_input"
        )


def _control_characters(text: str) -> Sequence[str]:
    found = {character for character in text if unicodedata.category(character) == "Cc"}
    return sorted(found.difference(_LINE_BREAKS_AND_TABS))
