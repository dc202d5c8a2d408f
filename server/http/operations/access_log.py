"""The access log: a line for each request, without the query, since that of GET has the text of the client."""

from aiohttp import hdrs
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse

MAX_LENGTH = 200
"""Characters of a path, and of the name of a client."""


class AccessLog(AbstractAccessLogger):
    """Logs the client's address, the request, the status, the bytes sent with headers, the time and the program."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Logs a request that was answered, or whose answer was cut off, after `time` seconds."""
        path = request.rel_url.raw_path[:MAX_LENGTH]
        agent = request.headers.get(hdrs.USER_AGENT, "-")[:MAX_LENGTH]
        self.logger.info(
            '%s "%s %s" %d, %d bytes in %.3f s, %r',
            request.remote, request.method, path, response.status, response.body_length, time, agent,
        )  # fmt: skip
