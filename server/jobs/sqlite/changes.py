"""Changes of jobs within a transaction."""

import secrets
import sqlite3
import time

from server.jobs.job import Job, JobState, Lease, NewJob
from server.jobs.sqlite.rows import as_json, job_of, part_of


def job_with_id(connection: sqlite3.Connection, job_id: str) -> Job | None:
    """The job, if there is one."""
    row = connection.execute("SELECT * FROM job_status WHERE id = ?", (job_id,)).fetchone()
    return job_of(row) if row else None


def insert(connection: sqlite3.Connection, new: NewJob) -> Job:
    """Adds a job with its parts, and the part that joins them."""
    job_id = f"job_{secrets.token_hex(16)}"
    number = connection.execute(
        "INSERT INTO jobs (id, client, name, request, state, parts, characters, created, webhook, idempotency_key, "
        "digest) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
        (
            job_id, new.client, new.name, as_json(dict(new.request)), len(new.parts), new.characters, time.time(),
            new.webhook, new.idempotency_key, new.digest,
        ),
    ).lastrowid  # fmt: skip
    rows = [(number, position, as_json(part), part.characters) for position, part in enumerate(new.parts)]
    connection.executemany(
        "INSERT INTO parts (job, position, content, characters) VALUES (?, ?, ?, ?)",
        [*rows, (number, len(new.parts), "{}", 0)],
    )
    add_event(connection, job_id, "job.queued")
    job = job_with_id(connection, job_id)
    assert job
    return job


def lease(connection: sqlite3.Connection, job: Job, row: sqlite3.Row, seconds: float) -> Lease:
    """Gives out a part, of which this is the row."""
    now, token = time.time(), secrets.token_hex(16)
    connection.execute(
        "UPDATE parts SET state = 'running', attempts = attempts + 1, token = ?, lease_until = ?, characters_done = 0 "
        "WHERE job = ? AND position = ?",
        (token, time.monotonic() + seconds, row["job"], row["position"]),
    )
    connection.execute(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, waiting = '', waiting_until = 0, "
        "started = CASE started WHEN 0 THEN ? ELSE started END WHERE id = ?",
        (now, job.id),
    )
    connection.execute(
        "INSERT INTO turns (client, turn) VALUES (?, (SELECT COALESCE(MAX(turn), 0) + 1 FROM turns)) "
        "ON CONFLICT (client) DO UPDATE SET turn = excluded.turn",
        (job.client,),
    )
    if job.state == "queued":
        add_event(connection, job.id, "job.running")
    leased = job_with_id(connection, job.id)
    assert leased
    is_part = row["position"] < job.progress.parts
    return Lease(leased, part_of(row) if is_part else None, token, row["attempts"] + 1)


def holds(connection: sqlite3.Connection, lease: Lease) -> bool:
    """Whether a lease is still the last one of its part, and its job has not ended."""
    found = connection.execute(
        "SELECT 1 FROM parts JOIN jobs ON parts.job = jobs.number "
        "WHERE parts.token = ? AND parts.state = 'running' AND jobs.state = 'running' AND jobs.id = ?",
        (lease.token, lease.job.id),
    ).fetchone()
    return found is not None


def give_back(connection: sqlite3.Connection, lease: Lease, uncounted: int = 0) -> None:
    """Makes a part wait again; `uncounted` attempts are taken back."""
    connection.execute(
        "UPDATE parts SET state = 'queued', token = '', characters_done = 0, attempts = attempts - ? "
        "WHERE state = 'running' AND token = ?",
        (uncounted, lease.token),
    )


def release_all(connection: sqlite3.Connection) -> None:
    """Makes all parts and webhooks in progress wait again: the process that had them is gone."""
    connection.execute(
        "UPDATE parts SET state = 'queued', token = '', characters_done = 0 WHERE state = 'running'",
    )
    connection.execute("UPDATE deliveries SET due = 0, token = '' WHERE token != ''")


def end(
    connection: sqlite3.Connection, job_id: str, state: JobState, *, error: str = "", result: str | None = None
) -> None:
    """Ends a job, unless it has ended; its webhook becomes due. The texts of its parts are forgotten."""
    now = time.time()
    row = connection.execute(
        "UPDATE jobs SET state = ?, ended = ?, error = ?, result = ?, waiting = '', waiting_until = 0 "
        "WHERE id = ? AND state IN ('queued', 'running') RETURNING number, webhook",
        (state, now, error, result, job_id),
    ).fetchone()
    if row is None:
        return
    connection.execute("DELETE FROM parts WHERE job = ?", (row["number"],))
    add_event(connection, job_id, f"job.{state}")
    if row["webhook"]:
        connection.execute(
            "INSERT INTO deliveries (id, job, due) VALUES (?, ?, ?)",
            (f"msg_{secrets.token_hex(16)}", row["number"], now),
        )


def mark_expired(connection: sqlite3.Connection, job_id: str) -> None:
    """Notes that the result of a job is deleted."""
    connection.execute("UPDATE jobs SET state = 'expired' WHERE id = ?", (job_id,))
    add_event(connection, job_id, "job.expired")


def add_event(connection: sqlite3.Connection, job_id: str, kind: str) -> None:
    """Adds an event with the progress of now. Of progress only the last one is kept."""
    connection.execute("UPDATE jobs SET events = events + 1 WHERE id = ?", (job_id,))
    row = connection.execute("SELECT * FROM job_status WHERE id = ?", (job_id,)).fetchone()
    if kind == "job.progress":
        connection.execute("DELETE FROM events WHERE job = ? AND type = ?", (row["number"], kind))
    progress = job_of(row).progress
    connection.execute(
        "INSERT INTO events (job, number, type, at, parts_done, characters_done) VALUES (?, ?, ?, ?, ?, ?)",
        (row["number"], row["events"], kind, time.time(), progress.parts_done, progress.characters_done),
    )
