"""What a store of jobs does, whatever keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.errors import JobConflictError, JobLimitError
from server.jobs.job import (
    Delivery,
    Job,
    JobEvent,
    JobResult,
    JobsReport,
    JobState,
    Lease,
    NewJob,
    Part,
    PartResult,
    work_name,
)


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """How many unfinished jobs a client may have. The store checks them together with the creation."""

    jobs: int
    characters: int


def require_within(limits: ClientLimits, new: NewJob, jobs: int, characters: int) -> None:
    """Raises `JobLimitError` unless a client that has unfinished jobs with that many characters may have a new one."""
    if jobs >= limits.jobs:
        raise JobLimitError(
            f"{jobs} jobs are not finished, and that is the limit for one client; wait until one ends, or delete one"
        )
    if jobs and characters + new.characters > limits.characters:
        raise JobLimitError(
            f"the unfinished jobs have {characters:,} characters, and with this one {characters + new.characters:,}; "
            f"one client may have {limits.characters:,}; wait until a job ends, or delete one"
        )


def require_same_request(older: Job, new: NewJob) -> None:
    """Raises `JobConflictError` unless the older job of an idempotency key is of the same request."""
    if older.digest != new.digest:
        raise JobConflictError(
            f"the idempotency key was used for another request, which made the job {older.id}; "
            "use a new key for a new request"
        )


def attempts_used_up(index: int | None, parts: int, attempts: int) -> str:
    """Why a job fails whose part (None: the joining) was begun that often, and never reported."""
    return f"{work_name(index, parts)} ended the process that computed it {attempts} times"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, the newest jobs first."""

    jobs: Sequence[Job]
    has_more: bool


class JobStore(Protocol):
    """Keeps jobs until they are deleted. Safe for use by several threads, and by several processes.

    Every method blocks, and is complete when it returns: what it did survives the end of the process. Each raises
    `StoreError` when the storage is full, read-only or away; nothing has changed then.
    """

    max_attempts: int
    """Of one part. May be changed."""

    def create(self, new: NewJob, limits: ClientLimits) -> tuple[Job, bool]:
        """Keeps a job; the second value is False where its idempotency key names an older job, which is returned.

        Raises `JobLimitError` where the client has too many unfinished jobs or characters, `JobConflictError` where the
        older job of the idempotency key has another digest.
        """

    def get(self, job_id: str) -> Job | None:
        """The job, if there is one."""

    def list(self, client: str | None, *, limit: int, after: str = "", state: JobState | None = None) -> Page:
        """The jobs of a client (None: of all), the newest first, those after the job `after`."""

    def parts(self, job_id: str) -> Sequence[Part]:
        """All parts of a job, in order."""

    def claim(self, seconds: float) -> Lease | None:
        """Takes the next work: the right to it ends after some seconds unless it is renewed.

        Next is a part that waits or whose lease has ended; clients take turns, the oldest job of a client goes first.
        The result is made when all parts are done. The job is `running` from its first claim on. Counts an attempt; a
        part whose attempts are used up (its processes were killed) fails its job instead.
        The limit of attempts belongs to the store.
        """

    def renew(self, lease: Lease, seconds: float, characters: int = 0) -> bool:
        """Keeps the lease, and notes how many characters of the part are done.

        False: the lease is lost, or the job was cancelled; then the work must stop.
        """

    def complete_part(self, lease: Lease, result: PartResult) -> bool:
        """Notes that a part is done. False: the lease was lost, and the part is not noted."""

    def complete_job(self, lease: Lease, result: JobResult) -> bool:
        """Notes that the result is made: the job is done. False: the lease was lost."""

    def fail(self, lease: Lease, reason: str, *, is_final: bool = False) -> bool:
        """Gives back work that failed; with the last attempt, or a `final` reason, the job has failed."""

    def release(self, lease: Lease, reason: str = "", *, seconds: float = 0.0) -> bool:
        """Gives back work that was interrupted: no attempt. The job waits for the `reason`, at least some seconds."""

    def cancel(self, job_id: str) -> Job | None:
        """Cancels a job unless it has ended; returns how it is now, None if there is none."""

    def delete(self, job_id: str) -> bool:
        """Forgets a job and its events. Its files are the caller's."""

    def expire(self, ended_before: float, forget_before: float) -> Sequence[str]:
        """Marks the jobs that are done and ended before a time as expired, and returns their ids.

        Forgets all jobs that ended before the second time. Files are the caller's.
        """

    def events(self, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """The events with higher numbers, in order. Only the last one of progress is kept."""

    def claim_delivery(self, seconds: float) -> Delivery | None:
        """Takes the next webhook that is due."""

    def complete_delivery(self, delivery: Delivery) -> bool:
        """Notes that a webhook was received, or given up."""

    def retry_delivery(self, delivery: Delivery, seconds: float) -> bool:
        """Makes a webhook due again after some seconds."""

    def report(self) -> JobsReport:
        """Counts for metrics."""

    def close(self) -> None:
        """Releases what is open. A second call has no effect."""
