"""SIGHUP on a real server: changes are applied as a whole, or not at all."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.config import Config, ConfigSources, Reconfiguration
from server.errors import ConfigurationError
from server.http.reload import ConfigReload
from tests.conftest import EMBEDDED

REPOSITORY = EMBEDDED.parents[1]
ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1"}

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system has no SIGHUP")

BASE = """\
server: {host: 127.0.0.1, port: 0}
scheduler: {workers: 1}
runtime: {providers: [cpu], threads: 1}
"""


class Server:
    """A server in a process of its own, with the embedded voice."""

    def __init__(self, folder: Path, text: str = "") -> None:
        self.config = folder / "config.yaml"
        self.write(text)
        models = str(folder / "models")
        command = [sys.executable, "-m", "server", "serve", "--config", str(self.config), "--models", models]
        (folder / "models").mkdir()
        (folder / "models" / "demo").symlink_to(EMBEDDED)
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._read = 0
        self._collecting = threading.Thread(target=self._collect)
        self._collecting.start()
        self.url = self.wait_for(r"(http://127\.0\.0\.1:\d+)").group(1)

    def write(self, text: str) -> None:
        self.config.write_text(BASE + text, encoding="utf-8")

    def _collect(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._lines.append("ENDED")
            self._changed.notify_all()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._collecting.join()
        assert self.process.stdout
        self.process.stdout.close()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first match in the output after the last one that was waited for."""
        with self._changed:
            while True:
                for number in range(self._read, len(self._lines)):
                    if found := re.search(pattern, self._lines[number]):
                        self._read = number + 1
                        return found
                    assert self._lines[number] != "ENDED", "".join(self._lines)
                assert self._changed.wait(120), "".join(self._lines)

    def hang_up(self, pattern: str) -> re.Match[str]:
        """Sends SIGHUP, and waits for a line."""
        self.process.send_signal(signal.SIGHUP)
        return self.wait_for(pattern)

    def post(self, **fields: Any) -> tuple[int, bytes, Any]:
        """Status, body and headers of a request for speech."""
        request = urllib.request.Request(
            f"{self.url}/v1/audio/speech",
            json.dumps({"response_format": "pcm", "seed": 1, **fields}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, response.read(), response.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    running: list[Server] = []

    def start(text: str = "") -> Server:
        running.append(Server(tmp_path, text))
        server = running[-1]
        while True:
            try:
                with urllib.request.urlopen(f"{server.url}/ready", timeout=60):
                    return server
            except urllib.error.HTTPError:
                server.process.poll()

    yield start
    for server in running:
        server.kill()


def test_a_running_server_takes_valid_changes_and_refuses_others_as_a_whole(serve) -> None:
    server = serve()
    _, short, headers = server.post(input="一二三四")
    assert "X-AIGC-Produce-ID" not in headers

    server.write("label: {enabled: true, producer: P}\n")
    assert server.hang_up(r"was reloaded.*changed: (.*)").group(1) == "label.enabled, label.producer"
    assert "X-AIGC-Produce-ID" in server.post(input="一二三四")[2]

    server.write("label: {enabled: true}\n")
    server.hang_up("not reloaded")
    server.wait_for(r"config\.yaml, line 4: label must be a section with a producer")
    assert "X-AIGC-Produce-ID" in server.post(input="一二三四")[2]

    server.write("label: [\n")
    server.hang_up("not reloaded")
    server.wait_for("is not valid YAML")

    server.config.unlink()
    server.hang_up("not reloaded")
    server.wait_for("does not exist")

    server.config.write_text(BASE.replace("workers: 1", "workers: 2"), encoding="utf-8")
    server.hang_up("not reloaded")
    server.wait_for(r"a change of scheduler\.workers needs a restart")
    assert "X-AIGC-Produce-ID" in server.post(input="一二三四")[2], "nothing of the file was applied"

    server.write("")
    assert server.hang_up(r"was reloaded.*changed: (.*)").group(1) == "label.enabled, label.producer"
    assert server.hang_up(r"was reloaded.*changed: (.*)").group(1) == "nothing"
    assert server.post(input="一二三四")[1] == short


def test_a_stream_keeps_the_configuration_that_it_began_with(serve) -> None:
    """While a client reads slowly, the label is switched on: its file has none, the next one has."""
    server = serve()
    text = "今天天气很好，我们去公园散步。" * 8
    _, whole, _ = server.post(input=text)
    request = urllib.request.Request(
        f"{server.url}/v1/audio/speech",
        json.dumps({"response_format": "pcm", "seed": 1, "input": text}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        begun = response.read(2000)
        server.write("label: {enabled: true, producer: P, audible: rhythm}\n")
        server.hang_up("was reloaded")
        assert begun + response.read() == whole
    assert "X-AIGC-Produce-ID" not in response.headers
    assert "X-AIGC-Produce-ID" in server.post(input="好。")[2]


def test_a_terminal_that_is_closed_ends_the_server(tmp_path: Path) -> None:
    """SIGHUP means that too; a server must not stay behind, invisible and with its port."""
    (tmp_path / "config.yaml").write_text(BASE, encoding="utf-8")
    terminal, slave = os.openpty()
    program = (
        "import os, signal, sys, fcntl, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL);"  # under nohup the tests, and so the server, would ignore it
        "os.execv(sys.executable, [sys.executable, '-m', 'server', 'serve', *sys.argv[1:]])"
    )
    options = ["--config", str(tmp_path / "config.yaml"), "--models", str(EMBEDDED.parent)]
    command = [sys.executable, "-c", program, *options]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=ENVIRONMENT, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while b"http://127.0.0.1" not in shown:
        shown += os.read(terminal, 4096)
    process.send_signal(signal.SIGHUP)
    while b"was reloaded" not in shown:
        shown += os.read(terminal, 4096)
    os.close(terminal)
    try:
        process.wait(120)
    finally:
        process.kill()
        process.wait()


class Component:
    """Takes configurations, and may fail."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.fails = False

    def reconfigure(self, config: Config) -> None:
        self.ports.append(config.server.port)
        if self.fails:
            raise RuntimeError

    def check(self, config: Config) -> None:
        if config.label.producer == "wrong":
            raise ConfigurationError("a wrong producer")


def labels(producer: str, **server: object) -> Config:
    return Config.model_validate({"label": {"producer": producer}, "server": server})


def test_everything_that_prevents_a_change_is_listed() -> None:
    component = Component()
    reconfiguration = Reconfiguration(labels("P"))
    reconfiguration.add(component.reconfigure, check=component.check)
    with pytest.raises(ConfigurationError) as caught:
        reconfiguration.check(labels("wrong", port=1, host="::1"))
    assert str(caught.value).splitlines() == [
        "a change of server.host needs a restart", "a change of server.port needs a restart", "a wrong producer",
    ]  # fmt: skip
    assert component.ports == []


def test_after_a_failure_every_component_has_the_old_configuration() -> None:
    first, second = Component(), Component()
    reconfiguration = Reconfiguration(labels("P", port=1))
    for component in (first, second):
        reconfiguration.add(component.reconfigure)
    second.fails = True
    with pytest.raises(RuntimeError):
        reconfiguration.apply(labels("P", port=2))
    assert first.ports == [2, 1]
    assert reconfiguration.config.server.port == 1


class Manager:
    """Notes what a service manager is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.done = asyncio.Event()

    def reloading(self) -> None:
        self.told.append("RELOADING=1")

    def reloaded(self) -> None:
        self.told.append("READY=1")
        self.done.set()


async def test_the_service_manager_is_told_and_signals_during_a_reload_are_one_more(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("label: {producer: P}", encoding="utf-8")
    effective = ConfigSources(path).read()
    reconfiguration, manager = Reconfiguration(effective.config), Manager()
    begun, may_end = threading.Event(), threading.Event()

    def check(config: Config) -> None:
        begun.set()
        may_end.wait(60)

    reconfiguration.add(lambda config: None, check=check)
    running = ConfigReload(reconfiguration, effective.sources, manager).run(web.Application())
    await anext(running)
    path.write_text("label: {producer: Q}", encoding="utf-8")
    os.kill(os.getpid(), signal.SIGHUP)
    assert await asyncio.to_thread(begun.wait, 60)
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGHUP)
    assert manager.told == ["RELOADING=1"]
    assert reconfiguration.config.label.producer == "P", "nothing is applied before all is checked"
    may_end.set()
    while len(manager.told) < 4:
        manager.done.clear()
        await manager.done.wait()
    await anext(running, None)
    assert manager.told == ["RELOADING=1", "READY=1"] * 2
    assert reconfiguration.config.label.producer == "Q"
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


async def test_a_failure_is_reported_and_the_next_reload_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("label: {producer: P}", encoding="utf-8")
    effective = ConfigSources(path).read()
    component = Component()
    reconfiguration = Reconfiguration(effective.config)
    reconfiguration.add(component.reconfigure, check=component.check)
    reload = ConfigReload(reconfiguration, effective.sources)
    path.write_text("label: {producer: wrong}", encoding="utf-8")
    await reload.reload()
    assert (reload.report.reloads, reload.report.failures, reload.report.error) == (0, 1, "a wrong producer")
    component.fails = True
    path.write_text("label: {producer: Q}", encoding="utf-8")
    await reload.reload()
    assert reload.report.failures == 2
    component.fails = False
    await reload.reload()
    assert (reload.report.reloads, reload.report.error) == (1, None)
    assert reconfiguration.config.label.producer == "Q"
