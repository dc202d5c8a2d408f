"""Wakes those who wait for a change of a job."""

import asyncio


class Changes:
    """Something has changed in the store. For one event loop."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def notify(self) -> None:
        """Wakes all who wait."""
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Returns after the next change, or some seconds: another process may have changed the store."""
        try:
            async with asyncio.timeout(seconds):
                await self._next.wait()
        except TimeoutError:
            return
