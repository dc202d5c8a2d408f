"""SIGTERM: a real server lets running streams end, refuses new ones, and cuts off what is left in a visible way."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.load.free_port import free_port
from tests.conftest import EMBEDDED

TEXT = "今天天气很好，我们一起去公园散步。" * 12
SIZE = 1_000_000
"""Bytes of the audio of the text, at least: more than the sockets hold."""


class Server:
    """A server process, whose streams have `drain_seconds` to end."""

    def __init__(self, folder: Path, drain_seconds: float) -> None:
        self.sockets: list[socket.socket] = []
        self.port = free_port()
        config = folder / "config.yaml"
        config.write_text(
            f"server: {{host: 127.0.0.1, port: {self.port}}}\nmodels: {{path: {EMBEDDED.parent}}}\n"
            f"limits: {{drain_seconds: {drain_seconds}}}\n",
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "server", "serve", "--config", str(config)]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        while self.ready() != 200:
            assert self.process.poll() is None, (folder / "log").read_text("utf-8")
            time.sleep(0.05)

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ready(self) -> int:
        try:
            return self.get("/ready")[0]
        except OSError:
            return 0

    def speak(self) -> http.client.HTTPResponse:
        """The beginning of an answer that is not read any further."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        self.sockets.append(connection.sock)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        body = json.dumps({"input": TEXT, "response_format": "wav"})
        connection.request("POST", "/v1/audio/speech", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read(10_000)
        return answer

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        while self.ready() == 200:
            time.sleep(0.01)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[float], Server]]:
    servers: list[Server] = []

    def start(drain_seconds: float) -> Server:
        servers.append(Server(tmp_path, drain_seconds))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait()
        for connection in server.sockets:
            connection.close()


def test_a_running_stream_ends_whole_and_a_new_one_is_refused(serve) -> None:
    server = serve(600)
    answer = server.speak()
    server.stop()
    status, body = server.get("/ready")
    assert (status, json.loads(body)["status"]) == (503, "draining")
    status, body = server.get("/v1/audio/speech?input=a")
    assert (status, json.loads(body)["error"]["code"]) == (503, "shutting_down")
    assert server.process.poll() is None
    assert len(answer.read()) > SIZE  # with its proper end: http.client raises IncompleteRead otherwise
    assert server.process.wait(60) == 0


@pytest.mark.parametrize(("drain_seconds", "signals"), [(0.5, 1), (600, 2)])
def test_what_is_left_after_the_time_or_a_second_signal_is_cut_off(serve, drain_seconds: float, signals: int) -> None:
    server = serve(drain_seconds)
    answer = server.speak()
    server.process.send_signal(signal.SIGTERM)
    if signals == 2:
        while server.ready() == 200:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0  # nothing is read before, else the stream might end in time
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()


def test_without_streams_the_server_ends_at_once(serve) -> None:
    server = serve(600)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60) == 0
