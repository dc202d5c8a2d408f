"""Where something stands in a client's text, and the words with which it is refused there."""

from server.errors import RequestError

_SHOWN = 40


class MarkupError(ValueError):
    """Markup that asks for what cannot be done; whoever knows the place makes a `refusal` of it."""


def refusal(text: str, place: int, message: str, code: str) -> RequestError:
    """An error about the character at `place`: line and column count from 1, CR LF is one end of a line."""
    before = text[:place]
    line = 1 + before.count("\n") + before.count("\r") - before.count("\r\n")
    column = place - max(before.rfind("\n"), before.rfind("\r"))
    return RequestError(f"line {line}, column {column}: {message}", param="input", code=code)


def shown(value: str) -> str:
    """A client's value in quotes, shortened, with nothing in it that cannot be printed."""
    return repr(value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "...")
