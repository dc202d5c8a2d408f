"""`python -m server keys`: what it prints, stores and refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from server.access.key_file import KeyFile
from server.access.key_ring import KeyRing
from server.access.secret import is_well_formed
from server.cli import main
from server.config import load_config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    (tmp_path / "models" / "demo").mkdir(parents=True)
    path = tmp_path / "config.yaml"
    path.write_text("models: {path: models}\n")
    return path


@pytest.fixture
def keys(config_file, capsys):
    """`keys("list")`: the exit code, and the lines of both outputs."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["keys", *arguments, "--config", str(config_file)])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def test_the_key_alone_is_on_the_standard_output_and_works(keys, config_file):
    limits = ["--max-streams", "3", "--characters-per-day", "1000", "--voices", "demo, late", "--weight", "2"]
    code, out, err = keys("add", "app", *limits, "--rights", "speech,metrics", "--expires", "2999-12-31")
    assert code == 0
    assert is_well_formed(out.strip())
    assert f"shown only here; its hash is in {config_file.parent / 'data' / 'keys.yaml'}:" in err
    assert "there is no voice 'late'" in err
    assert "'demo'" not in err
    key = KeyRing(load_config(config_file)).find(out.strip())
    assert (key.name, key.max_streams, key.characters_per_day, key.weight) == ("app", 3, 1000, 2.0)
    assert (key.voices, key.rights, str(key.expires)) == (("demo", "late"), ("speech", "metrics"), "2999-12-31")
    file = config_file.parent / "data" / "keys.yaml"
    assert out.strip() not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_keys_are_listed_without_anything_secret(keys):
    assert "there is no key" in keys("list")[1]
    secret = keys("add", "app", "--voices", "demo")[1].strip()
    listed = keys("list")[1]
    assert "app" in listed
    assert "demo" in listed
    assert "keys.yaml" in listed
    assert secret not in listed


def test_a_revoked_key_is_gone_and_its_name_is_free(keys, config_file):
    keys("add", "app")
    assert keys("revoke", "app")[0] == 0
    assert "there is no key" in keys("list")[1]
    assert KeyRing(load_config(config_file)).is_required
    assert keys("add", "app")[0] == 0


def test_an_entry_for_the_configuration_is_printed_and_nothing_is_stored(keys, config_file):
    code, out, _ = keys("add", "app", "--entry", "--max-streams", "2")
    secret, entry = out.split("\n", 1)
    assert code == 0
    assert not (config_file.parent / "data").exists()
    config_file.write_text(yaml.safe_dump({"models": {"path": "models"}, "access": {"keys": yaml.safe_load(entry)}}))
    assert KeyRing(load_config(config_file)).find(secret).max_streams == 2
    assert "config.yaml" in keys("list")[1]
    assert "remove it there" in keys("revoke", "app")[2]
    assert "has a key 'app' already" in keys("add", "app")[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["revoke", "app"], "there is no key 'app'; valid: none"),
        (["add", "../../x"], "name must be text that matches"),
        (["add", "a\nb"], "name must be text that matches"),
        (["add", "-"], "name must be text that matches"),
        (["add", "app", "--max-streams", "-1"], "max_streams must be at least 0, not -1"),
        (["add", "app", "--rights", "root"], "must be one of 'speech', 'metrics' or 'admin', not 'root'"),
        (["add", "app", "--voices", ","], "voices"),
        (["add", "app", "--voices", "../demo"], "voices"),
        (["add", "app", "--weight", "0"], "weight must be above 0"),
        (["add", "app", "--expires", "2001-01-01"], "--expires 2001-01-01 is over"),
    ],
)
def test_a_mistake_is_explained_and_nothing_is_stored(keys, config_file, arguments, message):
    code, out, err = keys(*arguments)
    assert (code, out) == (1, "")
    assert message in err
    assert not (config_file.parent / "data" / "keys.yaml").exists()


@pytest.mark.parametrize(
    "arguments",
    [[], ["add"], ["revoke"], ["list", "app"], ["revoke", "app", "--max-streams", "1"], ["add", "a", "--expires", "x"]],
)
def test_wrong_usage_is_answered_with_the_usage(keys, capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        keys(*arguments)
    assert ended.value.code == 2
    assert "usage: " in capsys.readouterr().err


def test_a_name_is_used_once(keys):
    keys("add", "app")
    code, out, err = keys("add", "app")
    assert (code, out) == (1, "")
    assert "has a key 'app' already" in err


def test_two_commands_at_once_lose_no_key(config_file):
    command = [sys.executable, "-m", "server", "keys", "add", "--config", str(config_file)]
    names = [f"key-{number}" for number in range(4)]
    processes = [
        subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in names
    ]
    assert [process.wait() for process in processes] == [0] * len(names)
    file = KeyFile(config_file.parent / "data")
    assert {key.name for key in file.read()} == set(names)
