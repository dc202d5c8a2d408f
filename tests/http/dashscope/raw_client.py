"""A client of the WebSocket that can send anything."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

PATH = "/api-ws/v1/inference"


@dataclass(frozen=True)
class Closed:
    """The end of a connection."""

    code: int | None
    reason: str = ""


class RawClient:
    """Sends any frame, and reads events, audio and the end of the connection."""

    def __init__(self, websocket: ClientWebSocketResponse) -> None:
        self.websocket = websocket

    async def send(self, action: str, task_id: str = "a", streaming: str = "duplex", **payload: Any) -> None:
        header = {"action": action, "task_id": task_id, "streaming": streaming}
        await self.websocket.send_str(json.dumps({"header": header, "payload": payload}))

    async def run(
        self, text: str | None = None, task_id: str = "a", model: str = "sambert-demo-v1", **parameters: Any
    ) -> None:
        """Runs a task: of a whole text if there is one, else of pieces."""
        parameters = {"format": "pcm", "sample_rate": 16000, **parameters}
        streaming, given = ("duplex", {}) if text is None else ("out", {"text": text})
        await self.send("run-task", task_id, streaming, model=model, input=given, parameters=parameters)

    async def receive(self) -> dict[str, Any] | bytes | Closed:
        message = await self.websocket.receive(timeout=30)
        match message.type:
            case WSMsgType.TEXT:
                return json.loads(message.data)
            case WSMsgType.BINARY:
                return message.data
            case WSMsgType.CLOSE:
                return Closed(message.data, message.extra or "")
        return Closed(self.websocket.close_code)

    async def until(self, *names: str) -> list[dict[str, Any] | bytes | Closed]:
        """Everything up to an event of one of these names, or to the end of the connection."""
        received = []
        while True:
            received.append(message := await self.receive())
            if isinstance(message, Closed) or (isinstance(message, dict) and message["header"]["event"] in names):
                return received


def names(received: list[Any]) -> list[str]:
    """What was received, in short; runs of audio as one."""
    found: list[str] = []
    for message in received:
        if isinstance(message, dict):
            output = message["payload"].get("output") or {}
            found.append(output.get("type") or message["header"]["event"])
        elif isinstance(message, bytes):
            if found[-1:] != ["audio"]:
                found.append("audio")
        else:
            found.append("closed")
    return found


def audio_of(received: list[Any]) -> bytes:
    return b"".join(message for message in received if isinstance(message, bytes))


@asynccontextmanager
async def connected(session: ClientSession, url: str) -> AsyncIterator[RawClient]:
    async with session.ws_connect(url, max_msg_size=0) as websocket:
        yield RawClient(websocket)
