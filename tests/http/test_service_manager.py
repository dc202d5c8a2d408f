"""Messages to systemd: of a real process, on a real datagram socket, with a worker that is blocked."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web

from bench.load.free_port import free_port
from server.http.operations.service_manager import NotifySocket, ServiceManager
from server.http.startup import Startup
from server.scheduling.scheduler import Scheduler

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "sambert-server.service"
TIMEOUT = 60
"""Seconds until a message that must come is given up."""
WATCHDOG = 0.4
"""Seconds."""

PROGRAM = """
import signal, sys, threading
from pathlib import Path
from aiohttp import web
from server.config import Config
from server.http import create_app
from tests.http.conftest import CountingSynthesizer, FakeRegistry, write_voice

folder, port = Path(sys.argv[1]), int(sys.argv[2])
demo = CountingSynthesizer(write_voice(folder / "demo", "demo"))
demo.permits = threading.Semaphore(0)
signal.signal(signal.SIGUSR1, lambda *_: demo.permits.release(1000))
config = Config.model_validate({"storage": {"path": str(folder / "data")}})
web.run_app(create_app(FakeRegistry({"demo": demo}), config), host="127.0.0.1", port=port, print=None)
"""


class Messages:
    """The socket of a service manager."""

    def __init__(self, path: Path, *, abstract: bool = False) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(TIMEOUT)
        self.address = f"@sambert-test-{os.getpid()}" if abstract else str(path)
        self._socket.bind(self.address.replace("@", "\0", 1) if abstract else self.address)

    def next(self) -> list[str]:
        return self._socket.recv(4096).decode().split("\n")

    def until(self, assignment: str) -> list[list[str]]:
        """The messages up to the first one with the assignment."""
        messages = [self.next()]
        while assignment not in messages[-1]:
            messages.append(self.next())
        return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def messages(tmp_path: Path) -> Iterator[Messages]:
    made = Messages(tmp_path / "notify")
    yield made
    made.close()


@contextmanager
def asking_for_speech(url: str) -> Iterator[None]:
    """Sends a request, and waits for no answer."""
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps({"input": "你好"}).encode()
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        yield


@contextmanager
def running(folder: Path, messages: Messages, **environment: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, str(folder), str(port)]
    variables = {**os.environ, "NOTIFY_SOCKET": messages.address, **environment}
    with subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def test_a_process_tells_its_start_its_pings_a_blocked_worker_and_its_end(tmp_path, messages):
    with running(tmp_path, messages, WATCHDOG_USEC=str(round(WATCHDOG * 1e6))) as (process, url):
        before = messages.until("READY=1")
        assert "STATUS=ready" in before[-1]
        messages.until("WATCHDOG=1")

        with asking_for_speech(url):
            blocked = messages.until("STATUS=stuck: a worker does not move any more")[-1]
            assert "WATCHDOG=1" not in blocked
            process.send_signal(signal.SIGUSR1)  # from here on the worker moves
            silent = messages.until("STATUS=ready")
            assert [each for each in silent[:-1] if "WATCHDOG=1" in each] == []
            assert "WATCHDOG=1" in silent[-1]

        process.send_signal(signal.SIGTERM)
        messages.until("STOPPING=1")
        assert process.wait(TIMEOUT) == 0


def test_a_watchdog_of_another_process_gets_no_pings(tmp_path, messages):
    with running(tmp_path, messages, WATCHDOG_USEC="400000", WATCHDOG_PID="1") as (process, _):
        told = messages.until("READY=1")
        process.send_signal(signal.SIGTERM)
        told += messages.until("STOPPING=1")
    assert not [each for each in told if "WATCHDOG=1" in each]


async def test_while_voices_load_the_time_of_the_start_is_extended(registry, messages):
    registry.may_load.clear()
    startup, scheduler = Startup(registry, Scheduler()), Scheduler()
    manager = ServiceManager.from_environment(startup, scheduler, {"NOTIFY_SOCKET": messages.address})
    running = manager.run(web.Application())
    await anext(running)
    told = await asyncio.to_thread(messages.next)
    assert told == ["STATUS=loading: the voices are still loading", "EXTEND_TIMEOUT_USEC=30000000"]
    registry.may_load.set()
    with suppress(StopAsyncIteration):
        await anext(running)


@pytest.mark.parametrize(("reason", "told"), [("no voice\nREADY=1", "STATUS=failed: no voice READY=1")])
def test_a_reason_cannot_become_an_assignment(messages, reason, told):
    startup = SimpleNamespace(state="failed", reason=reason)
    manager = ServiceManager(NotifySocket(messages.address), None, startup, Scheduler())
    manager.notify.send(*manager._news())
    assert messages.next() == [told]


def test_the_stop_is_told_when_it_begins(messages):
    startup = SimpleNamespace(state="draining", reason="the server is stopping")
    manager = ServiceManager(NotifySocket(messages.address), None, startup, Scheduler())
    assert manager._news() == ["STATUS=draining: the server is stopping", "STOPPING=1"]


def test_a_reload_is_told_with_its_time(messages):
    manager = ServiceManager(
        NotifySocket(messages.address), None, SimpleNamespace(state="ready", reason=None), Scheduler()
    )
    manager.reloading()  # not told before the server is ready
    manager.reloaded()
    manager.notify.send(*manager._news())
    assert messages.next() == ["STATUS=ready", "READY=1"]
    manager.reloading()
    first, second = messages.next()
    assert first == "RELOADING=1"
    assert re.fullmatch(r"MONOTONIC_USEC=\d+", second)
    manager.reloaded()
    assert messages.next() == ["READY=1"]


def fill(messages: Messages) -> int:
    """Sends messages until the socket takes no more; returns their number."""
    count = 0
    with suppress(BlockingIOError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as others:
        others.setblocking(False)
        while True:
            others.sendto(b"X=1", messages.address)
            count += 1
    return count


def test_what_finds_the_socket_full_is_told_again(messages):
    startup = SimpleNamespace(state="ready", reason=None)
    manager = ServiceManager(NotifySocket(messages.address), None, startup, Scheduler())
    sent = fill(messages)
    manager._tell()
    assert [messages.next() for _ in range(sent)] == [["X=1"]] * sent
    manager._tell()
    manager._tell()  # nothing: it is told now
    sent = fill(messages) + 1
    manager.reloaded()
    assert [messages.next() for _ in range(sent)] == [["STATUS=ready", "READY=1"], *[["X=1"]] * (sent - 1)]
    manager._tell()
    assert messages.next() == ["READY=1"]


def test_an_abstract_socket_is_understood(tmp_path):
    messages = Messages(tmp_path, abstract=True)
    NotifySocket(messages.address).send("READY=1")
    assert messages.next() == ["READY=1"]
    messages.close()


def test_a_socket_that_is_gone_is_reported_once(tmp_path, caplog):
    notify = NotifySocket(str(tmp_path / "absent"))
    notify.send("READY=1")
    notify.send("READY=1")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "NOTIFY_SOCKET" in caplog.text


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}])
def test_nothing_is_sent_without_a_service_manager(environment):
    assert ServiceManager.from_environment(None, None, environment) is None


@pytest.mark.parametrize("microseconds", ["", "0", "-1", "soon"])
def test_a_time_that_cannot_be_read_is_no_watchdog(messages, microseconds):
    environment = {"NOTIFY_SOCKET": messages.address, "WATCHDOG_USEC": microseconds}
    manager = ServiceManager.from_environment(None, None, environment)
    assert manager.watchdog is None


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_reads_the_unit():
    checked = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True)
    problems = [line for line in checked.stderr.splitlines() if "is not executable" not in line]
    assert problems == []


def test_the_unit_has_a_watchdog_and_is_told_when_it_is_ready():
    settings = dict(line.split("=", 1) for line in UNIT.read_text("utf-8").splitlines() if re.match(r"\w+=", line))
    assert settings["Type"] == "notify"
    assert int(settings["WatchdogSec"]) > 0
    assert (settings["NoNewPrivileges"], settings["ProtectSystem"]) == ("yes", "strict")
