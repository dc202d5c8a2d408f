"""The command line on the embedded voice."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from bench import __main__ as command_line
from bench.__main__ import main
from bench.measure.formats import measure_formats
from bench.voices.engine import EngineSettings
from server.audio.encoders import ENCODERS
from server.types import Audio
from tests.conftest import EMBEDDED

ROOT = EMBEDDED.parents[1]
DEMO = ["--models", str(EMBEDDED.parent), "--voice", "demo"]


def bench(output: Path, *arguments: str) -> int:
    return main([*arguments, *DEMO, "--repeat", "1", "--output", str(output)])


def test_rtf_prints_one_line_of_real_time_factors_by_precision(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "rtf", *DEMO, "--json", "--repeat", "1", "--output", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    factors = json.loads(ran.stdout.splitlines()[-1])
    assert "fp32" in factors
    assert factors.keys() <= {"fp32", "fp16", "int8"}
    assert all(0 < factor < 100 for factor in factors.values())


def test_latency_prints_and_writes_every_text_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(tmp_path, "latency", "--lengths", "5,20") == 0
    rows = json.loads((tmp_path / "latency.json").read_text("utf-8"))["voices"][0]["latencies"]
    assert [row["characters"] for row in rows] == [5, 20, 5, 20]
    assert "of shortest" in capsys.readouterr().out
    assert "of shortest" in (tmp_path / "latency.md").read_text("utf-8")


def test_load_runs_clients_of_the_engine_and_of_a_real_server(tmp_path: Path) -> None:
    assert bench(tmp_path, "load", "--levels", "2", "--seconds", "2.5") == 0
    loads = json.loads((tmp_path / "load.json").read_text("utf-8"))["voices"][0]["loads"]
    assert [(load["way"], load["listeners"], load["failed"]) for load in loads] == [("engine", 2, 0), ("http", 2, 0)]
    assert all(load["requests"] >= 2 and load["chunks"] > load["late"] for load in loads)
    assert all(load["sound"] > 2 and load["cpu_share"] > 0 for load in loads)


def test_quote_measures_the_news_text_on_the_engine_and_over_http(tmp_path: Path) -> None:
    assert bench(tmp_path, "quote") == 0
    engine, http = json.loads((tmp_path / "quote.json").read_text("utf-8"))["voices"][0]["quoted"]
    assert (engine["way"], http["way"], http["characters"]) == ("engine", "http", 120)
    assert engine["sound"] == pytest.approx(http["sound"], rel=0.01)


def test_compare_relates_chunked_to_whole_synthesis(tmp_path: Path) -> None:
    assert bench(tmp_path, "compare") == 0
    found = json.loads((tmp_path / "compare.json").read_text("utf-8"))["voices"][0]["chunking"]
    assert found["ratio"] > 0


def test_batch_relates_every_number_of_streams_to_a_single_one(tmp_path: Path) -> None:
    assert bench(tmp_path, "batch") == 0
    found = json.loads((tmp_path / "batch.json").read_text("utf-8"))["voices"][0]["batches"]
    assert [row["streams"] for row in found] == [1, 2, 4, 8, 16, 32]
    assert found[0]["acoustic_gain"] == found[0]["vocoder_gain"] == 1
    assert all(row["acoustic"] > 0 and row["vocoder"] > 0 for row in found)


def test_formats_measures_every_format_with_and_without_resampling(tmp_path: Path) -> None:
    assert bench(tmp_path, "formats") == 0
    found = json.loads((tmp_path / "formats.json").read_text("utf-8"))["voices"][0]["formats"]
    assert [(row["name"], row["rate"]) for row in found] == [
        (name, rate) for name in ENCODERS for rate in (16000, 24000)
    ]
    assert all(row["cpu_rtf"] > 0 and row["first_cpu"] > 0 and row["first_audio_seconds"] < 0.3 for row in found)
    assert [round(row["kilobits"]) for row in found if row["name"] == "pcm"] == [256, 384]


class VoiceOf22050Hertz:
    """Has no audio but noise, at a rate that Opus does not have."""

    name = "other"

    def open(self, settings: EngineSettings) -> "VoiceOf22050Hertz":
        return self

    def chunks(self, text: str, seconds: float) -> list[Audio]:
        samples = np.random.default_rng(0).uniform(-0.1, 0.1, 441).astype(np.float32)
        return [Audio(samples, 22050)] * 20


def test_formats_names_the_rates_of_the_encoded_audio() -> None:
    found = measure_formats(VoiceOf22050Hertz(), EngineSettings(), 1)
    rates = {name: [row.rate for row in found if row.name == name] for name in ENCODERS}
    assert rates == {name: [24000] if name in ("opus", "webm") else [22050, 24000] for name in ENCODERS}


def test_pieces_measures_a_text_that_arrives_over_the_websocket(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("bench.measure.pieces.TEXTS", ("今天早上下了一场小雨，空气", "你好。"))
    assert bench(tmp_path, "pieces") == 0
    found = json.loads((tmp_path / "pieces.json").read_text("utf-8"))["voices"][0]["pieces"]
    assert (found["texts"], found["characters_per_second"], found["first_audio"]["count"]) == (2, 20, 2)
    assert found["first_audio"]["p50"] > 0


def test_cache_measures_answers_from_every_source(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("bench.measure.cache.REQUEST_SENTENCES", ("你好。",))
    monkeypatch.setattr("bench.measure.cache.POPULAR_TEXTS", 2)
    assert bench(tmp_path, "cache") == 0
    found = json.loads((tmp_path / "cache.json").read_text("utf-8"))["voices"][0]["cache"]
    assert [times["first_byte"]["count"] for times in found["times"]] == [1, 1, 1, 100]
    assert (found["equal_requests"], found["equal_computed"], found["popular_requests"]) == (100, 1, 10)
    assert found["hit_rate"] >= 0.5


def test_cost_is_computed_from_the_given_prices(tmp_path: Path) -> None:
    assert bench(tmp_path, "cost", "--rent", "0.5", "--use", "0.5", "--currency", "EUR") == 0
    (found,) = json.loads((tmp_path / "cost.json").read_text("utf-8"))["voices"][0]["costs"][:1]
    assert found["sound_hour"] == pytest.approx(0.5 / found["throughput"] / 0.5)


def test_cost_without_prices_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", *DEMO])
    assert ended.value.code == 2
    assert "--rent" in capsys.readouterr().err


def test_without_matplotlib_only_the_plot_is_missing_and_a_message_names_the_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "can_plot", lambda: False)
    assert bench(tmp_path, "rtf") == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["rtf.json", "rtf.md"]
    assert "matplotlib is not installed" in capsys.readouterr().err


def test_the_plot_is_written_if_matplotlib_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert bench(tmp_path, "rtf") == 0
    assert (tmp_path / "rtf.png").stat().st_size > 1000


def test_a_terminated_benchmark_terminates_its_server(tmp_path: Path) -> None:
    arguments = ["--ways", "http", "--seconds", "60", "--output", str(tmp_path)]
    command = [sys.executable, "-m", "bench", "load", *DEMO, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as benchmark:
        process = psutil.Process(benchmark.pid)
        while not any(map(is_asked, servers := [child for child in process.children() if is_server(child)])):
            assert benchmark.poll() is None
            time.sleep(0.05)
        benchmark.terminate()
        assert benchmark.wait() == 143
    _, running = psutil.wait_procs(servers, timeout=30)
    assert not running


def is_asked(server: psutil.Process) -> bool:
    """Whether the benchmark uses it, and so knows that it has started it."""
    try:
        return any(connection.status == psutil.CONN_ESTABLISHED for connection in server.net_connections())
    except psutil.Error:  # it has ended
        return False


def is_server(process: psutil.Process) -> bool:
    try:
        return "serve" in process.cmdline()
    except psutil.Error:  # it has ended
        return False


def test_the_error_for_an_unknown_voice_lists_the_voices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rtf", "--models", str(EMBEDDED.parent), "--voice", "absent", "--output", str(tmp_path)]) == 1
    shown = capsys.readouterr().err
    assert "absent" in shown
    assert "demo" in shown


@pytest.mark.parametrize(
    ("provider", "order"), [("cpu", ("cpu",)), ("cuda", ("cuda", "cpu")), ("tensorrt", ("tensorrt", "cuda", "cpu"))]
)
def test_providers_fall_back_in_a_fixed_order(provider: str, order: tuple[str, ...], tmp_path: Path) -> None:
    assert EngineSettings(provider).config(tmp_path).runtime.providers == order


@pytest.mark.parametrize("wrong", [("--levels", "0"), ("--ways", "post"), ("--use", "0"), ("--provider", "tpu")])
def test_invalid_options_are_wrong_usage(wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["load", *DEMO, *wrong])
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_memory_is_measured_before_and_after_the_requests(tmp_path: Path) -> None:
    assert bench(tmp_path, "memory", "--requests", "20") == 0
    found = json.loads((tmp_path / "memory.json").read_text("utf-8"))["voices"][0]["memory"]
    assert found["requests"] == 20
    assert len(found["memory"]) == 21
    assert 50 < found["memory"][0] < 1000
    assert found["start_cpu_seconds"] > 0


def test_soak_compares_every_answer_beside_clients_that_do_not_read_or_leave(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("bench.measure.soak.DIFFERENT_REQUESTS", 4)
    assert bench(tmp_path, "soak", "--requests", "24") == 0
    found = json.loads((tmp_path / "soak.json").read_text("utf-8"))["voices"][0]["soak"]
    assert (found["requests"], found["refused"], found["failed"], found["different"]) == (24, 0, 0, 0)
    assert found["stalled"] >= 20
    assert len(found["memory"]) == 24
