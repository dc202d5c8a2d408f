"""Tracebacks in the log. What an exception of a request says may be the text of its client, so it is withheld."""

import logging
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
    message = _message(error, private=current_request.get() is not None)
    return type(error).__qualname__ if message is _WITHHELD else message


def exception_lines(error: BaseException, logger: str) -> list[str]:
    """Returns the traceback of an error and of those that led to it, the first one first.

    Of errors that nobody expected, the message is left out unless `logging.texts` is set: within a request, and in logs
    of libraries, such as asyncio's, which tells late what has happened to the tasks of requests.
    """
    private = current_request.get() is not None or logger.partition(".")[0] != "server"
    return [line for each in _chain(error) for line in _lines(each, private=private)]


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain[::-1]


def _lines(error: BaseException, *, private: bool) -> Iterator[str]:
    if error.__traceback__:
        yield "Traceback (most recent call last):"
        for frame in traceback.format_tb(error.__traceback__):
            yield from map(escaped, frame.rstrip("\n").split("\n"))
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield escaped(f"{name}: {_message(error, private=private)}")
    for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from (f"  {line}" for each in _chain(inner) for line in _lines(each, private=private))


def _message(error: BaseException, *, private: bool) -> str:
    return _WITHHELD if private and not isinstance(error, _KNOWN) and not texts_are_logged() else str(error)


def traceback_lines(record: logging.LogRecord) -> list[str]:
    """The lines of the exception of a log entry, none without one."""
    error = record.exc_info[1] if record.exc_info else None
    return exception_lines(error, record.name) if error else []
