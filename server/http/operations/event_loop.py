"""How late the event loop is: it sends all audio, so what blocks it delays every client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram

INTERVAL = 1.0
"""Seconds between two measurements."""
_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class EventLoopLag:
    """Measures how much later than asked for the loop calls back."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag = Histogram(
            "sambert_event_loop_lag_seconds",
            "Delay of a callback of the event loop, measured once a second.",
            buckets=_BUCKETS,
            registry=registry,
        )

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`."""
        measuring = asyncio.create_task(self._measure())
        yield
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + INTERVAL
            await asyncio.sleep(INTERVAL)
            self._lag.observe(max(0.0, loop.time() - due))
