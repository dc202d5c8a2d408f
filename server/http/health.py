"""GET /health: readiness, device, precision and load. The status is 503 until the server is ready."""

from typing import TYPE_CHECKING

from aiohttp import web

from server import __version__
from server.http.startup import Startup
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


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
            body = {"status": state, "reason": self._startup.reason, "version": __version__}
            return web.json_response(body, status=503, headers={"Cache-Control": "no-store"})
        load = self._scheduler.load(self._registry.default_voice)
        report: dict[str, object] = {
            "status": state,
            **self._registry.device_report(),
            "voices": len(self._registry.voices),
            "broken": len(self._registry.broken),
            "load": {
                "streams": load.streams,
                "capacity": load.capacity,
                "queue": load.without_audio,
                "share": round(load.utilization, 3),
                "late_chunks": load.late_chunks,
                "workers": self._scheduler.workers,
            },
            "version": __version__,
        }
        return web.json_response(report, headers={"Cache-Control": "no-store"})
