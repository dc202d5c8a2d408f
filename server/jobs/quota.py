"""How much of the disk jobs may use."""

import shutil
import threading
import time
from pathlib import Path

from server.errors import StoreError
from server.jobs.job_files import JobFiles

_MEASURE_SECONDS = 5.0
"""Between two measurements: they look at every file."""
_RESERVE_BYTES = 2**24
"""That stay free on the disk."""
_MEGABYTE = 1_000_000


class Quota:
    """Refuses work while the files of jobs are too large, or the disk is full. Safe for use by several threads."""

    def __init__(self, files: JobFiles, megabytes: int) -> None:
        self.megabytes = megabytes
        self._files = files
        self._measuring = threading.Lock()
        self._used = 0
        self._next = 0.0

    def require(self) -> None:
        """Raises `StoreError` where no more files may be written. Blocks."""
        used, megabytes = self._used_bytes(), self.megabytes
        if used > megabytes * _MEGABYTE:
            raise StoreError(
                f"the files of jobs use {used // _MEGABYTE:,} MB, the quota is {megabytes:,} MB (jobs.quota_mb); "
                "delete jobs that are done",
                is_full=True,
            )
        folder = next(path for path in (self._files.root, *self._files.root.resolve().parents) if path.exists())
        if shutil.disk_usage(folder).free < _RESERVE_BYTES:
            raise StoreError(f"the disk of {self._files.root} is full; free space", is_full=True)

    def make_folder(self, job_id: str) -> Path:
        """The folder of a job, made if there is none. Blocks. Raises `StoreError`, and `OSError` of the disk."""
        self.require()
        return self._files.make_folder(job_id)

    def _used_bytes(self) -> int:
        with self._measuring:
            if time.monotonic() >= self._next:
                self._used = self._files.used_bytes()
                self._next = time.monotonic() + _MEASURE_SECONDS
            return self._used
