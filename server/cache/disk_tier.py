"""Entries in the files of one folder, up to a number of bytes. All methods may block; thread-safe."""

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from server.cache.entry import Entry
from server.cache.entry_file import SUFFIX, DamagedEntryError, read_entry, write_entry
from server.cache.report import TierReport
from server.cache.sized_lru import SizedLru

_log = logging.getLogger(__name__)

_KEY = re.compile("[0-9a-f]{64}")
_BLOCK = 4096
"""Bytes that a file takes are a multiple of this."""
_TEMPORARY_SECONDS = 3600.0
"""After which a temporary file is a remainder: its writer was killed."""
PAUSE_SECONDS = 60.0
"""Without a write, after one that failed."""


class DiskTier:
    """The most recently used entries of this folder.

    No method raises for a failure of the disk: there is a warning, once for each cause, and no entry. The modification
    time of a file is its last use, so that the order survives a restart.
    """

    def __init__(self, folder: Path, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`limit` is in bytes."""
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        """Guards the attributes below. No file is touched while it is held, so that a report never waits."""
        self._evicted: list[str] = []
        self._index: SizedLru[int] = SizedLru(limit, lambda size: size, self._evicted.append)
        """Key -> bytes."""
        self._is_listed = False
        self._errors = 0
        self._causes: set[str] = set()
        self._paused_until = -float("inf")

    def list_files(self) -> None:
        """Finds the files of earlier runs, and deletes what exceeds the limit. They can be read before this too."""
        found: list[tuple[float, str, int]] = []
        try:
            with os.scandir(self._folder) as files:
                for file in files:
                    self._note(file, found)
        except FileNotFoundError:
            pass
        except OSError as error:
            self.warn(f"the folder of the cache cannot be listed: {error}", f"list: {error.strerror}")
            return
        with self._lock:
            for _, key, size in sorted(found):
                if key not in self._index and self._index.fits(size):
                    self._index[key] = size
            self._is_listed = True
        self._delete_evicted()

    def lacks(self, key: str) -> bool:
        """Whether there is certainly no entry of this key. Does not block."""
        with self._lock:
            return self._is_listed and key not in self._index

    def has(self, key: str) -> bool:
        """Whether a file of this key was found or written. Does not block."""
        with self._lock:
            return key in self._index

    def read(self, key: str) -> Entry | None:
        """The entry of a key. A damaged one is deleted."""
        path = self._path(key)
        try:
            entry = read_entry(path, key)
        except FileNotFoundError:
            self._forget(key)
            return None
        except DamagedEntryError as error:
            self.warn(f"{path} is damaged and is computed again: {error}", key)
            self._forget(key)
            self._delete(key)
            return None
        except OSError as error:
            self.warn(f"{path} cannot be read: {error.strerror}", f"read: {error.strerror}")
            return None
        with suppress(OSError):  # a disk that can only be read
            os.utime(path)
        with self._lock:
            self._index.get(key)  # was used
        return entry

    def write(self, key: str, entry: Entry) -> None:
        """Keeps an entry."""
        size = _on_disk(len(entry.block))
        with self._lock:
            if self._clock() < self._paused_until or not self._index.fits(size):
                return
            while self._index.currsize + size > self._index.maxsize:
                self._index.popitem()
        self._delete_evicted()  # first: the disk may have no room for more than the limit
        path = self._path(key)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_entry(path, key, entry)
        except OSError as error:
            with self._lock:
                self._paused_until = self._clock() + PAUSE_SECONDS
            self.warn(f"{path} cannot be written: {error.strerror}; nothing new is kept", f"write: {error.strerror}")
            return
        with self._lock:
            self._index[key] = size
        self._delete_evicted()

    def resize(self, limit: int) -> None:
        """Sets another limit; what does not fit any more is deleted."""
        with self._lock:
            self._index = self._index.resized(limit)
        self._delete_evicted()

    def report(self, hits: int) -> TierReport:
        """What is kept. Does not block."""
        with self._lock:
            return self._index.report(hits)

    @property
    def errors(self) -> int:
        """Failures so far."""
        return self._errors

    def warn(self, message: str, cause: str) -> None:
        """Counts a failure, and logs it unless another one had the same cause."""
        with self._lock:
            self._errors += 1
            is_new = cause not in self._causes
            self._causes.add(cause)
        if is_new:
            _log.warning("the cache: %s", message)

    def _note(self, file: "os.DirEntry[str]", found: list[tuple[float, str, int]]) -> None:
        """Adds a file to those that were found, with the time of its last use. Deletes a remainder."""
        key, _, suffix = file.name.rpartition(".")
        if file.name.startswith(".") and SUFFIX in file.name:
            # By the time of the disk itself, which may differ from that of this machine.
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _TEMPORARY_SECONDS:
                    Path(file.path).unlink()
        elif f".{suffix}" == SUFFIX and _KEY.fullmatch(key):
            with suppress(FileNotFoundError):
                status = file.stat()
                found.append((status.st_mtime, key, _on_disk(status.st_size)))

    def _forget(self, key: str) -> None:
        with self._lock:
            self._index.pop(key, None)

    def _delete_evicted(self) -> None:
        with self._lock:
            evicted = self._evicted[:]
            self._evicted.clear()
        for key in evicted:
            self._delete(key)

    def _delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self.warn(f"{path} cannot be deleted: {error.strerror}", f"delete: {error.strerror}")

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{SUFFIX}"


def _on_disk(size: int) -> int:
    return -(-(size + 256) // _BLOCK) * _BLOCK
