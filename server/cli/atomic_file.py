"""Writes files atomically: a file gets its name when it is complete, and not at all after an error."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from server.errors import RequestError


@contextmanager
def open_atomic(path: Path) -> Iterator[IO[bytes]]:
    """Opens a binary file for writing that replaces `path` when the block ends. Raises `RequestError` if it cannot.

    A pipe or a device, such as /dev/stdout, is written directly.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        target = path.resolve()
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with temporary.open("xb") as file:
                yield file
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RequestError(f"cannot write {path}: {error.strerror}") from None
