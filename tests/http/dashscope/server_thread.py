"""A server in a thread of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import ClientSession, web

from server.config import Config
from server.http import create_app


@contextmanager
def serving_in_thread(registry: Any, config: Config) -> Iterator[str]:
    """Serves on a port that the system chooses; yields `HOST:PORT` once the voices are loaded."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = web.AppRunner(create_app(registry, config), handler_cancellation=True, shutdown_timeout=3)
    try:
        yield asyncio.run_coroutine_threadsafe(_start(runner), loop).result(60)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(runner: web.AppRunner) -> str:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with ClientSession() as session:
        while (await session.get(f"http://{host}:{port}/health")).status != 200:
            await asyncio.sleep(0.01)
    return f"{host}:{port}"
