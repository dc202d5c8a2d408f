"""Real server processes, with a voice of the repository."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.load.free_port import free_port
from tests.conftest import EMBEDDED
from tests.synthesis.voice_copies import SMALL

ROOT = EMBEDDED.parents[1]


class Server:
    """`python -m server serve` with the small voice, in a folder of its own, with its log in a file."""

    def __init__(
        self, folder: Path, log: Path | None = None, environment: Mapping[str, str] = {}, **sections: Any
    ) -> None:
        self.folder = folder
        self.log_file = log or folder / "log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        voice = folder / "models" / SMALL.name
        if not voice.is_symlink():  # it is one where a server was killed before
            voice.parent.mkdir()
            voice.symlink_to(SMALL)
        content = {
            "server": {"host": "127.0.0.1", "port": self.port},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "models": {"path": str(voice.parent)},
            "storage": {"path": str(folder / "data")},
        }
        (folder / "config.yaml").write_text(yaml.safe_dump({**content, **sections}), encoding="utf-8")
        with self.log_file.open("ab") as output:
            command = [sys.executable, "-m", "server", "serve", "--config", str(folder / "config.yaml")]
            variables = {**os.environ, **environment}
            self.process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=output)

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", errors="replace")

    def when_ready(self) -> "Server":
        while self.status("/ready") != 200:
            assert self.process.poll() is None, self.log
            time.sleep(0.05)
        return self

    def when_logged(self, text: str) -> None:
        while text not in self.log:
            assert self.process.poll() is None, self.log
            time.sleep(0.05)

    def request(
        self, path: str, content: Any = None, method: str | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, bytes]:
        """The status and the body; `content` is sent as JSON, bytes as they are. Status 0: there is no answer."""
        data = content if isinstance(content, bytes | None) else json.dumps(content).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def status(self, path: str) -> int:
        return self.request(path)[0]

    def speak(self, text: str = "你好。", **fields: Any) -> bytes:
        status, audio = self.request("/v1/audio/speech", {"input": text, "response_format": "pcm", **fields})
        assert status == 200, audio
        return audio

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Sends a signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(120)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`start(limits={...})` starts a server in `tmp_path`, which is killed at the end of the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Server(options.pop("folder", tmp_path), **options))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of a module, which have to leave it working."""
    patient = {"header_seconds": 120.0, "body_seconds": 120.0}
    with Server(tmp_path_factory.mktemp("server"), limits=patient) as server:
        yield server.when_ready()
        assert server.process.poll() is None, server.log
        assert "Traceback" not in server.log


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """`mount(size="2m")` returns a folder on a file system of its own, in memory."""
    folders: list[Path] = []

    def mount_folder(options: str, folder: Path = tmp_path / "data") -> Path:
        folder.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this user may not mount")
        folders.append(folder)
        return folder

    yield mount_folder
    for folder in folders:
        subprocess.run(["umount", "-l", folder], capture_output=True)
