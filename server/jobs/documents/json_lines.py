"""JSON lines: each is an object with a text, and with fields of speech that differ from those of the job."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, ValidationError

from server.api.fields import CommonFields, Name
from server.errors import RequestError, validation_message
from server.jobs.documents.file_names import FileNames
from server.jobs.documents.lines import NAME_CHARACTERS, numbered, require_length
from server.jobs.job import PartContent
from server.jobs.request import MAX_INSTRUCTIONS
from server.text.characters import control_characters

_NOT_OF_SPEECH = frozenset(("input", "id", "name"))
_OF_THE_JOB = frozenset(("sample_rate", "response_format", "bit_rate"))
"""One result has one format."""


class JsonLine(CommonFields):
    """One line."""

    input: Annotated[str, Field(min_length=1)]
    id: str | int | None = None
    name: str | None = None
    voice: Name | None = None
    instructions: Annotated[str, Field(max_length=MAX_INSTRUCTIONS)] | None = None


def json_line_parts(lines: Sequence[str], limit: int) -> list[PartContent]:
    """A part for each line that is not blank, named by its `name`, its `id` or its number.

    Raises `RequestError` with the line and the field, also for a text of more than `limit` characters.
    """
    names = FileNames()
    return [_part(line, number, len(lines), limit, names) for number, line in enumerate(lines, 1) if line.strip()]


def _part(line: str, number: int, count: int, limit: int, names: FileNames) -> PartContent:
    fields = _parse(line, number)
    text = fields.input.strip()
    if not text:
        raise RequestError(f"line {number}: input is empty; write the text to speak", param="input", code="empty_input")
    if found := control_characters(text):
        message = f"line {number}: input has control characters ({found}); remove them"
        raise RequestError(message, param="input", code="invalid_input")
    require_length(text, limit, number)
    given = fields.model_dump(mode="json", include=fields.model_fields_set - _NOT_OF_SPEECH)
    identity = {} if fields.id is None else {"id": fields.id}
    default = numbered(number, count)
    chosen = fields.name or (str(fields.id) if fields.id is not None else f"{default} {text[:NAME_CHARACTERS]}")
    return PartContent(text, len(text), given, names.unique(chosen, default), details={"line": number, **identity})


def _parse(line: str, number: int) -> JsonLine:
    try:
        fields = JsonLine.model_validate_json(line)
    except ValidationError as error:
        found = error.errors(include_url=False)
        details = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    else:
        if forbidden := fields.model_fields_set & _OF_THE_JOB:
            name = min(forbidden)
            raise RequestError(f"line {number}: {name} is a field of the job, the same for all lines", param=name)
        return fields
    field = ".".join(map(str, details["loc"][:1]))
    match details["type"]:
        case "json_invalid":
            message, code = f"this is not valid JSON: {details['ctx']['error']}", "invalid_json"
        case _ if not field:
            message, code = 'write an object such as {"input": "你好", "name": "greeting"}', "invalid_json"
        case "extra_forbidden" if field in _OF_THE_JOB:
            message, code = f"{field} is a field of the job, the same for all lines", "invalid_value"
        case "extra_forbidden" if field not in JsonLine.model_fields:
            valid = ", ".join(name for name in JsonLine.model_fields if name not in _OF_THE_JOB)
            message, code = f"{field[:80]!r} is not a field; valid: {valid}", "unknown_field"
        case _:
            message, code = validation_message(field, details), "invalid_value"
    raise RequestError(f"line {number}: {message}", param=field or "input", code=code)
