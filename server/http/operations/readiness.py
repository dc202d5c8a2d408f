"""GET /ready: whether requests for speech are answered now: 200, or 503 until then and while the server stops."""

from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import Field

from server import __version__
from server.http.response_model import ResponseModel, model_response
from server.http.startup import RETRY_AFTER, Startup, State

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

HEADERS = {"Cache-Control": "no-store"}


class Readiness(ResponseModel):
    """Whether the server answers requests for speech."""

    status: State = Field(
        description="`loading`: voices are being loaded; `warming`: their cost is being measured; `ready`; `draining`: "
        "running streams end, and nothing new begins; `failed`: no voice can be used."
    )
    reason: str | None = Field(description="Why the server is not ready; null when it is.")
    provider: str | None = Field(description="The execution provider in use; null while voices are loading.")
    preferred: str = Field(description="The execution provider that the configuration prefers.", examples=["cuda"])
    fallback: str | None = Field(description="Why the preferred provider is not in use; null if it is.")
    voices: int = Field(description="Number of voices that can speak.")
    broken: int = Field(description="Number of voices that could not be loaded.")
    version: str = __version__


class ReadinessRoute:
    """The /ready route."""

    def __init__(self, registry: "VoiceRegistry", startup: Startup, preferred: str) -> None:
        self._registry = registry
        self._startup = startup
        self._preferred = preferred

    async def get(self, request: web.Request) -> web.Response:
        """Returns the state as JSON."""
        state = self._startup.state
        device = self._startup.device_report()
        report = Readiness.model_validate(
            {
                "status": state,
                "reason": self._startup.reason,
                "provider": device.get("provider"),
                "preferred": self._preferred,
                "fallback": device.get("fallback"),
                "voices": len(self._registry.known),
                "broken": len(self._registry.broken),
            }
        )
        if report.status == "ready":
            return model_response(report, headers=HEADERS)
        retry = {} if report.status == "failed" else {"Retry-After": RETRY_AFTER}
        return model_response(report, 503, {**HEADERS, **retry})
