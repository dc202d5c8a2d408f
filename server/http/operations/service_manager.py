"""Tells a service manager (systemd) what the server does, and that it still moves: the protocol of sd_notify(3).

By hand: the protocol is a few lines in a datagram, and the packages for it are not maintained or need libsystemd.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from server.http.startup import Startup
from server.scheduling.scheduler import Scheduler

_log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two messages, at most; a quarter of the watchdog's time if that is less."""
_STOP_ATTEMPTS = 10
"""To tell the end, within `INTERVAL`, where the socket is full."""
EXTENSION = 30
"""Seconds for which each message of a server that loads voices extends the time of its start."""


@dataclass(slots=True)
class NotifySocket:
    """Sends messages to the service manager. One that cannot be sent is logged once; the server goes on."""

    address: str
    _has_failed: bool = field(default=False, init=False)

    def send(self, *assignments: str) -> bool:
        """Sends assignments such as `READY=1`. Returns whether they need not be sent again: the socket was not full."""
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(assignments).encode(), address)
        except BlockingIOError:
            return False
        except OSError as error:
            if not self._has_failed:
                _log.warning("the service manager cannot be told anything (NOTIFY_SOCKET): %s", error)
            self._has_failed = True
        return True


@dataclass(slots=True)
class ServiceManager:
    """Tells the state of the server. Of a watchdog, every ping says that the event loop and all workers move."""

    notify: NotifySocket
    watchdog: float | None
    """Seconds without a ping after which the service manager kills the process; None without a watchdog."""
    startup: Startup
    scheduler: Scheduler
    _status: str = ""
    _told_ready: bool = False

    @classmethod
    def from_environment(
        cls, startup: Startup, scheduler: Scheduler, environment: Mapping[str, str] = os.environ
    ) -> Self | None:
        """Follows NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. None where no service manager waits for messages."""
        address = environment.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return None
        is_watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "") if is_watched else ""
        watchdog = int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
        return cls(NotifySocket(address), watchdog, startup, scheduler)

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`: tells the state until the application has ended."""
        telling = asyncio.create_task(self._tell_on())
        yield
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling

    def reloading(self) -> None:
        """A new configuration is being read."""
        if self._told_ready:
            self.notify.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def reloaded(self) -> None:
        """The configuration has been read."""
        if self._told_ready:
            self._told_ready = self.notify.send("READY=1")

    async def stopping(self, app: web.Application) -> None:
        """For `app.on_shutdown`."""
        for _ in range(_STOP_ATTEMPTS):
            if self.notify.send("STOPPING=1", "STATUS=stopping"):
                return
            await asyncio.sleep(INTERVAL / _STOP_ATTEMPTS)

    async def _tell_on(self) -> None:
        interval = min(INTERVAL, self.watchdog / 4) if self.watchdog else INTERVAL
        while True:
            self._tell()
            await asyncio.sleep(interval)

    def _tell(self) -> None:
        """Sends the news. Those that find the socket full are news again: a manager that misses one would wait."""
        told = self._status, self._told_ready
        if (assignments := self._news()) and not self.notify.send(*assignments):
            self._status, self._told_ready = told

    def _news(self) -> list[str]:
        """What is to be told now."""
        state, reason = self.startup.state, self.startup.reason
        step = self.scheduler.load().longest_step
        is_stuck = self.watchdog is not None and step > self.watchdog / 2
        status = f"{state}: {reason}" if reason else str(state)
        news = self._new_status("stuck: a worker does not move any more" if is_stuck else status)
        if is_stuck:
            return news
        if state == "ready" and not self._told_ready:
            self._told_ready = True
            news.append("READY=1")
        if state == "draining":
            news.append("STOPPING=1")
        if state in ("loading", "warming"):
            news.append(f"EXTEND_TIMEOUT_USEC={EXTENSION * 1_000_000}")
        return [*news, "WATCHDOG=1"] if self.watchdog else news

    def _new_status(self, status: str) -> list[str]:
        if status == self._status:
            return []
        self._status = status
        if status.startswith("stuck"):
            _log.error(
                "a worker has been busy with one step for too long; the watchdog is no longer told that all is well"
            )
        return [f"STATUS={' '.join(status.split())}"]
