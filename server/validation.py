"""Validation errors of pydantic as one-line messages, for config.yaml and for request bodies."""

from reprlib import Repr

from pydantic_core import ErrorDetails

_EXPECTED = {
    "string_type": "text (in quotes if it looks like something else)",
    "string_too_short": "text of at least one character",
    "string_too_long": "text of at most {max_length} characters",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "above {gt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "one of {expected}",
    "tuple_type": "a list",
    "path_type": "a path",
    "model_type": "a section with keys",
    "value_error": "{error}",
}
"""Error type of pydantic -> the valid values; placeholders are filled from the error's context."""

_shortened = Repr()
_shortened.maxstring = _shortened.maxother = 80


def validation_message(location: str, details: ErrorDetails) -> str:
    """Returns one validation error as `server.port must be a whole number, not 1.5`. Long values are shortened."""
    if details["type"] == "missing":
        return f"{location} is missing"
    value = _shortened.repr(details["input"])
    if details["type"] in _EXPECTED:
        return f"{location} must be {_EXPECTED[details['type']].format_map(details.get('ctx', {}))}, not {value}"
    return f"{location}: {details['msg']}, not {value}"
