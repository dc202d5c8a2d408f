"""The texts of clients: they are logged only if `logging.texts` asks for it."""

import logging

TEXTS = "server.texts"
"""The logger of the texts. It is disabled, whatever its level, until the configuration allows it."""

_log = logging.getLogger(TEXTS)
_log.disabled = True


def log_text(text: str) -> None:
    """Logs a text of a client, if the configuration allows that."""
    _log.info("text: %s", text)


def texts_are_logged() -> bool:
    """Whether texts of clients may be in the log."""
    return not _log.disabled


def allow_texts(allowed: bool) -> None:
    """Sets whether texts of clients may be in the log."""
    _log.disabled = not allowed
