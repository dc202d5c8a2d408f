"""The server's end of a WebSocket, whose clients learn why a frame was refused."""

import asyncio
import struct
from collections.abc import Sequence

from aiohttp import WSCloseCode, WSMsgType, web

CLOSE_SECONDS = 3.0
"""How long a client may take to read its failure and to answer a close frame."""


class LingeringWebSocket(web.WebSocketResponse):
    """Reads on after a frame that is too long or invalid, and tells why it was refused.

    A connection that is closed with unread data is reset, which takes the close frame from its client.
    """

    def __init__(self, request: web.Request, *, max_msg_size: int, protocols: Sequence[str]) -> None:
        # Audio does not shrink. No deadline for pongs: a client that plays as it reads may be late.
        super().__init__(timeout=CLOSE_SECONDS, compress=False, max_msg_size=max_msg_size, protocols=protocols)
        self._request = request
        self._reasons: dict[int, str] = {
            WSCloseCode.MESSAGE_TOO_BIG: f"a message has at most {max_msg_size} bytes; send a text in several pieces",
            WSCloseCode.INVALID_TEXT: "a text frame is not valid UTF-8",
            WSCloseCode.PROTOCOL_ERROR: "a frame is not valid (RFC 6455)",
        }

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Sends a close frame and waits for the client's."""
        reason = self._reasons.get(code)
        if reason and not self.closed:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.send_frame(struct.pack("!H", code) + reason.encode(), WSMsgType.CLOSE)
                    while self._request.transport:  # noqa: ASYNC110 - no event says that the client has closed it
                        await asyncio.sleep(0.01)
            except (TimeoutError, ConnectionError):
                pass
        return await super().close(code=code, message=message, drain=drain)
