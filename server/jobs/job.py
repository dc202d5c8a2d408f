"""A job, its parts, and what became of them, as every store keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

JobState = Literal["queued", "running", "done", "failed", "cancelled", "expired"]
PartState = Literal["queued", "running", "done"]
EventType = Literal[
    "job.queued", "job.running", "job.progress", "job.done", "job.failed", "job.cancelled", "job.expired"
]

FINAL_STATES: frozenset[JobState] = frozenset(("done", "failed", "cancelled", "expired"))
"""A job in one of these computes nothing any more. The only change from there is `done` to `expired`."""

UNFINISHED_STATES: tuple[JobState, ...] = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Slot:
    """When a part is spoken, from the start of the result."""

    begin: float
    """Seconds."""
    end: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class PartContent:
    """What is spoken in one part, before it is computed."""

    text: str
    characters: int
    """Of the text, as the progress counts them; at least 1."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of speech that differ from those of the job, as JSON."""
    name: str = ""
    """Of its file in a ZIP, without a suffix: safe, and unique in the job. Parts of one file have the same."""
    slot: Slot | None = None
    """Of a cue of subtitles."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else the input says about the part, as JSON: for what joins the parts, unknown to the store."""


@dataclass(frozen=True, slots=True)
class PartResult:
    """A part that was computed. Its files are in the folder of the job, whole, before the store hears of them."""

    seconds: float
    """Of its audio."""
    computing_seconds: float = 0.0
    """From the start to the end of its computing, waiting included: measured by what runs the renderer."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else is needed to join the parts, as JSON, such as samples and warnings."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a job."""

    index: int
    """From 0, in the order of the input."""
    content: PartContent
    state: PartState = "queued"
    attempts: int = 0
    result: PartResult | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """The file of a job that is done. It lies in the folder of the job under `RESULT_NAME`."""

    name: str
    """For the client, with its suffix."""
    media_type: str
    size: int
    """Bytes."""
    digest: str
    """SHA-256 of the file, hexadecimal."""
    seconds: float
    """Of audio."""
    warnings: Sequence[str] = ()
    """About the whole, such as cues that overlap."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a job is done."""

    parts: int
    parts_done: int
    characters: int
    characters_done: int
    """With those of the parts in progress, as far as they are known."""

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return min(self.characters_done / self.characters, 1.0) if self.characters else 0.0


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that a store is asked to keep."""

    client: str
    """The name of its client's key; empty without keys."""
    request: Mapping[str, Any]
    """The fields of the request without its text, as JSON."""
    parts: Sequence[PartContent]
    name: str = ""
    webhook: str = ""
    """The address that is told about the end; empty: none."""
    idempotency_key: str = ""
    """Of the client; equal keys of one client are one job."""
    digest: str = ""
    """Of the whole request, to notice another request with the same key."""

    @property
    def characters(self) -> int:
        """Of all parts."""
        return sum(part.characters for part in self.parts)


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times are seconds since 1970; 0 stands for what has not happened."""

    id: str
    """`job_` and 32 hexadecimal digits: hard to guess, safe in paths."""
    client: str
    name: str
    request: Mapping[str, Any]
    state: JobState
    progress: Progress
    created: float
    started: float = 0.0
    ended: float = 0.0
    attempts: int = 0
    """Of all parts, those that succeeded included."""
    error: str = ""
    """Why it failed."""
    waiting: str = ""
    """Why nothing is computed at the moment, such as a full disk."""
    result: JobResult | None = None
    webhook: str = ""
    digest: str = ""
    events: int = 0
    """The number of the last event."""

    @property
    def is_final(self) -> bool:
        """Whether it computes nothing any more."""
        return self.state in FINAL_STATES


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A change of a job, with what was known then. The numbers of a job's events rise, with gaps."""

    number: int
    type: EventType
    at: float
    progress: Progress


def work_name(index: int | None, parts: int) -> str:
    """A part of a job for people; None: the joining of all."""
    return "joining the parts" if index is None else f"part {index + 1} of {parts}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to compute one part, or to join all of them, until it ends or another one takes the work over."""

    job: Job
    part: Part | None
    """None: all parts are done, and the result is to be made."""
    token: str
    """Of this claim: the store ignores what an older claim reports."""
    attempt: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that is due."""

    id: str
    """The same in each attempt, so that a receiver notices a repetition."""
    job: Job
    token: str
    """Of this claim, as that of a lease."""
    attempt: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class JobsReport:
    """What the store holds, for metrics."""

    jobs: Mapping[JobState, int]
    parts_waiting: int
    parts_running: int
    characters_waiting: int
    oldest_waiting_seconds: float
    """Since the oldest job that waits was created; 0 where none waits."""
    webhooks_waiting: int = 0
