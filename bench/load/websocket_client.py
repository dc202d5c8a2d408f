"""A client of the WebSocket whose text arrives at the speed at which a language model writes it."""

import asyncio
import json
import time
from uuid import uuid4

import aiohttp

from bench.load.server_process import ServerProcess, ServerProcessError

CHARACTERS_PER_SECOND = 20
_TIMEOUT = 60.0
"""Seconds without a message after which the task has failed."""


def time_to_first_audio(server: ServerProcess, text: str, awaited: int) -> float:
    """Seconds from the character `awaited` to the first audio, of a text that arrives character by character.

    Raises `ServerProcessError` if the task fails.
    """
    return asyncio.run(_measure(server, text, awaited))


async def _measure(server: ServerProcess, text: str, awaited: int) -> float:
    task_id = uuid4().hex
    url = f"{server.url.replace('http', 'ws', 1)}/api-ws/v1/inference"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as websocket:
        parameters = {"format": "pcm", "sample_rate": 16000}
        await _send(websocket, "run-task", task_id, model="cosyvoice", input={}, parameters=parameters)
        await _receive(websocket, aiohttp.WSMsgType.TEXT)
        writing = asyncio.create_task(_write(websocket, task_id, text, awaited))
        try:
            await _receive(websocket, aiohttp.WSMsgType.BINARY)
            heard = time.perf_counter()
            return heard - await writing
        finally:
            writing.cancel()


async def _write(websocket: aiohttp.ClientWebSocketResponse, task_id: str, text: str, awaited: int) -> float:
    """Sends the text; returns when its character `awaited` was sent."""
    sent = started = time.perf_counter()
    for number, character in enumerate(text):
        await asyncio.sleep(max(0.0, started + number / CHARACTERS_PER_SECOND - time.perf_counter()))
        if number == awaited:
            sent = time.perf_counter()
        await _send(websocket, "continue-task", task_id, input={"text": character})
    return sent


async def _send(websocket: aiohttp.ClientWebSocketResponse, action: str, task_id: str, **payload: object) -> None:
    header = {"action": action, "task_id": task_id, "streaming": "duplex"}
    await websocket.send_str(json.dumps({"header": header, "payload": payload}))


async def _receive(websocket: aiohttp.ClientWebSocketResponse, kind: aiohttp.WSMsgType) -> None:
    """Waits for a message of this kind. Raises `ServerProcessError` for a failed task."""
    while True:
        message = await websocket.receive(timeout=_TIMEOUT)
        if message.type is aiohttp.WSMsgType.TEXT and "task-failed" in message.data:
            raise ServerProcessError(message.data[:300])
        if message.type is kind:
            return
        if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            raise ServerProcessError(f"the connection ended: {message.data}")
