"""A long mixed load: answers that are as they are alone, nobody refused, and memory that does not grow."""

import asyncio
from collections.abc import Callable, Sequence

import psutil

from bench.load.mixed_load import MixedLoad, MixedLog
from bench.load.mixed_requests import mixed_requests
from bench.load.server_process import ServerProcess
from bench.progress import track
from bench.results.schema import SoakResult

LISTENING = 50
"""Clients that hear each answer to its end, one after another."""
STALLED = 20
LEAVING = 20
DIFFERENT_REQUESTS = 56
"""Each is asked for again and again; a fifth of the answers has to be computed each time."""
SECTIONS = {"limits": {"queue_seconds": 600.0, "queue_length": 1000, "stall_seconds": 2.0, "stall_limit": 20.0}}
"""Configuration of the server: listeners wait for a place, as long as it takes."""


def measure_soak(title: str, server: ServerProcess, voices: Sequence[str], requests: int) -> SoakResult:
    """Sends `requests` requests of clients that listen, beside others that do not read or leave."""
    memory: list[float] = []
    steps = iter(track(range(requests), f"{title}: soak"))
    every = max(1, requests // 20)

    def on_answer() -> None:
        if next(steps, 0) % every == 0:
            memory.append(_memory(server.pid))

    log = asyncio.run(_run(server, voices, requests, on_answer))
    return _result(log, server, memory)


async def _run(server: ServerProcess, voices: Sequence[str], requests: int, on_answer: Callable[[], None]) -> MixedLog:
    load = MixedLoad(server.url, mixed_requests(voices, DIFFERENT_REQUESTS, clauses=1))
    expected = await load.alone()
    return await load.run(
        expected, total=requests, listening=LISTENING, stalled=STALLED, leaving=LEAVING, on_answer=on_answer
    )


def _result(log: MixedLog, server: ServerProcess, memory: Sequence[float]) -> SoakResult:
    return SoakResult(
        requests=log.requests + len(log.failures),
        refused=log.requests - log.statuses.get(200, 0),
        failed=len(log.failures),
        different=len(log.different),
        first_problem=next(iter([*log.failures, *log.different]), None),
        largest_difference=log.largest_difference,
        cached=log.cached,
        stalled=log.stalled,
        left=log.left,
        late_chunks=int(server.metric("sambert_late_chunks_total")),
        worker_restarts=int(server.metric("sambert_worker_restarts_total")),
        memory=list(memory),
    )


def _memory(pid: int) -> float:
    memory: float = psutil.Process(pid).memory_info().rss / 2**20
    return memory
