"""Words for what a validator refuses, the same in config.yaml and in a request: what it must be, and what it was."""

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

_brief = Repr()
_brief.maxstring = _brief.maxother = 80


def sentence(place: str, mistake: ErrorDetails) -> str:
    """One mistake that pydantic found at `place`, in words. A long value is shortened."""
    if mistake["type"] == "missing":
        return f"{place} is missing"
    shown = _brief.repr(mistake["input"])
    if mistake["type"] in _EXPECTED:
        return f"{place} must be {_EXPECTED[mistake['type']].format_map(mistake.get('ctx', {}))}, not {shown}"
    return f"{place}: {mistake['msg']}, not {shown}"
