"""GET /v1/audio/voices: what can speak, as which speakers, in which moods; and what is broken, and why."""

from typing import TYPE_CHECKING

from aiohttp import web

from server.http.startup import Startup

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry
    from server.synthesis.synthesizer import Synthesizer


class VoicesRoute:
    def __init__(self, registry: "VoiceRegistry", startup: Startup) -> None:
        self._registry = registry
        self._startup = startup

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/audio/voices", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        self._startup.require_ready()
        ready = [
            _ready(name, one, default=name == self._registry.default_voice)
            for name, one in self._registry.voices.items()
        ]
        broken = [
            {"id": name, "name": name, "status": "broken", "reason": reason}
            for name, reason in self._registry.broken.items()
        ]
        return web.json_response({"voices": ready + broken})


def _ready(name: str, synthesizer: "Synthesizer", *, default: bool) -> dict[str, object]:
    voice = synthesizer.voice
    return {
        "id": name,
        "name": name,
        "language": voice.manifest.language,
        "sample_rate": voice.rate,
        "speakers": voice.speakers,
        "emotions": voice.emotions,
        "default": default,
        "status": "ready",
    }
