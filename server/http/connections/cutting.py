"""Ends a connection in the middle of a response."""

import asyncio
import socket
import struct

from aiohttp import web

LINGER_SECONDS = 30.0
"""How long a client may take to read what was sent before its connection was cut."""

_LINGER_0_SECONDS = struct.pack("ii", 1, 0)
"""A socket that is closed with this option resets its connection."""


def cut(request: web.BaseRequest, *, reset: bool) -> None:
    """Closes the connection in the middle of a response.

    `reset` discards what the client has not read. It is for one that reads nothing, and for HTTP/1.0, which nginx
    speaks to a server unless it is told otherwise: there the end of the connection is also that of a complete body, and
    only a reset is a failure.
    """
    if (transport := request.transport) is None:
        return
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0_SECONDS)
        transport.abort()
    else:
        close(transport)


def close(transport: asyncio.Transport) -> None:
    """Closes a connection when its client has read everything, or after a while."""
    transport.close()
    asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)
