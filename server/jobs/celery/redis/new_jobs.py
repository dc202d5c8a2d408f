"""Keeps new jobs, within the limits of their clients."""

import secrets
from dataclasses import replace

from server.jobs.celery.redis import keys
from server.jobs.celery.redis.connection import Pipeline, RedisConnection
from server.jobs.celery.redis.job_changes import idempotency_field, read_job, write_status
from server.jobs.celery.redis.records import (
    JOB_RECORD,
    OPEN_JOB,
    PART_CONTENT,
    JobRecord,
    JobStatus,
    OpenJob,
    StoredJob,
)
from server.jobs.job import Job, NewJob
from server.jobs.store import ClientLimits, require_same_request, require_within

_WRITTEN_PARTS = 500
"""Parts of a new job in one command."""


def create_job(connection: RedisConnection, new: NewJob, limits: ClientLimits) -> tuple[Job, bool]:
    """See `JobStore.create`."""
    now, job_id = connection.now(), f"job_{secrets.token_hex(16)}"

    def change(pipe: Pipeline) -> tuple[Job, bool]:
        older = _with_key(pipe, new)
        if older is None:
            _require_within(pipe, new, limits)
            number = pipe.incr(keys.NUMBERS)
        pipe.multi()
        if older:
            return older.job, False
        return _insert(pipe, JobRecord.of(job_id, new, now), new, number), True

    return connection.transaction(change, keys.OPEN, keys.IDEMPOTENCY)


def _with_key(pipe: Pipeline, new: NewJob) -> StoredJob | None:
    """The older job of an idempotency key. Raises `JobConflictError` if it is of another request."""
    if not new.idempotency_key:
        return None
    job_id = pipe.hget(keys.IDEMPOTENCY, idempotency_field(new.client, new.idempotency_key))
    older = read_job(pipe, job_id) if job_id else None
    if older:
        require_same_request(older.job, new)
    return older


def _require_within(pipe: Pipeline, new: NewJob, limits: ClientLimits) -> None:
    unfinished = map(OPEN_JOB.read, pipe.hvals(keys.OPEN))
    characters = [each.characters for each in unfinished if each.client == new.client]
    require_within(limits, new, len(characters), sum(characters))


def _insert(pipe: Pipeline, record: JobRecord, new: NewJob, number: int) -> Job:
    stored = StoredJob(record, JobStatus(), 0)
    pipe.hset(keys.job(record.id), "new", JOB_RECORD.write(record))
    members = [keys.member(index) for index in range(record.parts)]
    for start in range(0, record.parts, _WRITTEN_PARTS):
        block = slice(start, start + _WRITTEN_PARTS)
        contents = zip(members[block], new.parts[block], strict=True)
        pipe.hset(keys.contents(record.id), mapping={member: PART_CONTENT.write(part) for member, part in contents})
        pipe.zadd(keys.waiting(record.id), dict.fromkeys(members[block], 0))
    for name in (keys.JOBS, keys.client_jobs(record.client)):
        pipe.zadd(name, {record.id: number})
    pipe.hset(keys.OPEN, record.id, OPEN_JOB.write(OpenJob(record.client, number, record.characters)))
    if record.idempotency_key:
        pipe.hset(keys.IDEMPOTENCY, idempotency_field(record.client, record.idempotency_key), record.id)
    write_status(pipe, stored, stored.status, record.created, "job.queued")
    return replace(stored, status=replace(stored.status, events=1)).job
