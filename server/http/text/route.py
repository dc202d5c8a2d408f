"""POST /v1/text: how a text is read, without its audio."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from server.config import Config
from server.errors import BusyError
from server.http.client import client_of
from server.http.speech.request import parse_request, require_json
from server.http.startup import Startup
from server.http.text.request import TextRequest
from server.http.text.text_analyzer import TextAnalyzer, TextSettings
from server.logs.texts import log_text
from server.synthesis.voice_resolver import allowed_voices

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

T = TypeVar("T")

_RETRY_AFTER = 5
"""Seconds, for a request that finds too many others."""


class TextRoute:
    """The /v1/text route. Requests share one thread, sentence by sentence, so that a long text delays no short one."""

    def __init__(self, registry: "VoiceRegistry", startup: Startup, config: Config) -> None:
        self._registry = registry
        self._startup = startup
        self._turn = asyncio.Lock()
        """First come, first served."""
        self._requests = 0
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Analyzes the texts that come from now on with this configuration."""
        self._settings = TextSettings(config)

    async def post(self, request: web.Request) -> web.Response:
        """Returns the analysis. Loads no voice, and does not count against the characters of the day."""
        require_json(request)
        fields = parse_request(TextRequest, await request.read())
        _ = fields.output  # raises for values that no audio can have
        self._startup.require_ready()
        log_text(fields.input)
        text = await self._analyzed(request, fields)
        return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-cache"})

    async def _analyzed(self, request: web.Request, fields: TextRequest) -> str:
        limit = self._settings.config.limits.queue_length
        if self._requests > limit:
            message = f"{self._requests} texts are being analyzed (limits.queue_length: {limit}); send this one later"
            raise BusyError(message, retry_after=_RETRY_AFTER)
        self._requests += 1
        try:
            settings, voices = self._settings, allowed_voices(self._registry.snapshot(), client_of(request).voices)
            analyzer = await self._in_turn(lambda: TextAnalyzer(fields, voices, settings))
            while await self._in_turn(analyzer.advance):
                pass
            return await asyncio.to_thread(lambda: analyzer.result().model_dump_json())
        finally:
            self._requests -= 1

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work)
