"""GET /v1/audio/voices: the voices with their speakers and emotions, broken ones with the reason, and the aliases."""

from typing import TYPE_CHECKING

from aiohttp import web

from server.http.startup import Startup
from server.synthesis.voice_resolver import VoiceResolver

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry
    from server.synthesis.synthesizer import Synthesizer


class VoicesRoute:
    """The /v1/audio/voices route."""

    def __init__(self, registry: "VoiceRegistry", startup: Startup) -> None:
        self._registry = registry
        self._resolver = VoiceResolver(registry)
        self._startup = startup

    async def get(self, request: web.Request) -> web.Response:
        """Returns the voices as JSON. Raises 503 until they are loaded."""
        self._startup.require_ready()
        default = self._registry.default_voice
        ready = [_ready(name, one, default=name == default) for name, one in self._registry.voices.items()]
        broken = [
            {"id": name, "name": name, "status": "broken", "reason": why} for name, why in self._registry.broken.items()
        ]
        return web.json_response({"voices": ready + broken, "aliases": self._resolver.aliases()})


def _ready(name: str, synthesizer: "Synthesizer", *, default: bool) -> dict[str, object]:
    voice = synthesizer.voice
    return {
        "id": name,
        "name": name,
        "language": voice.manifest.language,
        "sample_rate": voice.rate,
        "speakers": voice.speakers,
        "emotions": voice.emotions,
        "licence": voice.licence,
        "default": default,
        "status": "ready",
    }
