"""The access log: a line for each request, without the query, since that of GET has the text of the client."""

import logging

from aiohttp import hdrs
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import BaseRequest, Request, StreamResponse

from server.http.operations.request_id import CONTEXT

MAX_LENGTH = 200
"""Characters of a path, and of the name of a client."""
PROBES = ("/health", "/ready", "/metrics")
"""Asked every few seconds by machines: logged only in detail."""


class AccessLog(AbstractAccessLogger):
    """Logs the client, the request, the status, the bytes sent with headers, the times and the program.

    The same is in the fields of the entry, for logs in JSON.
    """

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Logs a request that was answered, or whose answer was cut off, after `time` seconds."""
        level = logging.DEBUG if request.rel_url.raw_path in PROBES else logging.INFO
        if not self.logger.isEnabledFor(level):
            return
        context = request.get(CONTEXT) if isinstance(request, Request) else None
        client, first = (context.client, context.first_audio_seconds) if context else ("", None)
        fields = {
            "address": (context.address if context else request.remote) or "-",
            "client": client,
            "method": request.method,
            "path": request.rel_url.raw_path[:MAX_LENGTH],
            "status": response.status,
            "bytes": response.body_length,
            "seconds": round(time, 3),
            "first_audio_seconds": None if first is None else round(first, 3),
            "user_agent": request.headers.get(hdrs.USER_AGENT, "-")[:MAX_LENGTH],
        }
        self.logger.log(
            level,
            '%s%s "%s %s" %d, %d bytes in %.3f s%s, %r',
            fields["address"],
            f" {client}" if client else "",
            request.method,
            fields["path"],
            response.status,
            response.body_length,
            time,
            "" if first is None else f" (first audio after {first:.3f} s)",
            fields["user_agent"],
            extra={name: value for name, value in fields.items() if value not in ("", None)},
        )


def shorten_unreadable_requests(record: logging.LogRecord) -> bool:
    """A filter of aiohttp's log: a request that cannot be read is a warning without its content."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "a request that cannot be read: %s", (type(error).__name__,)
        record.exc_info = record.exc_text = None
    return True
