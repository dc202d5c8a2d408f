"""GET /health: whether the process works, with its state, device, precision and load. /ready says whether it serves."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from aiohttp import web
from pydantic import Field

from server import __version__
from server.errors import StoreError
from server.http.operations.readiness import HEADERS
from server.http.response_model import ResponseModel, model_response
from server.http.startup import Startup, State
from server.jobs.job import JobsReport
from server.jobs.threads import in_thread
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


class Load(ResponseModel):
    """What the scheduler is doing."""

    streams: int = Field(description="Streams that are being computed.")
    capacity: int | None = Field(description="Streams that fit; null before the voice was measured.")
    queue: int = Field(description="Streams that have produced no audio yet.")
    share: float = Field(description="Predicted share of the workers' time for these streams.")
    late_chunks: int = Field(description="Chunks that came after an underrun, of the streams that have ended.")
    workers: int = Field(description="Threads that compute.")


class JobCounts(ResponseModel):
    """The jobs of all clients that are not done."""

    running: int
    queued: int
    characters: int = Field(description="Of them that are not spoken yet.")


class VoicePrecision(ResponseModel):
    """The precision that a voice runs in."""

    precision: Literal["fp32", "fp16", "int8"]
    reason: str = Field(description="Why it was chosen.")


class Health(ResponseModel):
    """The process works. Whether it is ready is a field here, and the status of /ready."""

    status: State | Literal["stuck"] = Field(description="As /ready has it; `stuck`: a thread does not move any more.")
    reason: str | None = Field(description="Why the server is not ready; null when it is.")
    provider: str | None = Field(
        description="The execution provider in use; null while voices are loading.", examples=["cpu"]
    )
    fallback: str | None = Field(description="Why the preferred provider is not in use; null if it is.")
    precision: dict[str, VoicePrecision] = Field(description="By voice.")
    voices: int = Field(description="Number of voices that can speak.")
    broken: int = Field(description="Number of voices that could not be loaded.")
    load: Load
    jobs: JobCounts | None = Field(description="null: where they are kept cannot be read now.")
    version: str = __version__


STUCK_SECONDS = 120.0
"""A worker that is busy with one batch for this long will not come back: the longest runs take seconds."""
JOBS_SECONDS = 1.0
"""A store of jobs that takes longer must not delay the answer: the process works without it."""

_NO_DEVICE: Mapping[str, object] = {"provider": None, "fallback": None, "precision": {}}


class HealthRoute:
    """The /health route."""

    def __init__(
        self, registry: "VoiceRegistry", startup: Startup, scheduler: Scheduler, jobs: Callable[[], JobsReport]
    ) -> None:
        """`jobs` blocks, and raises `StoreError`."""
        self._registry = registry
        self._jobs = jobs
        self._startup = startup
        self._scheduler = scheduler

    async def get(self, request: web.Request) -> web.Response:
        """Returns the state of the server as JSON. 200 in every state but `stuck`: a restart would not help."""
        report = self._report(await self._job_counts())
        return model_response(report, 503 if report.status == "stuck" else 200, HEADERS)

    async def _job_counts(self) -> JobCounts | None:
        try:
            report = await asyncio.wait_for(in_thread(self._jobs), JOBS_SECONDS)
        except (StoreError, TimeoutError):
            return None
        running, queued = (report.jobs.get(state, 0) for state in ("running", "queued"))
        return JobCounts(running=running, queued=queued, characters=report.characters_waiting)

    def _report(self, jobs: JobCounts | None) -> Health:
        load = self._scheduler.load(self._registry.default_voice)
        is_stuck = load.longest_step > STUCK_SECONDS
        reason = f"a worker has been busy with one step for {load.longest_step:.0f} s; restart the server"
        return Health.model_validate(
            {
                "status": "stuck" if is_stuck else self._startup.state,
                "reason": reason if is_stuck else self._startup.reason,
                **_NO_DEVICE,
                **self._startup.device_report(),
                "voices": len(self._registry.known),
                "broken": len(self._registry.broken),
                "load": Load(
                    streams=load.streams,
                    capacity=load.capacity,
                    queue=load.without_audio,
                    share=round(load.utilization, 3),
                    late_chunks=load.late_chunks,
                    workers=self._scheduler.workers,
                ),
                "jobs": jobs,
            }
        )
