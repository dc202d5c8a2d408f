"""The key file: complete after any crash, for its owner only, changed by one process at a time, exact in its errors."""

import os
import subprocess
import sys
from datetime import date

import pytest

from server.access.key_file import KeyFile, entry_text
from server.config import AccessKey
from server.errors import ConfigurationError, RequestError

HASH = "a" * 64
ADD = """
import sys
from pathlib import Path
from server.access.key_file import KeyFile
from server.config import AccessKey

file, process = KeyFile(Path(sys.argv[1])), sys.argv[2]
for number in range(20):
    name = f"key-{process}-{number}"
    file.change(lambda keys: [*keys, AccessKey(name=name, sha256=f"{len(keys):064x}")])
"""


def test_what_is_written_is_read_again(key_file):
    key = AccessKey(
        name="reception", sha256=HASH, rights=("speech", "metrics"), max_streams=3, characters_per_day=1000,
        voices=("demo", "声音"), weight=0.5, expires=date(2030, 1, 31), created=date(2026, 1, 1),
    )  # fmt: skip
    key_file.change(lambda _: [key, AccessKey(name="b", sha256="b" * 64)])
    assert key_file.read() == (key, AccessKey(name="b", sha256="b" * 64))
    assert key_file.path.read_text("utf-8").startswith("# ")
    assert "expires: 2030-01-31" in entry_text(key)


def test_only_the_owner_may_read_it_and_no_other_file_is_left(key_file, add):
    for name in ("a", "b"):
        add(name)
        assert key_file.path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in key_file.path.parent.iterdir()) == ["keys.lock", "keys.yaml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_writes_belongs_to_the_owner_of_the_folder(key_file, add):
    key_file.path.parent.mkdir()
    os.chown(key_file.path.parent, 12345, 12346)
    add("a")
    found = [path.stat() for path in key_file.path.parent.iterdir()]
    assert [(each.st_uid, each.st_gid) for each in found] == [(12345, 12346)] * 2


def test_other_rights_are_a_change(key_file, add):
    """A file that could not be read is read again."""
    add("a")
    before = key_file.version
    while key_file.version == before:  # the clock of the file system has ticks
        key_file.path.chmod(0o644)
        key_file.path.chmod(0o600)


def test_no_change_of_two_processes_is_lost(key_file):
    command = [sys.executable, "-c", ADD, str(key_file.path.parent)]
    processes = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [process.wait() for process in processes] == [0, 0]
    assert {key.name for key in key_file.read()} == {f"key-{name}-{number}" for name in "ab" for number in range(20)}


def test_a_change_that_fails_changes_nothing(key_file, add):
    add("a")
    before = key_file.path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        key_file.change(lambda _: 1 / 0)
    assert key_file.path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match=r"cannot write .*file/keys\.yaml"):
        KeyFile(tmp_path / "file").change(lambda keys: keys)


def test_without_a_file_there_are_no_keys_and_nothing_is_written(key_file):
    assert key_file.read() == ()
    assert key_file.version is None
    assert not key_file.path.parent.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keys: [", "is not valid YAML"),
        ("keys: {}", "keys must be a list"),
        ("key: []", "key: Extra inputs"),
        ("- 1", "the file must be a section"),
        (f"keys: [{{name: ../x, sha256: {HASH}}}]", "keys.0.name must be text that matches"),
        (f'keys: [{{name: "a\\n", sha256: {HASH}}}]', "keys.0.name must be text that matches"),
        ("keys: [{name: a, sha256: xyz}]", "keys.0.sha256 must be text that matches"),
        ("keys: [{name: a}]", "keys.0.sha256 is missing"),
        (f"keys: [{{name: a, sha256: {HASH}, rights: [root]}}]", "must be one of 'speech', 'metrics' or 'admin'"),
        (f"keys: [{{name: a, sha256: {HASH}, rights: []}}]", "keys.0.rights"),
        (f"keys: [{{name: a, sha256: {HASH}, voices: []}}]", "keys.0.voices"),
        (f"keys: [{{name: a, sha256: {HASH}, max_streams: -1}}]", "must be at least 0"),
        (f"keys: [{{name: a, sha256: {HASH}, weight: 0}}]", "must be above 0"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(key_file, text, message):
    key_file.path.parent.mkdir()
    key_file.path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        key_file.read()
    assert message in str(caught.value)
    assert str(key_file.path) in str(caught.value)
