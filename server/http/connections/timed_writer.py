"""Writes a response to a client that may stop reading."""

import asyncio

from aiohttp import web

from server.errors import StalledError

LAST_SECONDS = 1.0
"""For the last words to a client that may not read them."""


class TimedWriter:
    """A response whose client has to read: each write raises `StalledError` after `seconds`, with None never."""

    def __init__(self, response: web.StreamResponse, seconds: float | None) -> None:
        self._response = response
        self._seconds = seconds

    async def write(self, data: bytes) -> None:
        """Writes data, unless it is empty; waits while the client's buffers are full."""
        if data:
            await self._write(data, self._seconds)

    async def write_last(self, data: bytes) -> None:
        """Writes data before the connection is cut."""
        if data:
            await self._write(data, LAST_SECONDS)

    async def write_eof(self) -> None:
        """Ends the response."""
        await self._write(None, self._seconds)

    async def _write(self, data: bytes | None, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await (self._response.write_eof() if data is None else self._response.write(data))
        except TimeoutError:
            raise StalledError(seconds or 0.0) from None
