"""GET /health: whether the server can speak, on which device, and if not, why. 503 until it can."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from aiohttp import web

from server.http.readiness import Readiness

if TYPE_CHECKING:
    from server.library import Library

PACKAGE = "sambert-server"


class HealthRoute:
    def __init__(self, library: "Library", readiness: Readiness) -> None:
        self._library = library
        self._readiness = readiness
        self._version = _installed_version()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        state = self._readiness.state
        if state != "ready":
            body = {"status": state, "reason": self._readiness.reason, "version": self._version}
            return web.json_response(body, status=503, headers={"Cache-Control": "no-store"})
        devices = self._library.devices()
        report: dict[str, object] = {
            "status": state,
            "provider": devices["provider"],
            "fallback": devices["fallback"],
            "voices": len(self._library.voices),
            "broken": len(self._library.broken),
            "version": self._version,
        }
        return web.json_response(report, headers={"Cache-Control": "no-store"})


def _installed_version() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "not installed"
