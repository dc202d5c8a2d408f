"""Connections to the WebSocket of the server that the fixture `serving` starts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.http.dashscope.raw_client import PATH, RawClient, connected


@pytest.fixture
def connect() -> Callable[[Any], AbstractAsyncContextManager[RawClient]]:
    """`async with connect(client) as raw` connects to the server of aiohttp's test client."""
    return lambda client: connected(client.session, str(client.make_url(PATH)))


@pytest.fixture
async def time_passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], Awaitable[None]]:
    """`await time_passes(seconds)`: for the timers of the event loop. So a limit can be long and yet be reached."""
    loop, passed = asyncio.get_running_loop(), 0.0
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + passed)

    async def passes(seconds: float) -> None:
        nonlocal passed
        passed += seconds
        await asyncio.sleep(0.01)  # the timers that are due now come first

    return passes
