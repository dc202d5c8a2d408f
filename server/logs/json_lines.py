"""Lines of the log as JSON. Nothing that a client sends can end a line or change how it is shown."""

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from server.logs.context import current_request
from server.logs.escaping import escaped
from server.logs.exceptions import traceback_lines


class JsonLinesFormatter(JsonFormatter):
    """One JSON object a line: time (UTC), level, logger, message, what the entry adds, the request and its client."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger", "exc_info": "exception"}
        reserved = [*RESERVED_ATTRS, "color_message"]
        super().__init__(
            ["levelname", "name", "message"], rename_fields=names, reserved_attrs=reserved, json_ensure_ascii=False
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Adds the fields of the entry, with its traceback in the same form as for people."""
        message_dict["exc_info"] = "\n".join(traceback_lines(record))
        super().add_fields(log_data, record, {name: value for name, value in message_dict.items() if value})

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Adds time and request, and escapes every text."""
        found: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        found |= {name: _escaped_value(name, value) for name, value in log_data.items()}
        if context := current_request.get():
            found["request_id"] = context.request_id
            if context.client:
                found["client"] = context.client
        return found


def _escaped_value(name: str, value: object) -> object:
    if name == "exception" or not isinstance(value, str):
        return value  # the lines of a traceback are escaped one by one
    return escaped(value)
