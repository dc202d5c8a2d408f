"""Memory of a server and CPU time of its start, and whether the memory grows with requests."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from bench.load.http_clients import client_session
from bench.load.mixed_requests import MixedRequest, mixed_requests
from bench.load.server_process import ServerProcess
from bench.progress import track
from bench.results.schema import MemoryResult
from bench.system.process_usage import cpu_seconds, proportional_memory

CLIENTS = 4
"""That send one request after another."""
SECTIONS = {"cache": {"memory_mb": 0}, "limits": {"queue_seconds": 600.0}}
"""Configuration of the server: the cache of finished audio would fill up to its limit, and clients wait for a place."""


def measure_memory(title: str, server: ServerProcess, voices: Sequence[str], requests: int) -> MemoryResult:
    """Sends `requests` different requests in all audio formats to a server that has just become ready."""
    start_seconds, memory = cpu_seconds(server.pid), [proportional_memory(server.pid)]
    steps = iter(track(range(requests), f"{title}: memory"))
    every = max(1, requests // 20)

    def on_answer() -> None:
        if (next(steps) + 1) % every == 0:
            memory.append(proportional_memory(server.pid))

    asyncio.run(_send(server, mixed_requests(voices, requests, clauses=1), on_answer))
    return MemoryResult(start_cpu_seconds=start_seconds, requests=requests, memory=memory)


async def _send(server: ServerProcess, requests: Sequence[MixedRequest], on_answer: Callable[[], None]) -> None:
    waiting = iter(requests)
    async with client_session() as session:

        async def client(own: Iterator[MixedRequest]) -> None:
            for request in own:
                url = f"{server.url}/v1/audio/speech"
                async with session.post(url, json=request.body, raise_for_status=True) as answer:
                    await answer.read()
                on_answer()

        await asyncio.gather(*(client(waiting) for _ in range(CLIENTS)))
