"""Lines of the log for people. Nothing that a client sends can end a line or change how it is shown."""

import logging

from server.logs.context import current_request
from server.logs.escaping import escaped
from server.logs.exceptions import traceback_lines

_INDENT = "    "
"""Before the lines of a traceback, so that none looks like the start of another entry."""


class ConsoleFormatter(logging.Formatter):
    """`2026-01-02 03:04:05,678 INFO server.http: message [request id]`, and a traceback indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns one line, and the lines of a traceback."""
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {escaped(record.getMessage())}"
        if context := current_request.get():
            line += f" [{context.request_id}]"
        return "\n".join([line, *(_INDENT + below for below in traceback_lines(record))])
