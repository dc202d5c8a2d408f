"""Which work is next, and its lease."""

import secrets
from dataclasses import dataclass, replace

from server.jobs.celery.redis import keys
from server.jobs.celery.redis.connection import Pipeline, RedisConnection
from server.jobs.celery.redis.job_changes import end_job, read_job, read_work, write_status, write_work
from server.jobs.celery.redis.records import OPEN_JOB, PART_CONTENT, StoredJob, WorkStatus
from server.jobs.job import EventType, Lease, Part
from server.jobs.store import attempts_used_up


@dataclass(frozen=True, slots=True)
class Claims:
    """Gives out work."""

    connection: RedisConnection

    def claimable(self, limit: int) -> int:
        """How much work waits, up to a limit."""
        now = self.connection.now()
        with self.connection.errors():
            pipe = self.connection.client.pipeline(transaction=False)
            for job_id in self._turns(now):
                pipe.zcount(keys.waiting(job_id), "-inf", now)
            counts: list[int] = pipe.execute()
        return min(sum(counts), limit)

    def claim(self, seconds: float, max_attempts: int) -> Lease | None:
        """See `JobStore.claim`."""
        while job_id := self._next_job(now := self.connection.now()):
            if lease := self._claim_in(job_id, now, seconds, max_attempts):
                return lease
        return None

    def _turns(self, now: float) -> list[str]:
        """The jobs that may have work: the client whose last turn is the longest ago is first, with its oldest job."""
        with self.connection.errors():
            unfinished = self.connection.client.hgetall(keys.OPEN)
            turns = self.connection.client.hgetall(keys.TURNS)
        found = [(job_id, OPEN_JOB.read(text)) for job_id, text in unfinished.items()]
        order = [
            (float(turns.get(each.client, 0)), each.number, job_id)
            for job_id, each in found
            if each.paused_until <= now
        ]
        return [job_id for _, _, job_id in sorted(order)]

    def _next_job(self, now: float) -> str:
        """The job whose turn it is, of those with work; empty without any."""
        jobs = self._turns(now)
        with self.connection.errors():
            pipe = self.connection.client.pipeline(transaction=False)
            for job_id in jobs:
                pipe.zcount(keys.waiting(job_id), "-inf", now)
            counts = pipe.execute()
        return next((job_id for job_id, count in zip(jobs, counts, strict=True) if count), "")

    def _claim_in(self, job_id: str, now: float, seconds: float, max_attempts: int) -> Lease | None:
        """The lease of work of a job. None without work, and where the job failed by this."""

        def change(pipe: Pipeline) -> Lease | None:
            stored = read_job(pipe, job_id)
            members = pipe.zrangebyscore(keys.waiting(job_id), "-inf", now, 0, 1)
            if stored is None or stored.job.is_final or not members:
                pipe.multi()
                return None
            member = members[0]
            work = read_work(pipe, job_id, member)
            content = None if member == keys.JOIN else PART_CONTENT.read(pipe.hget(keys.contents(job_id), member))
            pipe.multi()
            if work.attempts >= max_attempts:
                error = attempts_used_up(None if content is None else int(member), stored.record.parts, work.attempts)
                end_job(pipe, stored, replace(stored.status, error=error), "failed", now)
                return None
            work = WorkStatus(work.attempts + 1, secrets.token_hex(16))
            leased = _begin(pipe, stored, member, work, now, now + seconds)
            part = None if content is None else Part(int(member), content, "running", work.attempts)
            return Lease(leased.job, part, work.token, work.attempts)

        return self.connection.transaction(change, keys.job(job_id), keys.waiting(job_id))


def _begin(pipe: Pipeline, stored: StoredJob, member: str, work: WorkStatus, now: float, until: float) -> StoredJob:
    job_id, status = stored.record.id, stored.status
    write_work(pipe, job_id, member, work, claimable_at=until)
    pipe.hset(keys.TURNS, stored.record.client, now)
    event: EventType | None = "job.running" if status.state == "queued" else None
    status = replace(status, state="running", started=status.started or now, attempts=status.attempts + 1, waiting="")
    write_status(pipe, stored, status, now, event)
    return replace(stored, status=status)
