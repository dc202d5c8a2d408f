"""Writes files atomically: a file gets its name when it is complete, and not at all after an error."""

import secrets
from pathlib import Path

from server.errors import RequestError


def write_atomic(path: Path, content: bytes, *, private: bool = False) -> None:
    """Creates or replaces `path`. A pipe or a device, such as /dev/stdout, is written directly.

    `private`: only its owner may read it. Raises `RequestError` if the file cannot be written; an existing file is then
    unchanged.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        target = path.resolve()
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            temporary.touch(0o600 if private else 0o666)
            temporary.write_bytes(content)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RequestError(f"cannot write {path}: {error.strerror}") from None
