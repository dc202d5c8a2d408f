"""Reads the configuration again on SIGHUP, and gives it to the running components."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from server.config import Config, ConfigSources, Reconfiguration
from server.config.keys import Key
from server.errors import ConfigurationError
from server.http.operations.report_collector import Measure
from server.http.operations.service_manager import ServiceManager

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """How the configuration was read again."""

    reloads: int = 0
    """That succeeded."""
    failures: int = 0
    error: str | None = None
    """Of the last attempt; None if it succeeded."""
    applied_at: float = 0.0
    """Unix time of the configuration that is in force: of the start, or of the last reload that succeeded."""


RELOADS: tuple[Measure[ReloadReport], ...] = (
    Measure(
        "sambert_config_last_reload_successful",
        "Whether the last attempt to read the configuration again succeeded; 1 before the first one.",
        lambda report: report.error is None,
    ),
    Measure(
        "sambert_config_last_reload_success_timestamp_seconds",
        "When the configuration that is in force was read.",
        lambda report: report.applied_at,
    ),
    Measure(
        "sambert_config_reloads_total",
        "Attempts to read the configuration again.",
        lambda report: {"applied": report.reloads, "refused": report.failures},
        ("result",),
    ),
)


class ConfigReload:
    """Handles SIGHUP. What cannot be applied as a whole is not applied, and the running configuration stays."""

    def __init__(
        self, reconfiguration: Reconfiguration, sources: ConfigSources, manager: ServiceManager | None = None
    ) -> None:
        self._reconfiguration = reconfiguration
        self._sources = sources
        self._manager = manager
        self._wanted = asyncio.Event()
        self.report = ReloadReport(applied_at=time.time())

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`: handles the signal while the server runs, where the system has it."""
        hangup = getattr(signal, "SIGHUP", None)
        if hangup is None:
            yield
            return
        loop = asyncio.get_running_loop()
        in_terminal = _has_terminal() and signal.getsignal(hangup) is not signal.SIG_IGN  # nohup ignores it
        loop.add_signal_handler(hangup, self._hang_up, in_terminal)
        reloading = asyncio.create_task(self._reload_when_wanted())
        yield
        loop.remove_signal_handler(hangup)
        reloading.cancel()
        await asyncio.gather(reloading, return_exceptions=True)

    def _hang_up(self, in_terminal: bool) -> None:
        """SIGHUP also means that the terminal was closed: that ends a server which was started in it."""
        if in_terminal and not _has_terminal():
            signal.raise_signal(signal.SIGTERM)
        else:
            self._wanted.set()

    async def _reload_when_wanted(self) -> None:
        """One at a time; signals that come meanwhile are one more."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._manager:
                self._manager.reloading()
            await self.reload()
            if self._manager:
                self._manager.reloaded()

    async def reload(self) -> None:
        """Reads the configuration and applies it, or logs why it cannot be applied."""
        try:
            config = await asyncio.to_thread(self._read)
            changed = self._reconfiguration.apply(config)
        except ConfigurationError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - the server goes on with what it has
            _log.debug("the reload failed", exc_info=error)
            self._failed(f"{type(error).__name__}: {error}")
        else:
            self._succeeded(changed)

    def _read(self) -> Config:
        config = self._sources.read().config
        self._reconfiguration.check(config)
        return config

    def _succeeded(self, changed: Sequence[Key]) -> None:
        self.report = ReloadReport(self.report.reloads + 1, self.report.failures, None, time.time())
        _log.info("the configuration was reloaded; changed: %s", ", ".join(map(str, changed)) or "nothing")

    def _failed(self, problem: str) -> None:
        self.report = replace(self.report, failures=self.report.failures + 1, error=problem)
        _log.error("the configuration was not reloaded, the running one stays")
        for line in problem.splitlines():
            _log.error("%s", line)


def _has_terminal() -> bool:
    """Whether the process belongs to a terminal that is open."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
