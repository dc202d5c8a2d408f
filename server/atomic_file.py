"""Writes files atomically: a file gets its name when it is complete, and not at all after an error."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from server.errors import RequestError


def write_atomic(path: Path, content: bytes, *, private: bool = False) -> None:
    """Creates or replaces `path`. A pipe or a device, such as /dev/stdout, is written directly.

    `private`: only its owner may read it; where root writes it, that is the owner of the folder. Raises `RequestError`
    if the file cannot be written; an existing file is then unchanged.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        replace_file(path.resolve(), content, private=private)
    except OSError as error:
        raise RequestError(f"cannot write {path}: {error.strerror}") from None


def replace_file(path: Path, content: bytes, *, private: bool = False) -> None:
    """Creates or replaces a regular file. Raises `OSError`; an existing file is then unchanged.

    The temporary file beside it begins with a dot. It remains where the process is killed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.touch(0o600 if private else 0o666)
        if private and os.geteuid() == 0:  # the program that reads it is seldom run as root
            os.chown(temporary, path.parent.stat().st_uid, path.parent.stat().st_gid)
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class AtomicFile:
    """A new file that gets its name with `commit`, and not at all without it. Every method may raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self.file: BinaryIO = self._temporary.open("w+b")
        """Also for reading."""

    def commit(self) -> None:
        """Gives the file its name. It is on the disk then, whatever happens to the machine."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self._temporary.replace(self._path)
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def discard(self) -> None:
        """Removes the file, unless it was committed."""
        self.file.close()
        self._temporary.unlink(missing_ok=True)


@contextmanager
def open_atomic(path: Path) -> Iterator[BinaryIO]:
    """An `AtomicFile` that is committed when the block ends without an error."""
    atomic = AtomicFile(path)
    try:
        yield atomic.file
        atomic.commit()
    finally:
        atomic.discard()
