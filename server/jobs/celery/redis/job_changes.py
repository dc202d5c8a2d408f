"""Reads and writes of one job within a transaction."""

import secrets
from dataclasses import replace
from typing import Literal

from server.jobs.celery.redis import keys
from server.jobs.celery.redis.connection import Pipeline
from server.jobs.celery.redis.records import (
    DELIVERY_RECORD,
    EVENT_RECORD,
    JOB_RECORD,
    JOB_STATUS,
    WORK_STATUS,
    DeliveryRecord,
    EventRecord,
    JobStatus,
    StoredJob,
    WorkStatus,
)
from server.jobs.job import EventType, Lease

Ending = Literal["done", "failed", "cancelled"]
_EVENTS: dict[Ending, EventType] = {"done": "job.done", "failed": "job.failed", "cancelled": "job.cancelled"}


def read_job(reader: Pipeline, job_id: str) -> StoredJob | None:
    """The job, if there is one. For a client, or a pipeline before `multi`."""
    new, status = reader.hmget(keys.job(job_id), "new", "status")
    if new is None or status is None:
        return None
    running = sum(map(int, reader.hvals(keys.characters(job_id))))
    return StoredJob(JOB_RECORD.read(new), JOB_STATUS.read(status), running)


def read_work(reader: Pipeline, job_id: str, member: str) -> WorkStatus:
    """What became of a part so far."""
    text = reader.hget(keys.works(job_id), member)
    return WORK_STATUS.read(text) if text else WorkStatus()


def held_by(reader: Pipeline, lease: Lease) -> tuple[StoredJob, WorkStatus] | None:
    """The job and the part of a lease; None if the lease is not the last one of its part, or the job has ended."""
    stored = read_job(reader, lease.job.id)
    if stored is None or stored.status.state != "running":
        return None
    work = read_work(reader, lease.job.id, member_of(lease))
    return (stored, work) if work.token == lease.token else None


def member_of(lease: Lease) -> str:
    """The member that stands for the work of a lease."""
    return keys.member(lease.part.index if lease.part else None)


def write_status(
    pipe: Pipeline, stored: StoredJob, status: JobStatus, at: float, event: EventType | None = None
) -> None:
    """Writes a new status, and adds an event with it. Of the events of progress only the last one is kept."""
    job_id = stored.record.id
    if event:
        number = status.events + 1
        status = replace(status, events=number)
        if event == "job.progress":
            pipe.hdel(keys.events(job_id), str(status.progress_event))
            status = replace(status, progress_event=number)
        progress = replace(stored, status=status).progress
        record = EventRecord(event, at, progress.parts_done, progress.characters_done)
        pipe.hset(keys.events(job_id), str(number), EVENT_RECORD.write(record))
    pipe.hset(keys.job(job_id), "status", JOB_STATUS.write(status))


def write_work(pipe: Pipeline, job_id: str, member: str, work: WorkStatus, *, claimable_at: float = 0.0) -> None:
    """Writes what became of a part that is not done, and when it may be claimed."""
    pipe.hset(keys.works(job_id), member, WORK_STATUS.write(work))
    pipe.zadd(keys.waiting(job_id), {member: claimable_at})
    if not work.token:
        pipe.hdel(keys.characters(job_id), member)


def end_job(pipe: Pipeline, stored: StoredJob, status: JobStatus, state: Ending, at: float) -> None:
    """Ends a job: forgets its texts, and makes its webhook due."""
    record = stored.record
    status = replace(status, state=state, ended=at, waiting="")
    if record.webhook:
        status = replace(status, delivery=f"msg_{secrets.token_hex(16)}")
        pipe.set(keys.delivery(status.delivery), DELIVERY_RECORD.write(DeliveryRecord(record.id)))
        pipe.zadd(keys.DUE, {status.delivery: at})
    pipe.hdel(keys.OPEN, record.id)
    pipe.zadd(keys.ENDED, {record.id: at})
    pipe.delete(*(name(record.id) for name in (keys.contents, keys.works, keys.waiting, keys.characters)))
    write_status(pipe, replace(stored, characters_running=0), status, at, _EVENTS[state])


def forget_job(pipe: Pipeline, stored: StoredJob) -> None:
    """Removes everything of a job but its files."""
    record, delivery = stored.record, stored.status.delivery
    names = (keys.job, keys.events, keys.contents, keys.works, keys.waiting, keys.characters)
    pipe.delete(*(name(record.id) for name in names))
    for name in (keys.JOBS, keys.ENDED, keys.client_jobs(record.client)):
        pipe.zrem(name, record.id)
    pipe.hdel(keys.OPEN, record.id)
    if record.idempotency_key:
        pipe.hdel(keys.IDEMPOTENCY, idempotency_field(record.client, record.idempotency_key))
    if delivery:
        pipe.zrem(keys.DUE, delivery)
        pipe.delete(keys.delivery(delivery))


def idempotency_field(client: str, key: str) -> str:
    """A key of one client: no other client has it."""
    return f"{len(client)}:{client}:{key}"
