"""Positions of errors in a client's text, and the errors that name them."""

from server.errors import RequestError

_MAX_QUOTED_CHARACTERS = 40


class MarkupError(ValueError):
    """Markup that cannot be used. `markup_error_at` adds its position and makes a `RequestError` of it."""


def markup_error_at(text: str, position: int, message: str, code: str) -> RequestError:
    """Returns an error for the character at `position`: line and column count from 1, CR LF is one line end."""
    before = text[:position]
    line = 1 + before.count("\n") + before.count("\r") - before.count("\r\n")
    column = position - max(before.rfind("\n"), before.rfind("\r"))
    return RequestError(f"line {line}, column {column}: {message}", param="input", code=code)


def quoted(value: str) -> str:
    """Returns a client's value in quotes, shortened, with unprintable characters escaped."""
    return repr(value if len(value) <= _MAX_QUOTED_CHARACTERS else value[: _MAX_QUOTED_CHARACTERS - 3] + "...")
