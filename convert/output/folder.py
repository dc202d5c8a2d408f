"""Writes files and folders atomically: first under a temporary name beside the target, then renamed to it."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onnx import ModelProto

from convert.errors import ConvertError
from server.voices.manifest import GraphFile


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A new temporary folder that replaces `folder` when the block succeeds, and is removed when it fails.

    Raises `ConvertError` if the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clean_up(folder)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise ConvertError(f"cannot write to {folder.parent}: {error.strerror}") from None
    try:
        yield temporary
        temporary.chmod(0o755)
        old = folder.with_name(f".{folder.name}.old")
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ConvertError(f"cannot write {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """A temporary path; its file replaces `path` when the block succeeds, and is removed when it fails.

    Raises `ConvertError` if the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise ConvertError(f"cannot write {path}: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)


def write_model(model: ModelProto, path: Path, parameters: int) -> GraphFile:
    """Writes an ONNX model and returns its entry in voice.yaml; the same model gives the same bytes."""
    path.write_bytes(model.SerializeToString(deterministic=True))
    return GraphFile(file=path.name, sha256=sha256(path), bytes=path.stat().st_size, parameters=parameters)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _clean_up(folder: Path) -> None:
    """Removes what a killed process left; a folder that was being replaced is restored."""
    old = folder.with_name(f".{folder.name}.old")
    if old.exists() and not folder.exists():
        old.rename(folder)
    for leftover in (old, *folder.parent.glob(f".{folder.name}.*.partial")):
        shutil.rmtree(leftover, ignore_errors=True)
