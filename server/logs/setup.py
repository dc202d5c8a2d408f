"""Sets the log up: its handler, format and levels, as config.yaml says. It can be repeated while the server runs."""

import logging
import sys

from server.config import Config, LoggingSection
from server.logs.console import ConsoleFormatter
from server.logs.texts import allow_texts

_handler: logging.Handler = logging.StreamHandler(sys.stderr)
_own_levels: set[str] = set()
"""Loggers whose levels the configuration has set."""


def configure_logging(section: LoggingSection, level: str | None = None) -> None:
    """Writes the log to standard error. `level` replaces that of the configuration.

    In a program that has set handlers of its own, those stay, and only levels change.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(_handler)
    _handler.setFormatter(_formatter(section))
    root.setLevel(level or section.level.upper())
    for name in _own_levels - section.levels.keys():
        logging.getLogger(name).setLevel(logging.NOTSET)
    for name, own in section.levels.items():
        logging.getLogger(name).setLevel(own.upper())
    _own_levels.clear()
    _own_levels.update(section.levels)
    allow_texts(section.texts)


def _formatter(section: LoggingSection) -> logging.Formatter:
    if section.format == "console":
        return ConsoleFormatter()
    # Imported here: an environment that only speaks, such as that of a training, does not have its library.
    from server.logs.json_lines import JsonLinesFormatter

    return JsonLinesFormatter()


def reconfigure(config: Config) -> None:
    """Applies a new configuration."""
    configure_logging(config.logging)
