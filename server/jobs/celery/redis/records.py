"""What Redis keeps of a job, as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from server.jobs.job import EventType, Job, JobResult, JobState, NewJob, PartContent, PartResult, Progress

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What does not change."""

    id: str
    client: str
    name: str
    request: Mapping[str, Any]
    created: float
    parts: int
    characters: int
    webhook: str
    idempotency_key: str
    digest: str

    @classmethod
    def of(cls, job_id: str, new: NewJob, created: float) -> "JobRecord":
        """Of a new job."""
        return cls(
            job_id,
            new.client,
            new.name,
            new.request,
            created,
            len(new.parts),
            new.characters,
            new.webhook,
            new.idempotency_key,
            new.digest,
        )


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What changes."""

    state: JobState = "queued"
    started: float = 0.0
    ended: float = 0.0
    attempts: int = 0
    error: str = ""
    waiting: str = ""
    parts_done: int = 0
    characters_done: int = 0
    """Of the parts that are done."""
    events: int = 0
    progress_event: int = 0
    """The number of the last event of progress, which the next one replaces."""
    result: JobResult | None = None
    delivery: str = ""
    """The id of its webhook."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it was read."""

    record: JobRecord
    status: JobStatus
    characters_running: int

    @property
    def job(self) -> Job:
        """For the users of the store."""
        record, status = self.record, self.status
        return Job(
            id=record.id,
            client=record.client,
            name=record.name,
            request=record.request,
            state=status.state,
            progress=self.progress,
            created=record.created,
            started=status.started,
            ended=status.ended,
            attempts=status.attempts,
            error=status.error,
            waiting=status.waiting,
            result=status.result,
            webhook=record.webhook,
            digest=record.digest,
            events=status.events,
        )

    @property
    def progress(self) -> Progress:
        """With the parts in progress."""
        done = min(self.status.characters_done + self.characters_running, self.record.characters)
        return Progress(self.record.parts, self.status.parts_done, self.record.characters, done)


@dataclass(frozen=True, slots=True)
class WorkStatus:
    """What became of a part so far, or of the joining."""

    attempts: int = 0
    token: str = ""
    """Of the last lease; empty when nobody has one."""
    result: PartResult | None = None


@dataclass(frozen=True, slots=True)
class OpenJob:
    """What decides when an unfinished job has its turn, and whether its client may have another one."""

    client: str
    number: int
    characters: int
    paused_until: float = 0.0


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event without the totals of its job."""

    type: EventType
    at: float
    parts_done: int
    characters_done: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A webhook that was not received yet."""

    job_id: str
    attempts: int = 0
    token: str = ""


class Codec(Generic[T]):
    """Turns one type into JSON and back."""

    def __init__(self, kind: type[T]) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def write(self, value: T) -> str:
        """As JSON."""
        return self._adapter.dump_json(value).decode()

    def read(self, text: str) -> T:
        """From JSON."""
        return self._adapter.validate_json(text)


JOB_RECORD = Codec(JobRecord)
JOB_STATUS = Codec(JobStatus)
WORK_STATUS = Codec(WorkStatus)
OPEN_JOB = Codec(OpenJob)
EVENT_RECORD = Codec(EventRecord)
DELIVERY_RECORD = Codec(DeliveryRecord)
PART_CONTENT = Codec(PartContent)
