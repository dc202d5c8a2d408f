"""A server in its own process, started as `python -m server serve`."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from bench.load.free_port import free_port
from bench.voices.engine import EngineSettings
from bench.voices.voice import BenchmarkVoice
from server.config.keys import PREFIX

_ROOT = Path(__file__).parents[2]
_STARTUP_TIMEOUT = 300.0
"""Seconds in which a server must load its voice."""
_SHUTDOWN_TIMEOUT = 15.0
"""Seconds after which a server is killed."""


class ServerProcessError(Exception):
    """The server did not start, or its response is not as expected."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running server."""

    url: str
    pid: int

    def health(self) -> dict[str, Any]:
        """Returns the response of GET /health, also while the server is not ready.

        Raises `OSError` if there is no response.
        """
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=10) as response:  # noqa: S310 - always http
                content: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            content = json.load(error)
        return content

    def metric(self, name: str) -> float:
        """Returns the sum of the samples of a metric."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=60) as response:  # noqa: S310 - always http
            text = response.read().decode()
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return sum(sample.value for sample in samples if sample.name == name)


@contextmanager
def running_server(
    voice: BenchmarkVoice, settings: EngineSettings, sections: Mapping[str, Any] = {}
) -> Iterator[ServerProcess]:
    """Serves one voice on a free local port until the block ends. Raises `ServerProcessError`.

    `sections` are further ones of its configuration.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, voice.isolated() as models:
        config, log = Path(folder) / "config.yaml", Path(folder) / "log"
        port = free_port()
        config.write_text(yaml.safe_dump({**_server_config(settings, models, port), **sections}), encoding="utf-8")
        command = [sys.executable, "-m", "server", "serve", "--config", str(config)]
        # Only the file configures a server that is measured.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        with log.open("wb") as output:
            # S603: this Python and a generated file
            process = subprocess.Popen(  # noqa: S603
                command, cwd=_ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            server = ServerProcess(f"http://127.0.0.1:{port}", process.pid)
            _wait_until_ready(server, process, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(_SHUTDOWN_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _server_config(settings: EngineSettings, models: Path, port: int) -> dict[str, Any]:
    runtime = settings.config(models).runtime.model_dump(mode="json", exclude_unset=True)
    return {"server": {"host": "127.0.0.1", "port": port}, "models": {"path": str(models)}, "runtime": runtime}


def _wait_until_ready(server: ServerProcess, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _STARTUP_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerProcessError(f"the server exited with {process.returncode} during startup:\n{_tail(log)}")
        with suppress(OSError, ValueError):
            health = server.health()
            if health.get("status") == "ready":
                return
            if health.get("status") == "failed":
                raise ServerProcessError(f"the server has no usable voice: {health.get('reason')}")
        time.sleep(0.1)
    raise ServerProcessError(f"the server was not ready after {_STARTUP_TIMEOUT:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
