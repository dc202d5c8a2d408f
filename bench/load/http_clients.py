"""Load test over HTTP: asynchronous clients of a server in its own process."""

import asyncio
import re
import time

import aiohttp

from bench.load.closed_loop import run_clients
from bench.load.playback import ClientPlayback
from bench.load.request_log import Outcome, Rejection
from bench.load.server_process import ServerProcess, ServerProcessError
from bench.results.schema import LoadResult
from bench.results.synthesis_timing import SynthesisTiming
from bench.voices.engine import PCM_SAMPLE_BYTES

_READ_TIMEOUT = 600.0
"""Seconds without data after which a request fails."""

_COMPUTED = {"Cache-Control": "no-store"}
"""Asks for an answer that is not from the cache."""


def load_server(server: ServerProcess, concurrency: int, seconds: float) -> LoadResult:
    """Runs `concurrency` clients of the server; see `run_clients`."""

    async def load() -> LoadResult:
        async with client_session() as session:

            async def send(text: str) -> Outcome:
                try:
                    return await _send_request(session, server.url, text)
                except (ServerProcessError, aiohttp.ClientError, TimeoutError) as error:
                    return error

            return await run_clients(send, "http", concurrency, seconds, server.pid)

    return asyncio.run(load())


def speak_over_http(server: ServerProcess, text: str) -> SynthesisTiming:
    """Requests the whole text as fast as possible. Raises `ServerProcessError` if the request fails."""
    started = time.perf_counter()
    playback = asyncio.run(_send_single_request(server, text))
    wall = time.perf_counter() - started
    return SynthesisTiming(playback.time_to_first_audio or 0.0, wall, playback.audio_seconds)


async def _send_single_request(server: ServerProcess, text: str) -> ClientPlayback:
    async with client_session() as session:
        outcome = await _send_request(session, server.url, text)
    if isinstance(outcome, ClientPlayback):
        return outcome
    raise ServerProcessError(f"the server rejected a single request: {outcome}")


async def _send_request(session: aiohttp.ClientSession, url: str, text: str) -> ClientPlayback | Rejection:
    """Receives one stream to its end. Raises `ServerProcessError` for a status other than 200 and 429."""
    playback = ClientPlayback(time.perf_counter())
    body = {"input": text, "response_format": "pcm"}
    async with session.post(f"{url}/v1/audio/speech", json=body, headers=_COMPUTED) as response:
        if response.status == 429:
            return Rejection(float(response.headers.get("Retry-After", 1)))
        if response.status != 200:
            raise ServerProcessError(f"status {response.status}: {(await response.text())[:300]}")
        rate = _sampling_rate(response.headers["Content-Type"])
        received = 0
        async for data, end_of_chunk in response.content.iter_chunks():
            received += len(data)
            if end_of_chunk:
                playback.push(received / (PCM_SAMPLE_BYTES * rate), time.perf_counter())
                received = 0
    return playback


def client_session() -> aiohttp.ClientSession:
    """Returns a session for any number of requests at once. A request may take as long as it goes on."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=_READ_TIMEOUT)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)


def _sampling_rate(content_type: str) -> int:
    """Returns the Hz of `audio/pcm;rate=16000`."""
    found = re.search(r"rate=(\d+)", content_type)
    if not found:
        raise ServerProcessError(f"the server sent {content_type}, not audio/pcm with a rate")
    return int(found[1])
