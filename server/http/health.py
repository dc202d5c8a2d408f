"""GET /health: readiness, device, precision and load. The status is 503 until the server is ready."""

from typing import TYPE_CHECKING, Literal

from aiohttp import web
from pydantic import Field

from server import __version__
from server.http.response_model import ResponseModel, model_response
from server.http.startup import Startup
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


class VoicePrecision(ResponseModel):
    """The precision that a voice runs in."""

    precision: Literal["fp32", "fp16", "int8"]
    reason: str = Field(description="Why it was chosen.")


class Health(ResponseModel):
    """The server is ready."""

    status: Literal["ready"] = "ready"
    provider: str = Field(description="The execution provider in use.", examples=["cpu"])
    fallback: str | None = Field(description="Why the preferred provider is not in use; null if it is.")
    precision: dict[str, VoicePrecision] = Field(description="By voice.")
    voices: int = Field(description="Number of voices that can speak.")
    broken: int = Field(description="Number of voices that could not be loaded.")
    load: Load
    version: str = __version__


class NotReady(ResponseModel):
    """The server is not ready, or never will be."""

    status: Literal["loading", "failed"]
    reason: str | None
    version: str = __version__


_HEADERS = {"Cache-Control": "no-store"}


class HealthRoute:
    """The /health route."""

    def __init__(self, registry: "VoiceRegistry", startup: Startup, scheduler: Scheduler) -> None:
        self._registry = registry
        self._startup = startup
        self._scheduler = scheduler

    async def get(self, request: web.Request) -> web.Response:
        """Returns the state of the server as JSON."""
        state = self._startup.state
        if state != "ready":
            return model_response(NotReady(status=state, reason=self._startup.reason), 503, _HEADERS)
        load = self._scheduler.load(self._registry.default_voice)
        report = Health.model_validate(
            {
                **self._registry.device_report(),
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
            }
        )
        return model_response(report, headers=_HEADERS)
