"""Which work is next."""

import sqlite3

from server.jobs.job import Job
from server.jobs.sqlite.rows import job_of

LONGEST_PAUSE = 7200.0
"""Seconds. What is due later was noted before the clock was set back or the machine restarted, and is due."""


def next_work(connection: sqlite3.Connection, now: float, monotonic: float) -> tuple[Job, sqlite3.Row] | None:
    """The next part of all clients, and its row; the joining of the parts comes after all of them.

    `now` is the time of the day, for pauses; `monotonic` that of the machine, for leases: setting the clock ends none.
    The client whose last turn is the longest ago is first, with its oldest job that has work.
    """
    jobs = connection.execute(
        "SELECT * FROM job_status LEFT JOIN turns ON job_status.client = turns.client "
        "WHERE state IN ('queued', 'running') AND (waiting_until <= ? OR waiting_until > ?) "
        "ORDER BY COALESCE(turn, 0), number",
        (now, now + LONGEST_PAUSE),
    )
    for found in jobs:
        job = job_of(found)
        is_complete = job.progress.parts_done == job.progress.parts
        part = connection.execute(
            "SELECT * FROM parts WHERE job = ? AND state != 'done' "
            "AND (state = 'queued' OR lease_until <= ? OR lease_until > ?) AND position < ? ORDER BY position LIMIT 1",
            (found["number"], monotonic, monotonic + LONGEST_PAUSE, job.progress.parts + is_complete),
        ).fetchone()
        if part is not None:
            return job, part
    return None
