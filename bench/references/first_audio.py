"""First audio over HTTP with a reference that the server has used before, against the same text without one."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from bench.load.server_process import ServerProcess, ServerProcessError
from bench.progress import track
from bench.results.percentiles import Percentiles
from bench.results.schema import ReferenceTimes
from bench.voices.texts import REQUEST_SENTENCES

_SPEECH, _REFERENCES = "/v1/audio/speech", "/v1/audio/references"
_RECORDED = "今天天气很好，我们一起去公园散步。"
"""The voice speaks the recording itself."""


def measure_references(title: str, server: ServerProcess, repeats: int) -> list[ReferenceTimes]:
    """Measures requests of each kind in turn, so that other work on the machine slows all of them down alike."""
    return asyncio.run(_measure(title, server, repeats))


async def _measure(title: str, server: ServerProcess, repeats: int) -> list[ReferenceTimes]:
    async with aiohttp.ClientSession(server.url) as session:
        reference = await _keep(session, await _speak(session, {"input": _RECORDED, "response_format": "wav"}))
        kinds: Mapping[str, Mapping[str, Any]] = {
            "none": {},
            "its settings, written down": await _settings(session, reference),
            "emotion": {"reference": reference},
            "timbre": {"reference": reference, "reference_use": ["timbre"]},
        }
        times: dict[str, list[float]] = {kind: [] for kind in kinds}
        for number in track(range(repeats * len(REQUEST_SENTENCES) + 1), f"{title}: references"):
            text = REQUEST_SENTENCES[number % len(REQUEST_SENTENCES)]
            for kind, fields in kinds.items():
                seconds = await _first_audio(session, {"input": text, "response_format": "pcm", **fields})
                if number:  # the first ones open the recording and measure the voice
                    times[kind].append(seconds)
    return [ReferenceTimes(kind, Percentiles.of(found)) for kind, found in times.items()]


async def _keep(session: aiohttp.ClientSession, recording: bytes) -> str:
    headers = {"Content-Type": "audio/wav"}
    query = {"consent": "It is the voice of this server."}
    async with session.post(_REFERENCES, data=recording, params=query, headers=headers) as response:
        await _require_success(response)
        return str((await response.json())["id"])


async def _settings(session: aiohttp.ClientSession, reference: str) -> Mapping[str, Any]:
    async with session.get(f"{_REFERENCES}/{reference}/settings") as response:
        await _require_success(response)
        found: Mapping[str, Any] = (await response.json())["settings"]
        return found


async def _speak(session: aiohttp.ClientSession, fields: Mapping[str, Any]) -> bytes:
    async with session.post(_SPEECH, json=fields) as response:
        await _require_success(response)
        return await response.read()


async def _first_audio(session: aiohttp.ClientSession, fields: Mapping[str, Any]) -> float:
    """Seconds until the first bytes of audio. The stream is read to its end."""
    started = time.perf_counter()
    async with session.post(_SPEECH, json=fields) as response:
        await _require_success(response)
        await response.content.readany()
        seconds = time.perf_counter() - started
        await response.read()
    return seconds


async def _require_success(response: aiohttp.ClientResponse) -> None:
    if response.status not in (200, 201):
        raise ServerProcessError(f"status {response.status}: {(await response.text())[:300]}")
