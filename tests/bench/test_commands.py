"""The commands as a person calls them, on the voice that comes with the project."""

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bench import __main__ as command_line
from bench.__main__ import main
from bench.voices.voices import Engine
from tests.conftest import EMBEDDED

ROOT = EMBEDDED.parents[1]
DEMO = ["--models", str(EMBEDDED.parent), "--voice", "demo"]


def bench(output: Path, *arguments: str) -> int:
    return main([*arguments, *DEMO, "--repeat", "1", "--output", str(output)])


def test_rtf_ends_with_one_line_of_factors_by_precision(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "rtf", *DEMO, "--json", "--repeat", "1", "--output", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    factors = json.loads(ran.stdout.splitlines()[-1])
    assert "fp32" in factors
    assert factors.keys() <= {"fp32", "fp16", "int8"}
    assert all(0 < factor < 100 for factor in factors.values())


def test_latency_shows_every_length_and_writes_what_it_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(tmp_path, "latency", "--lengths", "5,20") == 0
    rows = json.loads((tmp_path / "latency.json").read_text("utf-8"))["voices"][0]["latencies"]
    assert [row["characters"] for row in rows] == [5, 20, 5, 20]
    assert "of shortest" in capsys.readouterr().out
    assert "of shortest" in (tmp_path / "latency.md").read_text("utf-8")


def test_listeners_of_the_engine_and_of_a_real_server_are_counted(tmp_path: Path) -> None:
    assert bench(tmp_path, "load", "--levels", "2", "--seconds", "2.5") == 0
    loads = json.loads((tmp_path / "load.json").read_text("utf-8"))["voices"][0]["loads"]
    assert [(load["way"], load["listeners"], load["failed"]) for load in loads] == [("engine", 2, 0), ("http", 2, 0)]
    assert all(load["requests"] >= 2 and load["chunks"] > load["late"] for load in loads)
    assert all(load["sound"] > 2 for load in loads)


def test_the_usual_test_is_done_through_the_engine_and_over_http(tmp_path: Path) -> None:
    assert bench(tmp_path, "quote") == 0
    engine, http = json.loads((tmp_path / "quote.json").read_text("utf-8"))["voices"][0]["quoted"]
    assert (engine["way"], http["way"], http["characters"]) == ("engine", "http", 120)
    assert engine["sound"] == pytest.approx(http["sound"], rel=0.01)


def test_chunks_are_compared_with_the_whole(tmp_path: Path) -> None:
    assert bench(tmp_path, "compare") == 0
    found = json.loads((tmp_path / "compare.json").read_text("utf-8"))["voices"][0]["chunking"]
    assert found["ratio"] > 0


def test_batches_are_compared_with_one_stream_alone(tmp_path: Path) -> None:
    assert bench(tmp_path, "batch") == 0
    found = json.loads((tmp_path / "batch.json").read_text("utf-8"))["voices"][0]["batches"]
    assert [row["streams"] for row in found] == [1, 2, 4, 8, 16, 32]
    assert found[0]["acoustic_gain"] == found[0]["vocoder_gain"] == 1
    assert all(row["acoustic"] > 0 and row["vocoder"] > 0 for row in found)


def test_cost_is_computed_from_the_prices_that_are_given(tmp_path: Path) -> None:
    assert bench(tmp_path, "cost", "--rent", "0.5", "--use", "0.5", "--currency", "EUR") == 0
    (found,) = json.loads((tmp_path / "cost.json").read_text("utf-8"))["voices"][0]["costs"][:1]
    assert found["sound_hour"] == pytest.approx(0.5 / found["throughput"] / 0.5)


def test_cost_without_prices_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", *DEMO])
    assert ended.value.code == 2
    assert "--rent" in capsys.readouterr().err


def test_without_matplotlib_all_but_the_plot_is_written_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "can_plot", lambda: False)
    assert bench(tmp_path, "rtf") == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["rtf.json", "rtf.md"]
    assert "matplotlib is not installed" in capsys.readouterr().err


def test_the_plot_is_written_where_matplotlib_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert bench(tmp_path, "rtf") == 0
    assert (tmp_path / "rtf.png").stat().st_size > 1000


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_measurement_that_is_ended_leaves_no_server_behind(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bench",
        "load",
        *DEMO,
        "--ways",
        "http",
        "--seconds",
        "60",
        "--output",
        str(tmp_path),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as measuring:
        children = Path(f"/proc/{measuring.pid}/task/{measuring.pid}/children")
        while b"serve" not in b"".join(line_of(child) for child in children.read_text().split()):
            assert measuring.poll() is None
            time.sleep(0.05)
        servers = [child for child in children.read_text().split() if b"serve" in line_of(child)]
        measuring.terminate()
        assert measuring.wait() == 143
    assert servers
    assert not [server for server in servers if line_of(server)]


def line_of(pid: str) -> bytes:
    """The command line of a process, empty when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_an_unknown_voice_is_one_line_that_names_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rtf", "--models", str(EMBEDDED.parent), "--voice", "nobody", "--output", str(tmp_path)]) == 1
    shown = capsys.readouterr().err
    assert "nobody" in shown
    assert "demo" in shown


@pytest.mark.parametrize(
    ("provider", "order"), [("cpu", ("cpu",)), ("cuda", ("cuda", "cpu")), ("tensorrt", ("tensorrt", "cuda", "cpu"))]
)
def test_a_provider_that_cannot_work_is_followed_by_the_next_best(
    provider: str, order: tuple[str, ...], tmp_path: Path
) -> None:
    assert Engine(provider).config(tmp_path).runtime.providers == order


@pytest.mark.parametrize("wrong", [("--levels", "0"), ("--ways", "post"), ("--use", "0"), ("--provider", "tpu")])
def test_wrong_options_are_refused(wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["load", *DEMO, *wrong])
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err
