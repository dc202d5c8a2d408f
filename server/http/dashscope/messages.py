"""The client's messages: JSON in text frames, `{"header": {...}, "payload": {...}}`, with their validation."""

import json
from typing import Annotated, Any, Literal, NoReturn, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from server.errors import RequestError, validation_message
from server.text.characters import control_characters

ACTIONS = ("run-task", "continue-task", "finish-task")


def _require_text(text: Any) -> Any:
    # Not declared as `str`: pydantic refuses half a surrogate pair, and a client may cut a text there.
    if not isinstance(text, str):
        raise ValueError("text (in quotes)")
    if found := control_characters(text):
        raise ValueError(f"text without control characters ({found})")
    return text


class _Message(BaseModel):
    """Keys that the protocol does not have are ignored: clients send some of their own."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


class Header(_Message):
    """What every message says about its task."""

    action: Literal["run-task", "continue-task", "finish-task"]
    task_id: str = Field(min_length=1, max_length=200)


class RunHeader(Header):
    """The header of `run-task`."""

    streaming: Literal["out", "duplex"]
    """out: the text is whole; duplex: it comes in pieces."""


class Input(_Message):
    """The text of a message, or what to do with the text so far."""

    text: Annotated[Any, AfterValidator(_require_text)] = None
    flush: bool = False
    """Speak the text so far, as if it ended here."""
    directive: Literal["cancel"] | None = None
    """cancel: stop, and drop what was not sent."""


class RunPayload(_Message):
    """What a new task is to speak, and how."""

    model: str = Field(min_length=1, max_length=200)
    task_group: Literal["audio"] = "audio"
    task: Literal["tts"] = "tts"
    function: Literal["SpeechSynthesizer"] = "SpeechSynthesizer"
    input: Input = Input()
    parameters: dict[str, Any] = {}


class InputPayload(_Message):
    """The payload of `continue-task` and `finish-task`."""

    input: Input = Input()


class RunTask(_Message):
    """Starts a task."""

    header: RunHeader
    payload: RunPayload


class ContinueTask(_Message):
    """Brings text, or flushes the text so far."""

    header: Header
    payload: InputPayload = InputPayload()


class FinishTask(_Message):
    """Says that there is no more text, or cancels the task."""

    header: Header
    payload: InputPayload = InputPayload()


Message: TypeAlias = RunTask | ContinueTask | FinishTask

_MODELS: dict[str, type[RunTask] | type[ContinueTask] | type[FinishTask]] = dict(
    zip(ACTIONS, (RunTask, ContinueTask, FinishTask), strict=True)
)


_DEEPEST_FIELDS = 3
"""Levels above payload.parameters.hot_fix.replace."""


def parse_message(data: str) -> Message:
    """Parses and validates a text frame. Raises `RequestError` with the field and its valid values."""
    content = _parse_json(data)
    header = content.get("header")
    action = header.get("action") if isinstance(header, dict) else None
    model = _MODELS.get(action, ContinueTask) if isinstance(action, str) else ContinueTask
    try:
        return model.model_validate(_without_nulls(content, depth=_DEEPEST_FIELDS))
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        location = ".".join(map(str, details["loc"]))
        raise RequestError(validation_message(location, details), param=location) from None


def task_id_of(data: str) -> str | None:
    """The task that an invalid message names, so that its client can tell what has failed."""
    try:
        task_id = _parse_json(data)["header"]["task_id"]
    except (RequestError, KeyError, TypeError):
        return None
    return task_id if isinstance(task_id, str) else None


def _parse_json(data: str) -> dict[str, Any]:
    """Not pydantic's parser, which refuses half a surrogate pair."""
    try:
        content = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the message is not valid JSON: {error}", code="invalid_json") from None
    if not isinstance(content, dict):
        raise RequestError('a message is a JSON object {"header": {...}, "payload": {...}}', code="invalid_json")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _without_nulls(content: dict[str, Any], depth: int) -> dict[str, Any]:
    """Clients in typed languages send null for what they do not set."""
    return {
        key: _without_nulls(value, depth - 1) if depth and isinstance(value, dict) else value
        for key, value in content.items()
        if value is not None
    }
