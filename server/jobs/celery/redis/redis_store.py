"""The store of jobs in Redis."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from server.jobs.celery.redis import keys
from server.jobs.celery.redis.claims import Claims
from server.jobs.celery.redis.connection import Pipeline, RedisConnection
from server.jobs.celery.redis.deliveries import Deliveries
from server.jobs.celery.redis.job_changes import (
    end_job,
    forget_job,
    held_by,
    member_of,
    read_job,
    write_status,
    write_work,
)
from server.jobs.celery.redis.new_jobs import create_job
from server.jobs.celery.redis.queries import Queries
from server.jobs.celery.redis.records import OPEN_JOB, WORK_STATUS, StoredJob, WorkStatus
from server.jobs.job import Delivery, Job, JobEvent, JobResult, JobsReport, JobState, Lease, NewJob, Part, PartResult
from server.jobs.store import ClientLimits, Page

Work = tuple[StoredJob, WorkStatus]


class RedisStore:
    """A `JobStore` for servers and workers on several machines; leases end by the clock of Redis.

    Each change is one transaction: all of it or nothing is kept, whoever is killed. What is kept survives the end of
    Redis as its configuration says (`appendonly`).
    """

    def __init__(self, url: str, max_attempts: int, on_work: Callable[[int], None] = lambda count: None) -> None:
        """`on_work` is told how much new work there is."""
        self.max_attempts = max_attempts
        self.connection = RedisConnection(url)
        self._on_work = on_work
        self._claims = Claims(self.connection)
        self._queries = Queries(self.connection)
        self._deliveries = Deliveries(self.connection)

    @property
    def place(self) -> str:
        """Host and port of Redis."""
        return self.connection.place

    def create(self, new: NewJob, limits: ClientLimits) -> tuple[Job, bool]:
        """See `JobStore`."""
        job, is_new = create_job(self.connection, new, limits)
        if is_new:
            self._on_work(len(new.parts))
        return job, is_new

    def get(self, job_id: str) -> Job | None:
        """See `JobStore`."""
        stored = self._queries.get(job_id)
        return stored.job if stored else None

    def list(self, client: str | None, *, limit: int, after: str = "", state: JobState | None = None) -> Page:
        """See `JobStore`."""
        return self._queries.page(client, limit, after, state)

    def parts(self, job_id: str) -> Sequence[Part]:
        """See `JobStore`."""
        return self._queries.parts(job_id)

    def claimable(self, limit: int) -> int:
        """How much work waits for a worker, up to a limit."""
        return self._claims.claimable(limit)

    def queue_length(self, queue: str) -> int:
        """How many messages wait in a queue of Celery."""
        with self.connection.errors():
            return int(self.connection.client.llen(queue))

    def claim(self, seconds: float) -> Lease | None:
        """See `JobStore`."""
        return self._claims.claim(seconds, self.max_attempts)

    def renew(self, lease: Lease, seconds: float, characters: int = 0) -> bool:
        """See `JobStore`."""
        now, member = self.connection.now(), member_of(lease)
        done = min(characters, lease.part.content.characters) if lease.part else 0

        def renewed(pipe: Pipeline, work: Work) -> None:
            stored, _ = work
            before = int(pipe.hget(keys.characters(lease.job.id), member) or 0)
            pipe.multi()
            pipe.zadd(keys.waiting(lease.job.id), {member: now + seconds})
            if done > before:
                pipe.hset(keys.characters(lease.job.id), member, done)
                stored = replace(stored, characters_running=stored.characters_running + done - before)
                write_status(pipe, stored, stored.status, now, "job.progress")

        return self._change_held(lease, renewed)

    def complete_part(self, lease: Lease, result: PartResult) -> bool:
        """See `JobStore`."""
        now, member, job_id = self.connection.now(), member_of(lease), lease.job.id
        characters = lease.part.content.characters if lease.part else 0

        def completed(pipe: Pipeline, work: Work) -> None:
            stored, before = work
            running = int(pipe.hget(keys.characters(job_id), member) or 0)
            pipe.multi()
            pipe.hset(keys.works(job_id), member, WORK_STATUS.write(WorkStatus(before.attempts, "", result)))
            pipe.zrem(keys.waiting(job_id), member)
            pipe.hdel(keys.characters(job_id), member)
            status = replace(
                stored.status,
                parts_done=stored.status.parts_done + 1,
                characters_done=stored.status.characters_done + characters,
                waiting="",
            )
            if status.parts_done == stored.record.parts:
                pipe.zadd(keys.waiting(job_id), {keys.JOIN: 0})
            stored = replace(stored, characters_running=stored.characters_running - running)
            write_status(pipe, stored, status, now, "job.progress")

        is_kept = self._change_held(lease, completed)
        if is_kept:
            self._on_work(1)
        return is_kept

    def complete_job(self, lease: Lease, result: JobResult) -> bool:
        """See `JobStore`."""
        now = self.connection.now()

        def completed(pipe: Pipeline, work: Work) -> None:
            stored, _ = work
            pipe.multi()
            end_job(pipe, stored, replace(stored.status, result=result), "done", now)

        return self._change_held(lease, completed)

    def fail(self, lease: Lease, reason: str, *, is_final: bool = False) -> bool:
        """See `JobStore`."""
        now = self.connection.now()

        def failed(pipe: Pipeline, work: Work) -> None:
            stored, before = work
            pipe.multi()
            if is_final or lease.attempt >= self.max_attempts:
                end_job(pipe, stored, replace(stored.status, error=reason), "failed", now)
            else:
                write_work(pipe, lease.job.id, member_of(lease), replace(before, token=""))
                write_status(pipe, stored, stored.status, now)

        is_kept = self._change_held(lease, failed)
        if is_kept:
            self._on_work(1)
        return is_kept

    def release(self, lease: Lease, reason: str = "", *, seconds: float = 0.0) -> bool:
        """See `JobStore`."""
        now = self.connection.now()

        def released(pipe: Pipeline, work: Work) -> None:
            stored, before = work
            unfinished = pipe.hget(keys.OPEN, lease.job.id)
            pipe.multi()
            write_work(pipe, lease.job.id, member_of(lease), WorkStatus(max(before.attempts - 1, 0), "", before.result))
            status = replace(stored.status, waiting=reason, attempts=stored.status.attempts - 1)
            write_status(pipe, stored, status, now)
            if seconds and unfinished:
                paused = replace(OPEN_JOB.read(unfinished), paused_until=now + seconds)
                pipe.hset(keys.OPEN, lease.job.id, OPEN_JOB.write(paused))

        is_kept = self._change_held(lease, released)
        if is_kept and not seconds:
            self._on_work(1)
        return is_kept

    def cancel(self, job_id: str) -> Job | None:
        """See `JobStore`."""
        now = self.connection.now()

        def change(pipe: Pipeline) -> None:
            stored = read_job(pipe, job_id)
            pipe.multi()
            if stored and not stored.job.is_final:
                end_job(pipe, stored, stored.status, "cancelled", now)

        self.connection.transaction(change, keys.job(job_id))
        return self.get(job_id)

    def delete(self, job_id: str) -> bool:
        """See `JobStore`."""

        def change(pipe: Pipeline) -> bool:
            stored = read_job(pipe, job_id)
            pipe.multi()
            if stored:
                forget_job(pipe, stored)
            return stored is not None

        return self.connection.transaction(change, keys.job(job_id))

    def expire(self, ended_before: float, forget_before: float) -> Sequence[str]:
        """See `JobStore`."""
        expired = [job_id for job_id in self._queries.ended_before(ended_before) if self._expire(job_id)]
        for job_id in self._queries.ended_before(forget_before):
            self.delete(job_id)
        return expired

    def _expire(self, job_id: str) -> bool:
        now = self.connection.now()

        def change(pipe: Pipeline) -> bool:
            stored = read_job(pipe, job_id)
            pipe.multi()
            if stored is None or stored.status.state != "done":
                return False
            write_status(pipe, stored, replace(stored.status, state="expired"), now, "job.expired")
            return True

        return self.connection.transaction(change, keys.job(job_id))

    def events(self, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """See `JobStore`."""
        return self._queries.events(job_id, after)

    def claim_delivery(self, seconds: float) -> Delivery | None:
        """See `JobStore`."""
        return self._deliveries.claim(seconds)

    def complete_delivery(self, delivery: Delivery) -> bool:
        """See `JobStore`."""
        return self._deliveries.complete(delivery)

    def retry_delivery(self, delivery: Delivery, seconds: float) -> bool:
        """See `JobStore`."""
        return self._deliveries.retry(delivery, seconds)

    def report(self) -> JobsReport:
        """See `JobStore`."""
        return self._queries.report()

    def close(self) -> None:
        """See `JobStore`."""
        self.connection.close()

    def _change_held(self, lease: Lease, change_held: Callable[[Pipeline, Work], None]) -> bool:
        """Calls a change of the work of a lease, which must call `multi`; False where the lease was lost."""

        def change(pipe: Pipeline) -> bool:
            work = held_by(pipe, lease)
            if work is None:
                pipe.multi()
                return False
            change_held(pipe, work)
            return True

        names = (keys.job, keys.works, keys.waiting, keys.characters)
        return self.connection.transaction(change, *(name(lease.job.id) for name in names))
