"""The store of jobs in SQLite."""

import secrets
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from server.jobs.job import Delivery, Job, JobEvent, JobResult, JobsReport, JobState, Lease, NewJob, Part, PartResult
from server.jobs.sqlite import changes
from server.jobs.sqlite.claims import LONGEST_PAUSE, next_work
from server.jobs.sqlite.database import Database
from server.jobs.sqlite.rows import as_json, delivery_of, event_of, job_of, part_of
from server.jobs.store import ClientLimits, Page, attempts_used_up, require_same_request, require_within


class SqliteStore:
    """A `JobStore` in one file, which the first job makes. Its methods block for the time of a write to the disk.

    Several processes may use the file. The leases of a process that was killed are given back as soon as the file is
    opened by one that is alone, otherwise at their end.
    """

    def __init__(self, path: Path, max_attempts: int) -> None:
        self.max_attempts = max_attempts
        self._database = Database(path, changes.release_all)

    @property
    def exists(self) -> bool:
        """Whether there has ever been a job."""
        return self._database.exists

    def create(self, new: NewJob, limits: ClientLimits) -> tuple[Job, bool]:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            if new.idempotency_key and (older := _with_key(connection, new)):
                require_same_request(older, new)
                return older, False
            jobs, characters = connection.execute(
                "SELECT COUNT(*), COALESCE(SUM(characters), 0) FROM jobs WHERE client = ? "
                "AND state IN ('queued', 'running')",
                (new.client,),
            ).fetchone()
            require_within(limits, new, jobs, characters)
            return changes.insert(connection, new), True

    def get(self, job_id: str) -> Job | None:
        """See `JobStore`."""
        if not self.exists:
            return None
        with self._database.transaction() as connection:
            return changes.job_with_id(connection, job_id)

    def list(self, client: str | None, *, limit: int, after: str = "", state: JobState | None = None) -> Page:
        """See `JobStore`."""
        if not self.exists:
            return Page((), has_more=False)
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM job_status WHERE (:client IS NULL OR client = :client) "
                "AND (:state IS NULL OR state = :state) AND (:after = '' OR number < "
                "(SELECT number FROM jobs AS other WHERE other.id = :after)) ORDER BY number DESC LIMIT :limit",
                {"client": client, "state": state, "after": after, "limit": limit + 1},
            ).fetchall()
        return Page([job_of(row) for row in rows[:limit]], has_more=len(rows) > limit)

    def parts(self, job_id: str) -> Sequence[Part]:
        """See `JobStore`."""
        if not self.exists:
            return ()
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT parts.* FROM parts JOIN jobs ON parts.job = jobs.number "
                "WHERE jobs.id = ? AND position < jobs.parts ORDER BY position",
                (job_id,),
            )
            return [part_of(row) for row in rows]

    def claim(self, seconds: float) -> Lease | None:
        """See `JobStore`."""
        if not self.exists:
            return None
        with self._database.transaction() as connection:
            while (work := next_work(connection, time.time(), time.monotonic())) is not None:
                job, row = work
                if row["attempts"] < self.max_attempts:
                    return changes.lease(connection, job, row, seconds)
                parts, index = job.progress.parts, row["position"]
                reason = attempts_used_up(index if index < parts else None, parts, row["attempts"])
                changes.end(connection, job.id, "failed", error=reason)
        return None

    def renew(self, lease: Lease, seconds: float, characters: int = 0) -> bool:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            if not changes.holds(connection, lease):
                return False
            done = min(characters, lease.part.content.characters) if lease.part else 0
            has_grown = connection.execute(
                "UPDATE parts SET lease_until = ?, characters_done = ? WHERE state = 'running' AND token = ? "
                "RETURNING characters_done > 0",
                (time.monotonic() + seconds, done, lease.token),
            ).fetchone()[0]
            if has_grown:
                changes.add_event(connection, lease.job.id, "job.progress")
            return True

    def complete_part(self, lease: Lease, result: PartResult) -> bool:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            if not changes.holds(connection, lease):
                return False
            connection.execute(
                "UPDATE parts SET state = 'done', token = '', characters_done = 0, result = ? "
                "WHERE state = 'running' AND token = ?",
                (as_json(result), lease.token),
            )
            connection.execute(
                "UPDATE jobs SET parts_done = parts_done + 1, characters_done = characters_done + ?, waiting = '' "
                "WHERE id = ?",
                (lease.part.content.characters if lease.part else 0, lease.job.id),
            )
            changes.add_event(connection, lease.job.id, "job.progress")
            return True

    def complete_job(self, lease: Lease, result: JobResult) -> bool:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            if not changes.holds(connection, lease):
                return False
            changes.end(connection, lease.job.id, "done", result=as_json(result))
            return True

    def fail(self, lease: Lease, reason: str, *, is_final: bool = False) -> bool:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            if not changes.holds(connection, lease):
                return False
            if is_final or lease.attempt >= self.max_attempts:
                changes.end(connection, lease.job.id, "failed", error=reason)
            else:
                changes.give_back(connection, lease)
            return True

    def release(self, lease: Lease, reason: str = "", *, seconds: float = 0.0) -> bool:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            if not changes.holds(connection, lease):
                return False
            changes.give_back(connection, lease, uncounted=1)
            connection.execute(
                "UPDATE jobs SET waiting = ?, waiting_until = ?, attempts = attempts - 1 WHERE id = ?",
                (reason, time.time() + seconds if seconds else 0, lease.job.id),
            )
            return True

    def cancel(self, job_id: str) -> Job | None:
        """See `JobStore`."""
        if not self.exists:
            return None
        with self._database.transaction() as connection:
            changes.end(connection, job_id, "cancelled")
            return changes.job_with_id(connection, job_id)

    def delete(self, job_id: str) -> bool:
        """See `JobStore`."""
        if not self.exists:
            return False
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,)).rowcount > 0

    def expire(self, ended_before: float, forget_before: float) -> Sequence[str]:
        """See `JobStore`."""
        if not self.exists:
            return ()
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM jobs WHERE state NOT IN ('queued', 'running') AND ended < ?", (forget_before,)
            )
            found = connection.execute("SELECT id FROM jobs WHERE state = 'done' AND ended < ?", (ended_before,))
            expired = [row["id"] for row in found]
            for job_id in expired:
                changes.mark_expired(connection, job_id)
            return expired

    def events(self, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """See `JobStore`."""
        if not self.exists:
            return ()
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT events.*, jobs.parts, jobs.characters FROM events JOIN jobs ON events.job = jobs.number "
                "WHERE jobs.id = ? AND events.number > ? ORDER BY events.number",
                (job_id, after),
            )
            return [event_of(row) for row in rows]

    def claim_delivery(self, seconds: float) -> Delivery | None:
        """See `JobStore`."""
        if not self.exists:
            return None
        now, token = time.time(), secrets.token_hex(8)
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT deliveries.*, jobs.id AS job_id FROM deliveries JOIN jobs ON deliveries.job = jobs.number "
                "WHERE due <= ? OR due > ? ORDER BY due LIMIT 1",
                (now, now + LONGEST_PAUSE),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE deliveries SET due = ?, token = ?, attempts = attempts + 1 WHERE id = ?",
                (now + seconds, token, row["id"]),
            )
            job = changes.job_with_id(connection, row["job_id"])
            assert job
            return delivery_of(row, job, token)

    def complete_delivery(self, delivery: Delivery) -> bool:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            found = connection.execute("DELETE FROM deliveries WHERE token = ?", (delivery.token,))
            return found.rowcount > 0

    def retry_delivery(self, delivery: Delivery, seconds: float) -> bool:
        """See `JobStore`."""
        with self._database.transaction() as connection:
            found = connection.execute(
                "UPDATE deliveries SET due = ?, token = '' WHERE token = ?", (time.time() + seconds, delivery.token)
            )
            return found.rowcount > 0

    def report(self) -> JobsReport:
        """See `JobStore`."""
        if not self.exists:
            return JobsReport({}, 0, 0, 0, 0.0)
        with self._database.transaction() as connection:
            return _report(connection)

    def close(self) -> None:
        """See `JobStore`."""
        self._database.close()


