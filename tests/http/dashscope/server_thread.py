"""A server in a thread of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import ClientSession, web

from server.config import Config
from server.http import create_app


@contextmanager
def serving_in_thread(registry: Any, config: Config) -> Iterator[str]:
    """Serves on a port that the system chooses; yields `HOST:PORT` once the voices are loaded."""
    started, stopped = threading.Event(), threading.Event()
    address = ""
    failure: list[BaseException] = []
    stop: Callable[[], None] = lambda: None

    async def serve() -> None:
        nonlocal address, stop
        app = create_app(registry, config)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=3)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            address = f"{host}:{port}"
            loop, stopping = asyncio.get_running_loop(), asyncio.Event()
            stop = lambda: loop.call_soon_threadsafe(stopping.set)
            async with ClientSession() as session:
                while (await session.get(f"http://{address}/health")).status != 200:
                    await asyncio.sleep(0.01)
            started.set()
            await stopping.wait()
        finally:
            await runner.cleanup()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001
            failure.append(error)
        finally:
            started.set()
            stopped.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(60)
    try:
        if failure:
            raise failure[0]
        yield address
    finally:
        stop()
        thread.join(30)
    if failure:
        raise failure[0]
