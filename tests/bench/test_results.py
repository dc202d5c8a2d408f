"""Percentiles, playback buffers, load summaries, costs, tables and texts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bench.load.closed_loop import request_text
from bench.load.playback import ClientPlayback
from bench.load.request_log import RequestLog, summarize
from bench.measure.cost import Prices, compute_cost
from bench.report.markdown import markdown_table, print_section
from bench.report.plot import plot
from bench.report.tables import Section
from bench.results.percentiles import Percentiles
from bench.results.schema import (
    FormatResult,
    LatencyResult,
    LoadResult,
    Machine,
    NewsTextResult,
    Results,
    RtfResult,
    VoiceResults,
)
from bench.system.process_usage import ProcessUsage
from bench.voices.texts import NEWS_TEXT, TEXT_PATTERNS, text_of_length

NO_VALUES = Percentiles.of([])
SPEED = RtfResult("fp32", 0.2, 0.2, 128.0, 0.25, 0.25, 1.0, 20.0, NO_VALUES, "cpu", None)

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300)


@given(numbers)
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float]) -> None:
    percentiles = Percentiles.of(values)
    count = len(values)
    for share, found in ((0.50, percentiles.p50), (0.95, percentiles.p95), (0.99, percentiles.p99)):
        assert found in values
        assert sum(value <= found for value in values) >= share * count - 1e-6
        assert sum(value < found for value in values) < share * count + 1e-6


def test_the_percentiles_of_a_hundred_values_are_their_ranks() -> None:
    assert Percentiles.of(range(1, 101)) == Percentiles(50, 95, 99, 100)


def test_every_percentile_of_a_single_value_is_that_value() -> None:
    assert Percentiles.of([7.0]) == Percentiles(7.0, 7.0, 7.0, 1)


def test_percentiles_of_no_values_are_none() -> None:
    assert Percentiles(None, None, None, 0) == NO_VALUES


def played(*chunks: tuple[float, float], requested_at: float = 0.0) -> ClientPlayback:
    """A client that receives chunks of (time of arrival, seconds of audio)."""
    playback = ClientPlayback(requested_at)
    for at, seconds in chunks:
        playback.push(seconds, at)
    return playback


def test_a_chunk_that_arrives_after_an_underrun_is_late_by_its_duration() -> None:
    playback = played((1.0, 0.5), (1.25, 0.5), (2.5, 1.0), (3.0, 1.0), (5.0, 0.5), requested_at=0.25)
    assert playback.time_to_first_audio == 0.75
    assert playback.underruns == [0.5, 0.5]  # the buffer is empty at 2.0 and, after the first underrun, at 4.5
    assert playback.underrun_at == 5.5
    assert playback.audio_seconds == 3.5


def test_a_chunk_that_arrives_when_the_buffer_becomes_empty_is_not_late() -> None:
    assert played((1.0, 0.5), (1.5, 0.5)).underruns == []


def test_the_time_to_first_audio_is_not_an_underrun() -> None:
    assert played((60.0, 1.0)).underruns == []


def test_an_empty_chunk_is_neither_first_audio_nor_late() -> None:
    playback = played((0.5, 0.0), (1.0, 1.0), (9.0, 0.0))
    assert (playback.time_to_first_audio, playback.chunks, playback.underruns) == (1.0, 1, [])


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.01, 10)), min_size=1, max_size=30))
def test_playback_lasts_as_long_as_its_audio_and_its_underruns(steps: list[tuple[float, float]]) -> None:
    now, chunks = 0.0, []
    for pause, seconds in steps:
        now += pause
        chunks.append((now, seconds))
    playback = played(*chunks)
    assert playback.started_at is not None
    assert playback.underrun_at - playback.started_at == pytest.approx(playback.audio_seconds + sum(playback.underruns))


def summary(log: RequestLog, concurrency: int, wall: float) -> LoadResult:
    return summarize(log, "http", concurrency, ProcessUsage(wall, None), None)


def test_a_load_result_counts_late_chunks_rejections_and_failures() -> None:
    punctual, interrupted = played((0.1, 1.0), (0.5, 1.0)), played((0.3, 1.0), (1.8, 1.0), (9.0, 1.0))
    load = summary(RequestLog([punctual, interrupted], rejected=4, failures=["reset", "timeout"]), 3, 10.0)
    assert (load.target, load.concurrency) == ("http", 3)
    assert (load.requests, load.rejected, load.failed, load.first_failure) == (8, 4, 2, "reset")
    assert (load.chunks, load.late_chunks, load.interrupted) == (5, 2, 1)
    assert load.longest_underrun == pytest.approx(6.2)
    assert load.throughput == pytest.approx(0.5)
    assert (load.first_audio.p50, load.first_audio.p99) == (0.1, 0.3)


def test_a_load_result_without_completed_requests_has_no_first_audio() -> None:
    load = summary(RequestLog(rejected=3), 1, 1.0)
    assert (load.first_audio, load.late_chunks, load.longest_underrun, load.throughput) == (NO_VALUES, 0, 0.0, 0.0)


def test_a_load_test_without_completed_requests_can_be_plotted(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    machine = Machine("EPYC", (), 2, None, 100.0, 0.5, "Linux", {}, None)
    voice = VoiceResults("demo", "demo", loads=[summary(RequestLog(failures=["reset"]), 1, 1.0)])
    plot(Results("today", "bench", machine, [voice]), tmp_path / "load.png")
    assert (tmp_path / "load.png").stat().st_size > 1000


def test_the_keys_of_the_json_format_are_the_published_ones(tmp_path: Path) -> None:
    machine = Machine("EPYC", ("avx2",), 2, None, 100.0, 0.5, "Linux", {"server": "1"}, None)
    voice = VoiceResults(
        "demo",
        "demo: 3 M parameters",
        rtf=[SPEED],
        latencies=[LatencyResult("sentences", 10, NO_VALUES, 1.0, 0.1, 2.0, 0.2)],
        news_text=[NewsTextResult("http", 120, 2, 1.0, 0.1, 20.0, 0.05, NO_VALUES, 0.5, 280.0, None)],
        loads=[summary(RequestLog(), 1, 1.0)],
        formats=[FormatResult("mp3", 16000, 0.01, 0.003, 0.08, 64.0)],
        costs=[compute_cost(Prices(rent=1.0), SPEED, 2)],
    )
    Results("today", "bench", machine, [voice]).save(tmp_path / "all.json")
    document = json.loads((tmp_path / "all.json").read_text("utf-8"))
    (found,) = document.pop("voices")
    assert document == {
        "date": "today",
        "command": "bench",
        "machine": {
            "cpu": "EPYC",
            "flags": ["avx2"],
            "cores": 2,
            "gpu": None,
            "gflops": 100.0,
            "load": 0.5,
            "system": "Linux",
            "versions": {"server": "1"},
            "revision": None,
        },
    }
    keys = {name: " ".join(rows[0]) for name, rows in found.items() if isinstance(rows, list) and rows}
    assert keys == {
        "speeds": "precision rtf rtf_normalised gflops cpu_rtf cpu_rtf_normalised cpu_share sound first_audio provider "
        "fallback",
        "latencies": "kind characters first_audio ratio ready sound rtf",
        "formats": "name rate cpu_rtf first_cpu first_audio_seconds kilobits",
        "quoted": "way characters repeats mean deviation sound rtf first_audio cpu_share memory_peak gpu_memory",
        "loads": "way listeners requests refused failed failure first_audio chunks late interrupted silence "
        "longest_gap sound throughput cpu_share memory_peak",
        "costs": "precision throughput sound_hour request currency",
    }


def test_the_news_text_has_120_characters() -> None:
    assert len(NEWS_TEXT) == 120


@given(st.sampled_from(sorted(TEXT_PATTERNS)), st.integers(1, 3000))
def test_a_text_has_the_requested_length(kind: str, length: int) -> None:
    assert len(text_of_length(kind, length)) == length


def test_concurrent_clients_request_different_texts() -> None:
    assert len({request_text(client, 0) for client in range(8)}) == 8


def test_half_the_utilization_doubles_the_price_of_an_hour_of_audio() -> None:
    prices = Prices(rent=0.10, watts=100, kilowatt_hour=0.30, currency="EUR")
    full, half = compute_cost(prices, SPEED, 2), compute_cost(replace(prices, utilization=0.5), SPEED, 2)
    assert full.throughput == 8  # two cores, a quarter of a CPU second each
    assert full.price_per_audio_hour == pytest.approx(0.13 / 8)
    assert full.price_per_request == pytest.approx(full.price_per_audio_hour * 20 / 3600)
    assert half.price_per_audio_hour == pytest.approx(2 * full.price_per_audio_hour)


def test_the_throughput_of_a_gpu_follows_the_wall_time() -> None:
    assert compute_cost(Prices(rent=1.0), replace(SPEED, provider="cuda"), 16).throughput == pytest.approx(5)


names = st.text(st.characters(categories=("Lo", "Ll")), min_size=1, max_size=5)


@given(st.lists(names, min_size=1, max_size=4, unique=True), st.lists(names, min_size=1, max_size=5))
def test_every_line_of_a_table_has_the_same_width(columns: Sequence[str], cells: Sequence[str]) -> None:
    lines = markdown_table([dict.fromkeys(columns, cell) for cell in cells]).splitlines()
    assert len(lines) == len(cells) + 2
    assert len(set(map(cell_len, lines))) == 1


def test_numbers_are_aligned_to_the_right_and_words_to_the_left() -> None:
    table = markdown_table([{"voice": "demo", "RTF": "0.04"}, {"voice": "随机", "RTF": "-"}])
    assert table.splitlines() == ["| voice |  RTF |", "| ----- | ---: |", "| demo  | 0.04 |", "| 随机  |    - |"]


SECTION = Section("RTF [fp32]", [{"voice": "demo", "RTF": "0.04"}])


def test_a_section_is_markdown_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    print_section(SECTION)
    assert capsys.readouterr().out == "\nRTF [fp32]\n\n| voice |  RTF |\n| ----- | ---: |\n| demo  | 0.04 |\n"


def test_a_section_is_a_table_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    print_section(SECTION)
    printed = capsys.readouterr().out
    assert "RTF [fp32]" in printed
    assert "0.04" in printed
    assert "|" not in printed
