"""Loads the voices in the background while the server already answers, and reports its readiness."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Literal

from aiohttp import web

from server.errors import ShutdownError, SpeechError
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry
    from server.synthesis.synthesizer import Synthesizer

_log = logging.getLogger(__name__)

State = Literal["loading", "warming", "ready", "draining", "failed"]

RETRY_AFTER = "2"
"""Seconds."""
UNLOAD_INTERVAL = 5.0
"""Seconds between two checks for idle voices."""


class Startup:
    """Loads the voices and measures their cost; answers 503 until they are ready."""

    def __init__(self, registry: "VoiceRegistry", scheduler: Scheduler) -> None:
        self._registry = registry
        self._scheduler = scheduler
        self._measured = False
        self._failure: str | None = None
        self._loading: asyncio.Task[None] | None = None
        self.draining = False
        """Set when the server stops: running streams end, and nothing new begins."""

    @property
    def state(self) -> State:
        """`ready` once every voice is loaded, and its cost measured (`warming`)."""
        if self.draining:
            return "draining"
        if self._failure:
            return "failed"
        state = self._registry.state
        if state == "failed" and self._loading and not self._loading.done():
            return "loading"  # the error is on its way from the thread
        return "warming" if state == "ready" and not self._measured else state

    @property
    def reason(self) -> str | None:
        """Why the server is not ready; None when it is."""
        match self.state:
            case "loading":
                return "the voices are still loading"
            case "warming":
                return "the voices are loaded, and their cost is being measured"
            case "draining":
                return "the server is stopping"
            case "failed" if self._failure:
                return self._failure
            case "failed":
                broken = "; ".join(f"{name}: {why}" for name, why in self._registry.broken.items())
                return f"no voice can be used ({broken or 'there is none'})"
        return None

    def require_ready(self) -> None:
        """Raises 503 with the reason unless the server is ready."""
        if self.draining:
            raise ShutdownError
        if self.reason:
            headers = None if self.state == "failed" else {"Retry-After": RETRY_AFTER}
            raise web.HTTPServiceUnavailable(text=f"not ready: {self.reason}", headers=headers)

    def device_report(self) -> Mapping[str, object]:
        """As `VoiceRegistry.device_report`; empty while voices are loading: the first one chooses the provider."""
        return self._registry.device_report() if self._registry.state == "ready" else {}

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`: loads the voices after the start of the server, and is awaited at its end."""
        self._loading = asyncio.create_task(self._load())
        unloading = asyncio.create_task(self._unload_idle())
        yield
        unloading.cancel()
        await self._loading

    async def until_loaded(self) -> None:
        """Waits until the voices are loaded, or that has failed. Only after `run` has begun."""
        if self._loading:
            await asyncio.wait([self._loading])

    async def close(self) -> None:
        """Fails the requests that wait for a voice, and ends the threads of the voices."""
        await asyncio.to_thread(self._registry.close)

    async def _unload_idle(self) -> None:
        while True:
            await asyncio.sleep(UNLOAD_INTERVAL)
            await asyncio.to_thread(self._registry.unload_idle)

    def _load_and_measure(self) -> None:
        self._registry.load()
        for name, synthesizer in self._registry.voices.items():
            self._measure(name, synthesizer)
        self._registry.measure = self._measure
        self._registry.watch()
        self._measured = True

    def _measure(self, name: str, synthesizer: "Synthesizer") -> None:
        try:
            self._scheduler.measure_cost(name, synthesizer.probe)
        except ShutdownError:
            return
        except SpeechError as error:
            _log.error("the cost of voice %s could not be measured, its streams are not limited: %s", name, error)

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(self._load_and_measure)
        except SpeechError as error:
            self._failure = str(error)
            _log.error("the voices cannot be loaded: %s", error)
        except Exception as error:  # noqa: BLE001 - /health reports it
            self._failure = f"loading the voices failed: {error}"
            _log.exception("loading the voices failed")
