"""The texts of `cache.warm`: prepared in the background once the server is ready."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from server.cache import AudioCache
from server.client import LOCAL_CLIENT
from server.errors import ConfigurationError, RequestError, ShutdownError, SpeechError
from server.http.speech.prepared_speech import SpeechPreparation
from server.http.speech.request import SpeechRequest, parse_request
from server.http.speech.speech_streams import SpeechStreams
from server.http.startup import Startup
from server.logs.exceptions import summary

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WarmUpReport:
    """How far it is."""

    texts: int
    done: int
    """Computed, or found in the cache."""
    failed: int


class WarmUp:
    """Runs the cache, and prepares its texts one after another.

    Raises `ConfigurationError` for a text whose fields are not valid.
    """

    def __init__(
        self,
        texts: Sequence[str | Mapping[str, Any]],
        cache: AudioCache,
        startup: Startup,
        preparation: SpeechPreparation,
        streams: SpeechStreams,
    ) -> None:
        self._requests = [_request(number, text) for number, text in enumerate(texts)]
        self._cache = cache
        self._startup = startup
        self._preparation = preparation
        self._streams = streams
        self._done = self._failed = 0

    def report(self) -> WarmUpReport:
        """How far it is."""
        return WarmUpReport(len(self._requests), self._done, self._failed)

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`."""
        self._cache.start()
        warming = asyncio.create_task(self._warm())
        yield
        warming.cancel()
        await asyncio.wait([warming])
        await self._cache.close()

    async def _warm(self) -> None:
        if not self._requests:
            return
        if not self._streams.caches:
            _log.warning("cache.warm has no effect: memory_mb and disk_mb of the cache are 0")
            return
        await self._startup.until_loaded()
        if self._startup.state != "ready":
            return
        _log.info("the cache: preparing %d texts", len(self._requests))
        for number, request in enumerate(self._requests):
            try:
                await self._prepare(request)
                self._done += 1
            except ShutdownError:
                return
            except Exception as error:  # noqa: BLE001 - the other texts are prepared
                self._failed += 1
                is_unexpected = not isinstance(error, SpeechError)
                _log.error("cache.warm.%d: %s", number, summary(error), exc_info=is_unexpected)
            finished = self._done + self._failed
            if finished % max(1, len(self._requests) // 10) == 0:
                _log.info("the cache: %d of %d texts are prepared", finished, len(self._requests))

    async def _prepare(self, request: SpeechRequest) -> None:
        """Computes a text unless it is kept, while no other stream needs the workers."""
        speech = await self._preparation.prepare(request, LOCAL_CLIENT, cached=True)
        if speech.cache_key is None:
            raise RequestError("the voice has noise, and neither this text nor the cache (cache.seed) has a seed")
        opened = await self._streams.open(speech, background=True)
        with opened.chunks as chunks:
            async for _ in chunks:
                pass


def _request(number: int, text: str | Mapping[str, Any]) -> SpeechRequest:
    fields = {"input": text} if isinstance(text, str) else text
    try:
        return parse_request(SpeechRequest, json.dumps(fields, default=str).encode())
    except RequestError as error:
        raise ConfigurationError(f"cache.warm.{number}: {error}") from None
