"""Load test of the engine and its scheduler without HTTP, with one thread for each client."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bench.load.playback import ClientPlayback
from bench.load.request_log import Rejection, RequestLog, summarize
from bench.load.workload import request_text, start_delay
from bench.results.schema import LoadResult
from bench.system.process_usage import ProcessUsage, memory_peak, reset_memory_peak
from bench.voices.engine import ScheduledEngine
from server.errors import BusyError, SpeechError
from server.runtime.cpu import available_cpus


def load_engine(engine: ScheduledEngine, concurrency: int, seconds: float) -> LoadResult:
    """Runs `concurrency` clients in a closed loop: each sends its next request when playback ends.

    Requests start during `seconds`; the last ones are completed.
    """
    log, lock = RequestLog(), threading.Lock()
    reset_memory_peak()
    started = ProcessUsage.of()
    deadline = started.wall + seconds

    def run_client(client: int) -> None:
        time.sleep(start_delay(client, concurrency))
        request = 0
        while time.perf_counter() < deadline:
            outcome: ClientPlayback | Rejection | Exception
            try:
                outcome = _send_request(engine, request_text(client, request))
            except SpeechError as error:
                outcome = error
            with lock:
                pause = log.record(outcome)
            request += isinstance(outcome, ClientPlayback)
            time.sleep(max(0.0, min(pause, deadline - time.perf_counter())))

    with ThreadPoolExecutor(concurrency) as threads:
        for client in [threads.submit(run_client, number) for number in range(concurrency)]:
            client.result()
    ended = ProcessUsage.of()
    return summarize(
        log,
        target="engine",
        concurrency=concurrency,
        wall=ended.wall - started.wall,
        cpu_utilization=ended.utilization_since(started, available_cpus()),
        memory_peak=memory_peak(),
    )


def _send_request(engine: ScheduledEngine, text: str) -> ClientPlayback | Rejection:
    """Receives one stream to its end. Raises the `SpeechError` that ended it."""
    playback = ClientPlayback(time.perf_counter())
    try:
        for chunk_seconds in engine.stream(text):
            playback.push(chunk_seconds, time.perf_counter())
    except BusyError as error:
        return Rejection(error.retry_after)
    return playback
