"""One SQLite file: opened when it is needed, used by one thread at a time, its errors with a remedy."""

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from server.errors import StoreError
from server.jobs.sqlite.schema import prepare

_BUSY_SECONDS = 10.0
"""Maximum time that another process may keep the file locked."""

_FULL = {sqlite3.SQLITE_FULL}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Database:
    """Transactions on the file. After an error of the disk it is opened anew."""

    def __init__(self, path: Path, recover: Callable[[sqlite3.Connection], None]) -> None:
        """`recover` is called in a transaction after opening the file, if no other process has it open."""
        self._path = path
        self._recover = recover
        self._using = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._lock_file: int | None = None
        self._closed = False

    @property
    def exists(self) -> bool:
        """Whether there is a file: there is none before the first job."""
        return self._connection is not None or self._path.exists()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction, on the disk at its end, or without effect after an error. Makes the file if there is none.

        Raises `StoreError` with the remedy.
        """
        with self._using:
            try:
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                self._disconnect()
                raise self._store_error(error) from error

    def close(self) -> None:
        """Closes the file, for good."""
        with self._using:
            self._closed = True
            self._disconnect()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("the store of jobs is closed: the server is stopping")
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # it has texts; SQLite's other files get the mode of this one
                self._path.touch(0o600, exist_ok=False)
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            try:
                prepare(connection, str(self._path))
                self._recover_once(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _recover_once(self, connection: sqlite3.Connection) -> None:
        """Recovers if this is the only process: the lock ends with its process, however that ends.

        All in a transaction: whoever does not get the lock goes on when the other one has recovered.
        """
        if self._lock_file is not None:
            return
        lock_file = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            connection.execute("BEGIN IMMEDIATE")
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._recover(connection)
            connection.execute("COMMIT")
        except BlockingIOError:
            os.close(lock_file)  # the leases of the other process are valid
            connection.execute("ROLLBACK")
            return
        except BaseException:
            os.close(lock_file)
            raise
        self._lock_file = lock_file

    def _disconnect(self) -> None:
        if self._connection is not None:
            with closing(self._connection):
                self._connection = None

    def _store_error(self, error: sqlite3.Error | OSError) -> StoreError:
        code = _code(error)
        if code in _FULL or (code == sqlite3.SQLITE_IOERR and _is_full(self._path.parent)):
            return StoreError(f"jobs cannot be kept: the disk of {self._path} is full; free space", is_full=True)
        if code in _READ_ONLY:
            remedy = "make the folder writable, or set storage.path to another one"
        elif code in _DAMAGED:
            remedy = "the file is damaged; move it away, and restart the server"
        else:
            remedy = "see the log of the system about this disk"
        reason = getattr(error, "strerror", None) or error
        return StoreError(f"jobs cannot be kept in {self._path}: {reason}; {remedy}")


def _code(error: sqlite3.Error | OSError) -> int:
    """The code of SQLite for an error; the file itself is opened before SQLite sees it."""
    if isinstance(error, OSError):
        return sqlite3.SQLITE_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else sqlite3.SQLITE_CANTOPEN
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_full(folder: Path) -> bool:
    """SQLite reports some writes to a full disk as an input/output error."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < 2**16
