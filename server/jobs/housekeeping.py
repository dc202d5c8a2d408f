"""Deletes what nobody needs any more: results after their time, files of jobs that ended otherwise or are forgotten."""

import time

from server.jobs.job_files import JobFiles
from server.jobs.store import JobStore

FORGET_FACTOR = 2
"""A job is listed for so many times the time that its result is kept."""


def clean(store: JobStore, files: JobFiles, keep_seconds: float) -> bool:
    """Expires jobs and deletes files. Blocks. Returns whether a job has expired. Raises `StoreError`."""
    now = time.time()
    expired = store.expire(now - keep_seconds, now - FORGET_FACTOR * keep_seconds)
    for job_id in files.ids():
        files.delete_unneeded(job_id, store.get(job_id))
    return bool(expired)
