"""The search for the number of streams that are on time."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import main
from bench.load.level_search import largest_level
from bench.load.request_log import RequestLog, summarize
from bench.measure.capacity import run_level
from bench.results.schema import LoadResult
from bench.system.process_usage import ProcessUsage
from tests.conftest import EMBEDDED

IDLE = replace(summarize(RequestLog(), "http", 1, ProcessUsage(1.0, None), None), chunks=10)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(1, 300))
def test_the_search_finds_the_largest_level_from_any_guess(largest: int, guess: int, limit: int) -> None:
    tried: list[int] = []

    def is_on_time(level: int) -> bool:
        tried.append(level)
        return level <= largest

    assert largest_level(is_on_time, guess, limit) == min(largest, limit)
    assert len(set(tried)) == len(tried) < 45
    assert all(1 <= level <= limit for level in tried)


@pytest.mark.parametrize("problem", [{"late_chunks": 1}, {"rejected": 2}, {"failed": 1}])
def test_a_level_ends_with_its_first_run_that_is_not_on_time(problem: dict[str, int]) -> None:
    given_loads = iter([IDLE, replace(IDLE, **problem, longest_underrun=0.2), IDLE])
    level = run_level(lambda clients: next(given_loads), 5, 3, admitted=4)
    assert (level.clients, level.runs, level.runs_on_time, level.is_on_time) == (5, 2, 1, False)
    assert (level.chunks, level.longest_underrun, level.admitted) == (20, 0.2, 4)
    assert (level.late_chunks, level.rejected, level.failed) == tuple(
        problem.get(name, 0) for name in ("late_chunks", "rejected", "failed")
    )


def test_a_level_is_on_time_if_all_runs_are() -> None:
    level = run_level(lambda clients: IDLE, 5, 3, admitted=None)
    assert (level.runs, level.runs_on_time, level.is_on_time) == (3, 3, True)


def test_the_command_prints_what_the_machine_and_what_the_admission_has_on_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(server: object, clients: int, seconds: float) -> LoadResult:
        return replace(IDLE, concurrency=clients, late_chunks=int(clients > 5))

    monkeypatch.setattr("bench.measure.capacity.load_server", load)
    arguments = ["--models", str(EMBEDDED.parent), "--voice", "demo", "--repeat", "2", "--output", str(tmp_path)]
    assert main(["capacity", *arguments]) == 0
    found = json.loads((tmp_path / "capacity.json").read_text("utf-8"))["voices"][0]["capacities"]
    assert [(each["max_utilization"], each["streams"]) for each in found] == [(1.0, 5), (0.8, 5)]
    assert all(level["admitted"] > 0 for each in found for level in each["levels"])  # as the server has measured
    printed = capsys.readouterr().out
    assert "On time over HTTP with scheduler.max_utilization 0.8: 5 streams" in printed
    assert "2 of 2" in printed
