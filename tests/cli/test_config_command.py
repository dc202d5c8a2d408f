"""`python -m server config`: values with their origins, JSON, a check of a file, and errors."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from server.cli import main
from server.config import Config
from server.config.keys import keys
from tests.conftest import EMBEDDED

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is not the one of the working directory."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    path = tmp_path / "config.yaml"
    path.write_text("server:\n  port: 8000\ntext:\n  lexicon:\n    重: chong2\n", encoding="utf-8")
    return path


def test_each_value_is_shown_with_its_origin(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("SAMBERT_SERVER__HOST", "name")
    assert main(["config", "--config", str(file), "--set", "scheduler.workers=3", "--models", "m"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  port: 8000  # {file}, line 2" in lines
    assert "  host: name  # SAMBERT_SERVER__HOST" in lines
    assert "  workers: 3  # --set scheduler.workers" in lines
    assert "  path: m  # --models" in lines
    assert "  threads: 0  # default" in lines
    assert "  marks: true  # default; reload" in lines
    assert [line for line in lines if line.startswith(f"  lexicon: {{重: chong2}}  # {file}, line 4")]


def test_the_output_is_a_configuration(file: Path, tmp_path: Path, capsys: Captured) -> None:
    given = ["--set", 'text.lexicon={"a\\nb\\t": "# x", "重:": "[y]"}', "--set", "label.producer= \x1b[31m: #"]
    assert main(["config", "--config", str(file), *given]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    again = tmp_path / "again.yaml"
    again.write_text(shown, encoding="utf-8")
    assert main(["config", "--config", str(again)]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["text"] == yaml.safe_load(shown)["text"]
    assert yaml.safe_load(shown)["text"]["lexicon"] == {"a\nb\t": "# x", "重:": "[y]"}
    assert yaml.safe_load(shown)["label"]["producer"] == " \x1b[31m: #"


def test_json_has_value_origin_and_reload_of_every_key(file: Path, capsys: Captured) -> None:
    assert main(["config", "--json", "--config", str(file)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["server"]["port"] == {"value": 8000, "origin": f"{file}, line 2", "reload": False}
    assert document["label"]["notice"]["reload"] is True
    assert [f"{section}.{name}" for section, values in document.items() for name in values] == list(keys())


def test_secrets_are_not_shown(file: Path, capsys: Captured) -> None:
    entry = f"[{{name: a, sha256: {'d' * 64}}}]"
    for options in ([], ["--json"]):
        assert main(["config", "--config", str(file), "--set", f"access.keys={entry}", *options]) == 0
        shown = capsys.readouterr().out
        assert "d" * 64 not in shown
        assert "**********" in shown
    assert main(["config", "--config", str(file), "--set", f"access.keys={entry.replace('ddd', 'dx')}"]) == 1
    assert "ddd" not in capsys.readouterr().err


def test_check_says_whether_a_server_could_start(file: Path, capsys: Captured) -> None:
    models = ["--models", str(EMBEDDED.parent)]
    assert main(["config", "--check", str(file), *models]) == 0
    assert capsys.readouterr().out == f"{file} is valid\n"
    file.write_text("text: {lexicon: {重: x}}\nmodels: {aliases: {a: nobody}}", encoding="utf-8")
    assert main(["config", "--check", str(file), *models]) == 1
    message = capsys.readouterr().err
    assert f"{file}, line 1: lexicon entry '重'" in message
    assert "models.aliases: 'a' is 'nobody'" in message
    file.write_text("server: {prt: 1}", encoding="utf-8")
    assert main(["config", "--check", str(file)]) == 1
    assert f"{file}, line 1: server.prt is not a key" in capsys.readouterr().err


def test_wrong_usage_of_set_ends_with_the_usage(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as end:
        main(["config", "--set", "server.port"])
    assert end.value.code == 2
    assert "argument --set: 'server.port' is not section.key=value" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["SAMBERT_SERVER_PORT", "SAMBERT_SERVER__PRT"])
def test_an_unknown_variable_stops_every_command(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(variable, "1")
    for command in ("voices", "config", "serve"):
        assert main([command]) == 1
        assert "did you mean SAMBERT_SERVER__PORT?" in capsys.readouterr().err


def test_the_command_needs_nothing_that_computes_or_serves() -> None:
    program = (
        "import sys; from server.cli import main; main(['config']);"
        "print([name for name in ('aiohttp', 'celery', 'redis', 'watchfiles') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=EMBEDDED.parents[1], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_the_defaults_without_a_file_have_no_other_origin(file: Path, capsys: Captured) -> None:
    assert main(["config"]) == 0
    content = capsys.readouterr().out
    assert yaml.safe_load(content) == Config().model_dump(mode="json")
    assert all("# default" in line for line in content.splitlines() if line.startswith("  "))
