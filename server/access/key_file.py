"""The file of keys, `keys.yaml` in the storage folder: hashes only, changed by one command at a time."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from server.atomic_file import write_atomic
from server.config import AccessKey
from server.config.sections.section import Section
from server.errors import ConfigurationError, RequestError, validation_message

NAME = "keys.yaml"
_HEADER = "# Keys of this server, as hashes. Change it with `python -m server keys`; the server notices it.\n"


class _Content(Section):
    keys: tuple[AccessKey, ...] = Field(default=(), strict=False)


_CONTENT = TypeAdapter(_Content)


class KeyFile:
    """Reads and changes the file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    @property
    def version(self) -> tuple[int, ...] | None:
        """Differs after a change; None where there is no file. Costs one system call."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        # The last one changes with the rights of the file too.
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns

    def read(self) -> Sequence[AccessKey]:
        """The keys in the file; none without a file. Raises `ConfigurationError` where it cannot be read."""
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{self.path} cannot be read: {error}; it must belong to the server's user"
            ) from None
        try:
            return _CONTENT.validate_python(yaml.load(text, Loader=_Loader)).keys  # noqa: S506  a SafeLoader
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{self.path} is not valid YAML: {error}") from None
        except ValidationError as error:
            details = error.errors(include_url=False)[0]
            location = ".".join(map(str, details["loc"])) or "the file"
            raise ConfigurationError(f"{self.path}: {validation_message(location, details)}") from None

    def change(self, change: Callable[[Sequence[AccessKey]], Sequence[AccessKey]]) -> None:
        """Replaces the keys by those that `change` returns for them, while no other process does so.

        Raises `RequestError` where it cannot be written, and what `read` and `change` raise.
        """
        with self._lock():
            keys = [_entry(key) for key in change(self.read())]
            text = _HEADER + yaml.safe_dump({"keys": keys}, sort_keys=False, allow_unicode=True)
            write_atomic(self.path, text.encode(), private=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Locks another file, since this one is replaced. A process that was killed holds no lock."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_suffix(".lock").open("w")
        except OSError as error:
            raise RequestError(f"cannot write {self.path}: {error.strerror}") from None
        with lock:
            if os.geteuid() == 0:  # as the file of keys: later it is locked by the owner of the folder
                folder = self.path.parent.stat()
                os.fchown(lock.fileno(), folder.st_uid, folder.st_gid)
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def entry_text(key: AccessKey) -> str:
    """A key as an entry of a list in YAML."""
    return yaml.safe_dump([_entry(key)], sort_keys=False, allow_unicode=True)


def _entry(key: AccessKey) -> dict[str, object]:
    """What is not the default, and the rights."""
    return {**key.model_dump(include={"name", "sha256", "rights"}), **key.model_dump(exclude_defaults=True)}


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C reads a thousand keys in milliseconds."""
