"""GET /api-ws/v1/inference: the WebSocket of DashScope's clients."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from server.config import Config
from server.errors import RequestError
from server.http.access.credentials import SUBPROTOCOL, subprotocols
from server.http.dashscope.connection import Connection
from server.http.dashscope.task_starter import TaskStarter
from server.http.dashscope.websocket import LingeringWebSocket
from server.http.startup import Startup
from server.references.reference_service import ReferenceService
from server.scheduling.async_streams import ActiveStreams

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

PATH = "/api-ws/v1/inference"


class DashScopeRoute:
    """Accepts connections, and closes them when the server stops."""

    def __init__(
        self,
        registry: "VoiceRegistry",
        startup: Startup,
        streams: ActiveStreams,
        config: Config,
        max_message: int,
        references: ReferenceService,
    ) -> None:
        self._starter = TaskStarter(registry, streams, config, references)
        self._startup = startup
        self._streams = streams
        self._settings = config.dashscope
        self._max_message = max_message
        self._connections: set[Connection] = set()

    def reconfigure(self, config: Config) -> None:
        """Applies to the tasks that start from now on; the times of a connection are those of its start."""
        self._starter.reconfigure(config)
        self._settings = config.dashscope

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serves one connection. Before the handshake, failures are HTTP responses."""
        # First, since aiohttp logs the subprotocols where none fits, and one may be a key.
        offered = subprotocols(request.headers)
        if offered and SUBPROTOCOL not in offered:
            raise RequestError(f"the subprotocol of this WebSocket is {SUBPROTOCOL!r}; offer it, or none")
        websocket = LingeringWebSocket(request, max_msg_size=self._max_message, protocols=(SUBPROTOCOL,))
        if not websocket.can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(
                text=f"{PATH} is a WebSocket (DashScope's protocol); connect with ws:// or wss://",
                headers={"Upgrade": "websocket"},
            )
        self._startup.require_ready()
        await websocket.prepare(request)
        connection = Connection(request, websocket, self._starter, self._settings, self._streams.stall_limit)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
        return websocket

    async def close(self) -> None:
        """Ends every connection."""
        await asyncio.gather(*(connection.shut_down() for connection in self._connections), return_exceptions=True)
