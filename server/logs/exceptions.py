"""Tracebacks in the log. What an exception of a request says may be the text of its client, so it is withheld."""

import traceback
from collections.abc import Iterator

from server.errors import SpeechError
from server.logs.context import current_request
from server.logs.escaping import escaped
from server.logs.texts import texts_are_logged

_KNOWN = (SpeechError, OSError, MemoryError)
"""Errors whose messages have no text of a client: ours are written so, those of the system name files and addresses."""
_WITHHELD = "(the message may have the text of a client; logging.texts in config.yaml shows it)"


def summary(error: BaseException) -> str:
    """Returns what an error says, or only its class where that may be the text of a client."""
    message = _message(error)
    return type(error).__qualname__ if message is _WITHHELD else message


def exception_lines(error: BaseException) -> list[str]:
    """Returns the traceback of an error and of those that led to it, the first one first.

    Of errors that nobody expected within a request, the message is left out unless `logging.texts` is set.
    """
    return [line for each in _chain(error) for line in _lines(each)]


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain[::-1]


def _lines(error: BaseException) -> Iterator[str]:
    if error.__traceback__:
        yield "Traceback (most recent call last):"
        for frame in traceback.format_tb(error.__traceback__):
            yield from map(escaped, frame.rstrip("\n").split("\n"))
    yield escaped(f"{type(error).__module__}.{type(error).__qualname__}: {_message(error)}".removeprefix("builtins."))
    for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from (f"  {line}" for line in exception_lines(inner))


def _message(error: BaseException) -> str:
    if isinstance(error, _KNOWN) or texts_are_logged() or current_request.get() is None:
        return str(error)
    return _WITHHELD
