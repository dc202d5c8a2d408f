"""Jobs as JSON."""

from typing import Literal

from pydantic import Field

from server.http.response_model import ResponseModel
from server.jobs.job import Job, JobEvent, JobState, Progress

PATH = "/v1/audio/jobs"


class JobProgress(ResponseModel):
    """How much of a job is done."""

    parts: int
    parts_done: int
    characters: int
    characters_done: int = Field(description="With those of the parts in progress.")
    share: float = Field(description="From 0 to 1.")

    @classmethod
    def of(cls, progress: Progress) -> "JobProgress":
        """From the progress of a job or of an event."""
        return cls(
            parts=progress.parts,
            parts_done=progress.parts_done,
            characters=progress.characters,
            characters_done=progress.characters_done,
            share=round(progress.share, 4),
        )


class JobResultObject(ResponseModel):
    """The file of a job that is done."""

    url: str = Field(description="The path of the file.")
    name: str
    media_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    seconds: float = Field(description="Of audio.")
    warnings: tuple[str, ...] = Field(description="Such as cues that overlap.")


class JobObject(ResponseModel):
    """A job. Times are seconds since 1970; null for what has not happened."""

    id: str
    object: Literal["audio.job"] = "audio.job"
    name: str
    state: JobState
    created_at: float
    started_at: float | None
    ended_at: float | None
    expected_end_at: float | None = Field(description="A guess from the speed so far; null before the first part.")
    progress: JobProgress
    error: str | None = Field(description="Why it failed.")
    waiting: str | None = Field(description="Why nothing is computed at the moment, such as a full disk.")
    result: JobResultObject | None

    @classmethod
    def of(cls, job: Job, expected_end: float | None) -> "JobObject":
        """From a job."""
        result = job.result
        return cls(
            id=job.id,
            name=job.name,
            state=job.state,
            created_at=round(job.created, 3),
            started_at=round(job.started, 3) or None,
            ended_at=round(job.ended, 3) or None,
            expected_end_at=expected_end and round(expected_end, 1),
            progress=JobProgress.of(job.progress),
            error=job.error or None,
            waiting=job.waiting or None,
            result=JobResultObject(
                url=f"{PATH}/{job.id}/result",
                name=result.name,
                media_type=result.media_type,
                size=result.size,
                sha256=result.digest,
                seconds=round(result.seconds, 3),
                warnings=tuple(result.warnings),
            )
            if result and job.state == "done"
            else None,
        )


class JobList(ResponseModel):
    """Some jobs, the newest first."""

    object: Literal["list"] = "list"
    data: tuple[JobObject, ...]
    has_more: bool = Field(description="Whether older ones follow; `after` with the last id of these gets them.")


class JobDeleted(ResponseModel):
    """What DELETE did."""

    id: str
    object: Literal["audio.job.deleted"] = "audio.job.deleted"
    deleted: bool = Field(description="The job had ended, and is forgotten. false: it was cancelled now.")
    state: JobState


class JobEventObject(ResponseModel):
    """The data of a server-sent event: a change, with the progress at that time, and the job as it is now."""

    type: str = Field(examples=["job.progress"])
    at: float = Field(description="Seconds since 1970.")
    progress: JobProgress
    job: JobObject

    @classmethod
    def of(cls, event: JobEvent, job: JobObject) -> "JobEventObject":
        """From an event and its job."""
        return cls(type=event.type, at=round(event.at, 3), progress=JobProgress.of(event.progress), job=job)
