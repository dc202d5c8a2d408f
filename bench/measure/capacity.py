"""How many streams a server has on time, by the machine's power and by what it admits."""

from collections.abc import Callable

from bench.load.http_clients import load_server
from bench.load.level_search import largest_level
from bench.load.server_process import ServerProcess, running_server
from bench.progress import track
from bench.results.schema import CapacityLevel, CapacityResult, LoadResult
from bench.voices.engine import EngineSettings
from bench.voices.voice import BenchmarkVoice
from server.config import SchedulerSection

_MAX_CLIENTS = 4096
_DEFAULT_GUESS = 8
MAX_UTILIZATIONS = (1.0, SchedulerSection().max_utilization)
"""Values of `scheduler.max_utilization` to measure: with the whole machine, and the default."""

Load = Callable[[int], LoadResult]


def measure_capacity(
    voice: BenchmarkVoice, settings: EngineSettings, runs: int, seconds: float, max_clients: int = _MAX_CLIENTS
) -> list[CapacityResult]:
    """Searches the largest number of clients that are on time in `runs` of `runs` runs, each of so many seconds."""
    results = []
    for max_utilization in track(MAX_UTILIZATIONS, f"{voice.name}: capacity"):
        # No queue: a client that finds no place is rejected, so that it counts.
        sections = {"scheduler": {"max_utilization": max_utilization}, "limits": {"queue_seconds": 0.0}}
        with running_server(voice, settings, sections) as server:
            guess = _admitted(server) or _DEFAULT_GUESS
            levels: list[CapacityLevel] = []

            def is_on_time(clients: int, server: ServerProcess = server, levels: list[CapacityLevel] = levels) -> bool:
                level = run_level(lambda count: load_server(server, count, seconds), clients, runs, _admitted(server))
                levels.append(level)
                return level.is_on_time

            streams = largest_level(is_on_time, guess, max_clients)
        results.append(CapacityResult(max_utilization, streams, sorted(levels, key=lambda level: level.clients)))
    return results


def run_level(load: Load, clients: int, runs: int, admitted: int | None) -> CapacityLevel:
    """Loads a server with so many clients, up to `runs` times; the first run that is not on time is the last one."""
    loads: list[LoadResult] = []
    while len(loads) < runs and all(map(_is_on_time, loads)):
        loads.append(load(clients))
    return CapacityLevel(
        clients=clients,
        runs=len(loads),
        runs_on_time=sum(map(_is_on_time, loads)),
        admitted=admitted,
        chunks=sum(each.chunks for each in loads),
        late_chunks=sum(each.late_chunks for each in loads),
        longest_underrun=max(each.longest_underrun for each in loads),
        rejected=sum(each.rejected for each in loads),
        failed=sum(each.failed for each in loads),
        first_audio=loads[-1].first_audio,
        cpu_utilization=loads[-1].cpu_utilization,
    )


def _is_on_time(load: LoadResult) -> bool:
    return not (load.late_chunks or load.rejected or load.failed)


def _admitted(server: ServerProcess) -> int | None:
    capacity: int | None = server.health()["load"]["capacity"]
    return capacity
