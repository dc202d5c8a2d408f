"""Reads of many jobs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from server.jobs.celery.redis import keys
from server.jobs.celery.redis.connection import RedisConnection
from server.jobs.celery.redis.job_changes import read_job
from server.jobs.celery.redis.records import EVENT_RECORD, JOB_STATUS, PART_CONTENT, WORK_STATUS, StoredJob
from server.jobs.job import JobEvent, JobsReport, JobState, Part, PartState, Progress
from server.jobs.store import Page

_READ_JOBS = 100
"""At a time."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Reads that change nothing."""

    connection: RedisConnection

    def get(self, job_id: str) -> StoredJob | None:
        """The job, if there is one."""
        with self.connection.errors():
            return read_job(self.connection.client, job_id)

    def page(self, client: str | None, limit: int, after: str, state: JobState | None) -> Page:
        """See `JobStore.list`."""
        found = []
        newest = self._newest(keys.JOBS if client is None else keys.client_jobs(client), after)
        for job_id in chain.from_iterable(newest):
            stored = self.get(job_id)
            if stored and state in (None, stored.status.state):
                found.append(stored.job)
            if len(found) > limit:
                break
        return Page(found[:limit], has_more=len(found) > limit)

    def _newest(self, name: str, after: str) -> Iterator[Sequence[str]]:
        """Yields the ids of jobs, many at a time, the newest first, those behind the job `after`."""
        client = self.connection.client
        with self.connection.errors():
            rank = client.zrevrank(name, after) if after else -1
        if rank is None:
            return
        start = rank + 1
        while True:
            with self.connection.errors():
                ids: list[str] = client.zrevrange(name, start, start + _READ_JOBS - 1)
            yield ids
            if len(ids) < _READ_JOBS:
                return
            start += _READ_JOBS

    def parts(self, job_id: str) -> Sequence[Part]:
        """See `JobStore.parts`."""
        with self.connection.errors():
            contents = self.connection.client.hgetall(keys.contents(job_id))
            works = self.connection.client.hgetall(keys.works(job_id))
        return [_part(member, text, works.get(member)) for member, text in sorted(contents.items())]

    def events(self, job_id: str, after: int) -> Sequence[JobEvent]:
        """See `JobStore.events`."""
        stored = self.get(job_id)
        if stored is None:
            return ()
        with self.connection.errors():
            found = self.connection.client.hgetall(keys.events(job_id))
        numbers = sorted(int(number) for number in found if int(number) > after)
        return [_event(stored, number, found[str(number)]) for number in numbers]

    def ended_before(self, at: float) -> Sequence[str]:
        """The ids of the jobs that ended before a time."""
        with self.connection.errors():
            ids: list[str] = self.connection.client.zrangebyscore(keys.ENDED, "-inf", f"({at}")
            return ids

    def report(self) -> JobsReport:
        """See `JobStore.report`."""
        now = self.connection.now()
        states: Counter[JobState] = Counter()
        waiting = running = characters = 0
        oldest = now
        for job_id, text in self._statuses():
            state = JOB_STATUS.read(text).state
            states[state] += 1
            if state in ("queued", "running") and (stored := self.get(job_id)):
                leased = self._leased(job_id, now)
                running += leased
                waiting += stored.record.parts - stored.status.parts_done - leased
                characters += stored.progress.characters - stored.progress.characters_done
                oldest = min(oldest, stored.record.created) if state == "queued" else oldest
        with self.connection.errors():
            webhooks = int(self.connection.client.zcard(keys.DUE))
        return JobsReport(states, waiting, running, characters, max(now - oldest, 0.0), webhooks)

    def _statuses(self) -> Iterator[tuple[str, str]]:
        """Yields the id and the `JobStatus` of each job: many at a time, since thousands are kept."""
        for ids in self._newest(keys.JOBS, ""):
            with self.connection.errors():
                pipe = self.connection.client.pipeline(transaction=False)
                for job_id in ids:
                    pipe.hget(keys.job(job_id), "status")
                found = pipe.execute()
            yield from ((job_id, text) for job_id, text in zip(ids, found, strict=True) if text is not None)

    def _leased(self, job_id: str, now: float) -> int:
        with self.connection.errors():
            return int(self.connection.client.zcount(keys.waiting(job_id), f"({now}", "+inf"))


def _part(member: str, content: str, text: str | None) -> Part:
    work = WORK_STATUS.read(text) if text else None
    if work is None:
        return Part(int(member), PART_CONTENT.read(content))
    state: PartState = "done" if work.result else "running" if work.token else "queued"
    return Part(int(member), PART_CONTENT.read(content), state, work.attempts, work.result)


def _event(stored: StoredJob, number: int, text: str) -> JobEvent:
    record = EVENT_RECORD.read(text)
    total = stored.record
    progress = Progress(total.parts, record.parts_done, total.characters, record.characters_done)
    return JobEvent(number, record.type, record.at, progress)