def _with_key(connection: sqlite3.Connection, new: NewJob) -> Job | None:
    row = connection.execute(
        "SELECT * FROM job_status WHERE client = ? AND idempotency_key = ?", (new.client, new.idempotency_key)
    ).fetchone()
    return job_of(row) if row else None


def _report(connection: sqlite3.Connection) -> JobsReport:
    states = {
        row["state"]: row["count"]
        for row in connection.execute("SELECT state, COUNT(*) AS count FROM jobs GROUP BY state")
    }
    (parts, characters) = connection.execute(
        "SELECT COALESCE(SUM(parts - parts_done), 0), "
        "COALESCE(SUM(characters - characters_done - characters_running), 0) FROM job_status "
        "WHERE state IN ('queued', 'running')"
    ).fetchone()
    (running,) = connection.execute(
        "SELECT COUNT(*) FROM parts JOIN jobs ON parts.job = jobs.number "
        "WHERE parts.state = 'running' AND parts.position < jobs.parts"
    ).fetchone()
    (oldest,) = connection.execute("SELECT MIN(created) FROM jobs WHERE state = 'queued'").fetchone()
    (webhooks,) = connection.execute("SELECT COUNT(*) FROM deliveries").fetchone()
    age = max(time.time() - oldest, 0.0) if oldest is not None else 0.0
    return JobsReport(states, parts - running, running, characters, age, webhooks)
