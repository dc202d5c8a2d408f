"""Serves the application until it is told to stop, and lets running streams end."""

import asyncio
import logging
from typing import Any

from aiohttp import web

from server.config import LimitsSection, ServerSection
from server.errors import ConfigurationError, WorkerError
from server.http.connections.client_connection import ClientConnection
from server.http.connections.open_connections import OpenConnections
from server.http.connections.stop_signals import StopSignals
from server.http.startup import Startup
from server.scheduling.async_streams import ActiveStreams
from server.scheduling.scheduler import Scheduler

_log = logging.getLogger(__name__)

_BACKLOG = 128
_SHUTDOWN_SECONDS = 3.0
"""Maximum delay of the end by handlers of streams that were cut off."""


class Serving:
    """An application that listens, from its start to its end."""

    def __init__(
        self,
        app: web.Application,
        startup: Startup,
        scheduler: Scheduler,
        streams: ActiveStreams,
        connections: OpenConnections,
        connection_options: dict[str, Any],
    ) -> None:
        self._app = app
        self._startup = startup
        self._scheduler = scheduler
        self._streams = streams
        self._connections = connections
        self._options = connection_options
        self._failed = False

    async def run(self, address: ServerSection) -> None:
        """Serves until a signal comes.

        Raises `ConfigurationError` when the address cannot be listened on, `WorkerError` when the workers fail so often
        that the process has to be started again.
        """
        signals = StopSignals()
        # Without handler_cancellation, a client that disconnects is noticed only at the next write.
        runner = web.AppRunner(self._app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)
        with signals.handled():
            await runner.setup()
            try:
                self._fail_with_workers(signals)
                listening = await self._listen(runner, address)
                _log.info("listening on %s", ", ".join(_urls(listening)))
                await signals.first.wait()
                await self._drain(signals)
                listening.close()
            finally:
                await runner.cleanup()
        if self._failed:
            raise WorkerError("the workers have failed too often; the log has the reasons")

    async def _listen(self, runner: web.AppRunner, address: ServerSection) -> asyncio.Server:
        loop, manager = asyncio.get_running_loop(), runner.server
        assert manager is not None

        def connection() -> ClientConnection:
            return ClientConnection(manager, self._connections, loop=loop, **self._options)

        try:
            return await loop.create_server(connection, address.host, address.port, backlog=_BACKLOG)
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {address.host} port {address.port}: {error.strerror or error}; "
                "choose another server.host or server.port"
            ) from error

    def _fail_with_workers(self, signals: StopSignals) -> None:
        loop = asyncio.get_running_loop()

        def fail() -> None:
            self._failed = True
            signals.first.set()
            signals.second.set()

        def fail_in_loop() -> None:
            loop.call_soon_threadsafe(fail)

        self._scheduler.on_exhaustion = fail_in_loop

    async def _drain(self, signals: StopSignals) -> None:
        """Lets running streams end. Meanwhile the server answers, to say that it is not ready."""
        self._startup.draining = True
        limits = self._connections.limits
        end = asyncio.get_running_loop().time() + limits.drain_seconds
        if streams := len(self._streams):
            _log.info(
                "stopping: %d streams may end within %g s, a second signal ends them", streams, limits.drain_seconds
            )
        draining = asyncio.create_task(self._flushed(limits, end))
        interrupted = asyncio.create_task(signals.second.wait())
        await asyncio.wait((draining, interrupted), return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, interrupted):
            task.cancel()
        await asyncio.gather(draining, interrupted, return_exceptions=True)

    async def _flushed(self, limits: LimitsSection, end: float) -> None:
        if not await self._streams.drain(limits.drain_seconds):
            _log.warning("%d streams are cut off after %g s", len(self._streams), limits.drain_seconds)
        await self._connections.flush(end - asyncio.get_running_loop().time())


def _urls(listening: asyncio.Server) -> list[str]:
    addresses = [socket.getsockname()[:2] for socket in listening.sockets]
    return [f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}" for host, port in addresses]
