"""Loads the voices while the server already answers, so that a long start looks like one and not like a failure."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal

from aiohttp import web

from server.errors import SpeechError
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

_log = logging.getLogger(__name__)

RETRY_AFTER = "2"
"""Seconds."""
TIDY_EVERY = 5.0
"""Seconds between two looks for voices that nobody uses."""


class Startup:
    """Whether the library can be asked yet, and if not, why."""

    def __init__(self, library: "VoiceRegistry", scheduler: Scheduler) -> None:
        self._library = library
        self._scheduler = scheduler
        self._rehearsed = False
        self._failure: str | None = None

    @property
    def state(self) -> Literal["loading", "ready", "failed"]:
        if self._failure:
            return "failed"
        return "loading" if self._library.state == "ready" and not self._rehearsed else self._library.state

    @property
    def reason(self) -> str | None:
        """Why the server cannot speak; None when it can."""
        match self.state:
            case "loading":
                return "the voices are still loading"
            case "failed" if self._failure:
                return self._failure
            case "failed":
                broken = "; ".join(f"{name}: {why}" for name, why in self._library.broken.items())
                return f"no voice can be used ({broken or 'there is none'})"
        return None

    def require(self) -> None:
        """Raises 503 with the reason unless the voices are loaded."""
        if self.reason:
            headers = {"Retry-After": RETRY_AFTER} if self.state == "loading" else None
            raise web.HTTPServiceUnavailable(text=f"not ready: {self.reason}", headers=headers)

    async def loading(self, app: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`: loads from the start of the server on, and is awaited at its end."""
        loading = asyncio.create_task(self._load())
        tidying = asyncio.create_task(self._tidy())
        yield
        tidying.cancel()
        await loading

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_EVERY)
            await asyncio.to_thread(self._library.unload_idle)

    def _prepare(self) -> None:
        """Loads the voices, then lets each speak to nobody, to learn how many streams this machine can serve."""
        self._library.load()
        for name, synthesizer in self._library.voices.items():
            self._scheduler.rehearse(name, synthesizer.rehearsal)
        self._rehearsed = True

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(self._prepare)
        except SpeechError as error:
            self._failure = str(error)
            _log.error("the voices cannot be loaded: %s", error)
        except Exception as error:
            self._failure = f"loading the voices failed: {error}"
            _log.exception("loading the voices failed")
