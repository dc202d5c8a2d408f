"""Load test over HTTP: asynchronous clients of a server in its own process."""

import asyncio
import re
import time

import aiohttp

from bench.load.playback import ClientPlayback
from bench.load.request_log import Rejection, RequestLog, summarize
from bench.load.server_process import ServerProcess, ServerProcessError
from bench.load.workload import request_text, start_delay
from bench.results.schema import LoadResult
from bench.results.synthesis_timing import SynthesisTiming
from bench.system.process_usage import ProcessUsage, memory_peak, reset_memory_peak
from bench.voices.engine import PCM_SAMPLE_BYTES
from server.runtime.cpu import available_cpus

_READ_TIMEOUT = 600.0
"""Seconds without data after which a request fails."""


def load_server(server: ServerProcess, concurrency: int, seconds: float) -> LoadResult:
    """Runs `concurrency` clients in a closed loop: each sends its next request when playback ends.

    Requests start during `seconds`; the last ones are completed. A rejected client retries after the time that the
    server sends, so the concurrency stays constant.
    """
    return asyncio.run(_run_clients(server, concurrency, seconds))


def speak_over_http(server: ServerProcess, text: str) -> SynthesisTiming:
    """Requests the whole text as fast as possible. Raises `ServerProcessError` if the request fails."""
    started = ProcessUsage.of(server.pid)
    playback = asyncio.run(_send_single_request(server, text))
    ended = ProcessUsage.of(server.pid)
    return SynthesisTiming(
        time_to_first_audio=playback.time_to_first_audio or 0.0,
        wall=ended.wall - started.wall,
        cpu=ended.cpu_since(started),
        audio=playback.audio_seconds,
        first_chunk=0.0,
    )


async def _send_single_request(server: ServerProcess, text: str) -> ClientPlayback:
    async with _session() as session:
        outcome = await _send_request(session, server.url, text)
    if isinstance(outcome, ClientPlayback):
        return outcome
    raise ServerProcessError(f"the server rejected a single request: {outcome}")


async def _run_clients(server: ServerProcess, concurrency: int, seconds: float) -> LoadResult:
    log = RequestLog()
    reset_memory_peak(server.pid)
    started = ProcessUsage.of(server.pid)
    deadline = started.wall + seconds
    async with _session() as session:
        clients = (
            _run_client(session, server.url, client, concurrency, deadline, log) for client in range(concurrency)
        )
        await asyncio.gather(*clients)
    ended = ProcessUsage.of(server.pid)
    return summarize(
        log,
        target="http",
        concurrency=concurrency,
        wall=ended.wall - started.wall,
        cpu_utilization=ended.utilization_since(started, available_cpus()),
        memory_peak=memory_peak(server.pid),
    )


async def _run_client(
    session: aiohttp.ClientSession, url: str, client: int, concurrency: int, deadline: float, log: RequestLog
) -> None:
    await asyncio.sleep(start_delay(client, concurrency))
    request = 0
    while time.perf_counter() < deadline:
        outcome: ClientPlayback | Rejection | Exception
        try:
            outcome = await _send_request(session, url, request_text(client, request))
        except (ServerProcessError, aiohttp.ClientError, TimeoutError) as error:
            outcome = error
        pause = log.record(outcome)
        request += isinstance(outcome, ClientPlayback)
        await asyncio.sleep(max(0.0, min(pause, deadline - time.perf_counter())))


async def _send_request(session: aiohttp.ClientSession, url: str, text: str) -> ClientPlayback | Rejection:
    """Receives one stream to its end. Raises `ServerProcessError` for a status other than 200 and 429."""
    playback = ClientPlayback(time.perf_counter())
    body = {"input": text, "response_format": "pcm"}
    async with session.post(f"{url}/v1/audio/speech", json=body) as response:
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


def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=None, sock_read=_READ_TIMEOUT)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)


def _sampling_rate(content_type: str) -> int:
    """Returns the Hz of `audio/pcm;rate=16000`."""
    found = re.search(r"rate=(\d+)", content_type)
    if not found:
        raise ServerProcessError(f"the server sent {content_type}, not audio/pcm with a rate")
    return int(found[1])
