"""Files appear whole or not at all; devices are written directly."""

from pathlib import Path

import pytest

from server.atomic_file import AtomicFile, open_atomic, write_atomic
from server.errors import RequestError


def test_a_file_is_replaced_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write_bytes = Path.write_bytes

    def interrupted(file: Path, content: bytes) -> None:
        write_bytes(file, content[:1])
        assert path.read_bytes() == b"old"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(RequestError, match=f"cannot write {tmp_path}"):
        write_atomic(tmp_path, b"new")


def test_a_device_is_written_and_not_replaced() -> None:
    write_atomic(Path("/dev/null"), b"x")
    assert Path("/dev/null").is_char_device()


def test_a_file_that_is_opened_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "file"
    with open_atomic(path) as file:
        file.write(b"begun, ")
        assert not path.exists()
        file.write(b"complete")
    assert path.read_bytes() == b"begun, complete"
    with pytest.raises(KeyError), open_atomic(path) as file:  # noqa: PT012
        file.write(b"not complete")
        raise KeyError
    assert path.read_bytes() == b"begun, complete"
    assert list(tmp_path.iterdir()) == [path]


def test_an_atomic_file_that_is_discarded_leaves_nothing(tmp_path):
    atomic = AtomicFile(tmp_path / "file")
    atomic.file.write(b"some")
    atomic.discard()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        AtomicFile(tmp_path / "missing" / "file")
