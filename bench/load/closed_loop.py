"""The closed loop of a load test: each client sends its next request when playback of the last one ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from bench.load.playback import ClientPlayback
from bench.load.request_log import Outcome, RequestLog, summarize
from bench.results.schema import LoadResult
from bench.system.process_usage import ProcessUsage, memory_peak, reset_memory_peak
from bench.voices.texts import REQUEST_SENTENCES


async def run_clients(
    send: Callable[[str], Awaitable[Outcome]], target: str, concurrency: int, seconds: float, pid: int | None = None
) -> LoadResult:
    """Runs `concurrency` clients; the process `pid` synthesizes, None for this one.

    `send` requests a text and receives the stream to its end. Requests start during `seconds`, the first one of each
    client in any case; the last ones are completed. A rejected client retries after the time given in the rejection,
    so the concurrency stays constant.
    """
    log = RequestLog()
    reset_memory_peak(pid)
    started = ProcessUsage.of(pid)
    deadline = started.wall + seconds

    async def run_client(client: int) -> None:
        await asyncio.sleep(start_delay(client, concurrency))
        request = 0
        while True:
            outcome = await send(request_text(client, request))
            pause = log.record(outcome)
            request += isinstance(outcome, ClientPlayback)
            await asyncio.sleep(max(0.0, min(pause, deadline - time.perf_counter())))
            if time.perf_counter() >= deadline:
                break

    await asyncio.gather(*map(run_client, range(concurrency)))
    return summarize(log, target, concurrency, ProcessUsage.since(started, pid), memory_peak(pid))


def request_text(client: int, request: int, sentences: Sequence[str] = REQUEST_SENTENCES) -> str:
    """Returns two sentences, different for each client, so that concurrent streams differ."""
    return "".join(sentences[(client + request + step) % len(sentences)] for step in range(2))


def start_delay(client: int, concurrency: int, ramp_up: float = 2.0) -> float:
    """Returns the seconds after which a client starts: all start within `ramp_up` seconds, evenly spread."""
    return ramp_up * client / concurrency
