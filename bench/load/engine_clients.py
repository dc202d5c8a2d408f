"""Load test of the engine and its scheduler without HTTP, with one thread for each client."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from bench.load.closed_loop import run_clients
from bench.load.playback import ClientPlayback
from bench.load.request_log import Outcome, Rejection
from bench.results.schema import LoadResult
from bench.voices.engine import ScheduledEngine
from server.errors import BusyError, SpeechError


def load_engine(engine: ScheduledEngine, concurrency: int, seconds: float) -> LoadResult:
    """Runs `concurrency` clients of the engine; see `run_clients`."""
    with ThreadPoolExecutor(concurrency) as threads:

        async def send(text: str) -> Outcome:
            return await asyncio.get_running_loop().run_in_executor(threads, _send_request, engine, text)

        return asyncio.run(run_clients(send, "engine", concurrency, seconds))


def _send_request(engine: ScheduledEngine, text: str) -> Outcome:
    """Receives one stream to its end."""
    playback = ClientPlayback(time.perf_counter())
    try:
        for chunk_seconds in engine.stream(text):
            playback.push(chunk_seconds, time.perf_counter())
    except BusyError as error:
        return Rejection(error.retry_after)
    except SpeechError as error:
        return error
    return playback
