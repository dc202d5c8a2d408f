"""The folders of jobs: what was computed of each, and its result."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from server.jobs.job import Job

RESULT_NAME = "result"
"""Of the result in the folder of its job."""

_JOB_ID = re.compile(r"job_[0-9a-f]{32}")


def is_job_id(text: str) -> bool:
    """Whether a text of a client has the shape of an id: no other one reaches a path."""
    return _JOB_ID.fullmatch(text) is not None


class JobFiles:
    """One folder for each job, made with its first file. Blocks."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, job_id: str) -> Path:
        """The folder of a job."""
        if not is_job_id(job_id):
            raise ValueError(f"{job_id!r} is not the id of a job")
        return self.root / job_id

    def make_folder(self, job_id: str) -> Path:
        """The folder of a job, made if there is none. Raises `OSError`."""
        folder = self.folder(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def result(self, job_id: str) -> Path:
        """The file of the result."""
        return self.folder(job_id) / RESULT_NAME

    def obtain_result(self, job: Job) -> Path:
        """The file of the result of a job that is done, on this machine."""
        return self.result(job.id)

    def delete(self, job_id: str) -> None:
        """Deletes the folder of a job, as far as that is possible; another sweep comes later."""
        shutil.rmtree(self.folder(job_id), ignore_errors=True)

    def delete_parts(self, job_id: str) -> None:
        """Deletes everything of a job but its result."""
        for path in _children(self.folder(job_id)):
            if path.name == RESULT_NAME:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def delete_unneeded(self, job_id: str, job: Job | None) -> None:
        """Deletes what nobody needs of a job any more; None: it is forgotten."""
        if job is not None and job.state == "done":
            self.delete_parts(job_id)
        elif job is None or job.is_final:
            self.delete(job_id)

    def ids(self) -> list[str]:
        """The jobs that have a folder."""
        return [path.name for path in _children(self.root) if is_job_id(path.name)]

    def used_bytes(self) -> int:
        """The size of all files."""
        return sum(_sizes(self.root))


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # it does not exist yet, or no more
        return []


def _sizes(folder: Path) -> Iterator[int]:
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                yield Path(path, name).stat().st_size
            except OSError:  # deleted just now
                continue
