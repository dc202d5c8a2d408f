"""The connection of a client: aiohttp's protocol with limits of time, and a refusal of what is too many.

aiohttp limits the time between two requests. It does not limit the time of a request's head or body, nor that of a
client that does not read, so that a few slow clients could keep all connections.
"""

import asyncio
import socket
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from server.http.access.security_headers import add_security_headers
from server.http.connections.cutting import close
from server.http.connections.open_connections import OpenConnections
from server.http.connections.raw_response import raw_response
from server.http.errors import ErrorReport

LEAST_BODY_RATE = 1000
"""Bytes per second of a body that takes longer than `limits.body_seconds`."""
MAX_REASON = 200
"""Characters of what is wrong with a request that cannot be read."""
UNSENT_BYTES = 128 * 1024
"""What the kernel buffers for a client that does not read, besides what the client's own kernel takes (Linux, macOS).
By default it is megabytes: minutes of audio that would be computed for nobody."""
_LAST_SECONDS = 1.0
_WRITE_GRACE = 5.0
"""Seconds more than `limits.stall_limit`, so that those who write can tell the client first."""


class ClientConnection(web.RequestHandler):
    """One connection.

    The head of a request has to be complete within `limits.header_seconds` of its first byte, its body within
    `limits.body_seconds` and a second more for each kilobyte. A client whose buffers stay full for `limits.stall_limit`
    is disconnected, whatever it is sent.
    """

    __slots__ = ("_body", "_body_timer", "_connections", "_counted", "_head_timer", "_received", "_write_timer")

    def __init__(self, manager: web.Server, connections: OpenConnections, **options: Any) -> None:
        super().__init__(manager, **options)
        self._connections = connections
        self._counted: asyncio.Transport | None = None
        """None for a client that is refused."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._body: StreamReader | None = None
        """The body that is being received."""
        self._received = 0
        """Bytes since the head of the request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serves the client, or refuses it."""
        assert isinstance(transport, asyncio.Transport)
        if refusal := self._connections.add(transport):
            _send_last(transport, refusal)
            return
        self._counted = transport
        _limit_unsent(transport.get_extra_info("socket"))
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Ends the timers."""
        self._stop_timers()
        if self._write_timer:
            self._write_timer.cancel()
        if self._counted:
            self._connections.discard(self._counted)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Starts and ends the limits of the head and the body."""
        if self._counted is None or self._close:
            return
        super().data_received(data)
        if self._upgraded:
            self._stop_timers()
            return
        self._watch_head()
        self._watch_body(len(data))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answers what cannot be read as a request in the format of all errors."""
        response = super().handle_error(request, status, exc, message)
        if isinstance(exc, HttpProcessingError):
            reason = exc.message.partition("\n")[0].rstrip(":")[:MAX_REASON]
            response = ErrorReport(status, f"the request cannot be read: {reason}", "unreadable_request").response()
            response.force_close()
        add_security_headers(response)
        return response

    def pause_writing(self) -> None:
        """The buffers of the client are full."""
        super().pause_writing()
        seconds = self._connections.limits.stall_limit + _WRITE_GRACE
        self._write_timer = self._loop.call_later(seconds, self._give_up_writing)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        if self._write_timer:
            self._write_timer.cancel()
            self._write_timer = None

    @property
    def _waits_for_head(self) -> bool:
        return self._current_request is None and not self._messages

    def _watch_head(self) -> None:
        if not self._waits_for_head:
            self._stop_head()
        elif self._head_timer is None:
            self._head_timer = self._loop.call_later(self._connections.limits.header_seconds, self._end_head)

    def _end_head(self) -> None:
        self._head_timer = None
        if self._waits_for_head and self._waiter and not self._waiter.done() and self.transport:
            seconds = self._connections.limits.header_seconds
            message = f"the head of the request was not complete within {seconds:g} seconds"
            self.close()
            _send_last(self.transport, ErrorReport(408, message, "request_timeout"))

    def _watch_body(self, size: int) -> None:
        if self._messages and not self._messages[-1][1].is_eof() and self._messages[-1][1] is not self._body:
            self._stop_body()
            self._body, self._received = self._messages[-1][1], 0
            seconds = self._connections.limits.body_seconds
            self._body_timer = self._loop.call_later(seconds, self._end_body, seconds)
        self._received += size
        if self._body and self._body.is_eof():
            self._stop_body()

    def _end_body(self, waited: float) -> None:
        """Ends a body that came more slowly than `LEAST_BODY_RATE`."""
        limit = self._connections.limits.body_seconds
        allowed = limit + self._received / LEAST_BODY_RATE - waited
        if self._body and not self._body.is_eof():
            if allowed > 0:
                self._body_timer = self._loop.call_later(allowed, self._end_body, waited + allowed)
                return
            message = f"the body of the request was not complete within {waited:.0f} seconds"
            self._lingering_time = 0.0  # the rest of the body is not waited for
            self._body.set_exception(web.HTTPRequestTimeout(text=message))
            self.close()
        self._stop_body()

    def _stop_head(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_body(self) -> None:
        if self._body_timer:
            self._body_timer.cancel()
        self._body = self._body_timer = None

    def _stop_timers(self) -> None:
        self._stop_head()
        self._stop_body()

    def _give_up_writing(self) -> None:
        if self.transport:
            self.transport.abort()


def _send_last(transport: asyncio.Transport, report: ErrorReport) -> None:
    """Sends an error and ends the connection when the client has read it, or after a second.

    A socket that is closed with unread data is reset, which takes the error from its client.
    """
    transport.write(raw_response(report))
    if transport.can_write_eof():
        transport.write_eof()
    asyncio.get_running_loop().call_later(_LAST_SECONDS, close, transport)


def _limit_unsent(connection: socket.socket) -> None:
    if connection.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
