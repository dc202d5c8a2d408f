"""A real server in a process of its own, as `python -m server serve` starts it."""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.voices.voices import Engine, Subject, alone

_ROOT = Path(__file__).parents[2]
_PATIENCE = 300.0
"""Seconds that a server may take to load its voice."""
_LEAVE = 15.0
"""Seconds that it may take to end."""


class ServiceError(Exception):
    """The server did not start, or does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Service:
    """A server that is ready to speak."""

    url: str
    pid: int

    def health(self) -> dict[str, Any]:
        """What GET /health says, also while it is not ready. Raises `OSError` when nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=10) as answer:
                content: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            content = json.load(error)
        return content


@contextmanager
def service(subject: Subject, engine: Engine) -> Iterator[Service]:
    """Serves one voice on a free port of this machine, and ends with the block. Raises `ServiceError`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, alone(subject) as models:
        config, log = Path(folder) / "config.yaml", Path(folder) / "log"
        port = _free_port()
        config.write_text(yaml.safe_dump(_settings(engine, models, port)), encoding="utf-8")
        command = [sys.executable, "-m", "server", "serve", "--config", str(config)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=_ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            there = Service(f"http://127.0.0.1:{port}", process.pid)
            _wait(there, process, log)
            yield there
        finally:
            process.terminate()
            try:
                process.wait(_LEAVE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _settings(engine: Engine, models: Path, port: int) -> dict[str, Any]:
    runtime = engine.config(models).runtime.model_dump(mode="json", exclude_unset=True)
    return {"server": {"host": "127.0.0.1", "port": port}, "models": {"path": str(models)}, "runtime": runtime}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(there: Service, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ServiceError(f"the server ended with {process.returncode} at its start:\n{_tail(log)}")
        with suppress(OSError, ValueError):
            health = there.health()
            if health.get("status") == "ready":
                return
            if health.get("status") == "failed":
                raise ServiceError(f"the server cannot speak: {health.get('reason')}")
        time.sleep(0.1)
    raise ServiceError(f"the server was not ready after {_PATIENCE:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
