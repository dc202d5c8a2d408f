"""Real processes: a server, Celery workers and Redis, killed in the middle of a job; each job ends once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from bench.load.free_port import free_port
from server.http.jobs.objects import PATH
from server.jobs.celery.redis.redis_store import RedisStore
from server.jobs.job import NewJob, Part, PartContent
from server.jobs.store import ClientLimits
from tests.conftest import EMBEDDED
from tests.jobs.redis_server import RedisServer, needs_redis

pytestmark = needs_redis

ROOT = Path(__file__).parents[3]
LINES = [f"第{number}句，你好。" for number in range(5)]
REQUEST = {"kind": "lines", "lines": LINES, "seed": 5, "response_format": "wav"}
LONG = {"input": "今天天气很好，我们一起去公园散步。\n" * 2000, "response_format": "wav"}


class Cluster:
    """A server, workers, and the Redis between them."""

    def __init__(self, folder: Path, redis: RedisServer, results: str) -> None:
        self.folder, self.redis, self.results = folder, redis, results
        self.port = free_port()
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.store = RedisStore(redis.url, 3)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "models").mkdir()
        (folder / "models" / "demo").symlink_to(EMBEDDED)

    def start(
        self, name: str, *, interrupted: tuple[int, int] | None = None, lease_seconds: float = 60, **sections: object
    ) -> None:
        """Starts the server, or a worker of that name.

        `interrupted`: in the middle of which part the process sends itself a signal, and that signal.
        """
        config = {
            **sections,
            "server": {"host": "127.0.0.1", "port": self.port},
            "models": {"path": str(self.folder / "models")},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "scheduler": {"workers": 1},
            "storage": {"path": str(self.folder / ("data" if self.results == "folder" else f"data of {name}"))},
            "queue": {"broker": self.redis.url, "results": self.results, "lease_seconds": lease_seconds},
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(config))
        program = ["tests.jobs.interrupted", *map(str, map(int, interrupted))] if interrupted else ["server"]
        command = ["serve"] if name == "server" else ["worker", "--concurrency", "1"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *program, *command, "--config", str(path)], cwd=ROOT, stdout=log, stderr=log
            )

    def stop(self, name: str) -> int:
        """Like a supervisor, which waits as long as it takes."""
        self.processes[name].terminate()
        return self.processes.pop(name).wait()

    def is_stopped(self, name: str) -> bool:
        """Whether the process has got SIGSTOP."""
        return psutil.Process(self.processes[name].pid).status() == psutil.STATUS_STOPPED

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Until the condition is true; fails with the logs where a process ended by itself."""
        while not condition():
            for name, process in self.processes.items():
                assert process.poll() in (None, -9), (self.folder / f"{name}.log").read_text()
            time.sleep(0.02)

    def is_live(self) -> bool:
        return self._answers("/health")

    def is_ready(self) -> bool:
        return self._answers("/ready")

    def _answers(self, path: str) -> bool:
        try:
            return self.client.get(path).status_code == 200
        except httpx2.TransportError:
            return False

    def submit(self, request: dict[str, object]) -> str:
        response = self.client.post(PATH, json=request)
        assert response.status_code == 202, response.text
        return response.json()["id"]

    def parts_done(self, job_id: str) -> list[Part]:
        return [part for part in self.store.parts(job_id) if part.state == "done"]

    def result(self, job_id: str) -> bytes:
        """The file of a job when it is done."""
        self.wait_for(lambda: self.store.get(job_id).is_final)
        job = self.store.get(job_id)
        assert job.state == "done", job.error
        assert [event.type for event in self.store.events(job_id)].count("job.done") == 1
        return self.client.get(f"{PATH}/{job_id}/result").content

    def close(self) -> None:
        self.client.close()
        self.store.close()
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Callable[[str], Cluster]]:
    """`cluster(results)` with a Redis of its own."""
    redis = RedisServer(tmp_path)
    opened: list[Cluster] = []

    def start(results: str) -> Cluster:
        opened.append(Cluster(tmp_path, redis, results))
        return opened[0]

    yield start
    opened[0].close()
    redis.kill()


def test_a_job_survives_kills_of_a_worker_of_redis_and_of_the_server(cluster):
    nodes = cluster("folder")
    nodes.start("server")
    nodes.start("one", interrupted=(2, signal.SIGKILL), lease_seconds=5)
    nodes.start("two", interrupted=(1, signal.SIGSTOP))
    nodes.wait_for(nodes.is_ready)
    job_id = nodes.submit(REQUEST)

    nodes.wait_for(lambda: nodes.is_stopped("two") and nodes.processes["one"].poll() is not None)
    done = nodes.parts_done(job_id)
    assert len(done) == 1
    nodes.redis.kill()
    refused = nodes.client.post(PATH, json=REQUEST)
    assert refused.status_code == 503
    assert "Redis at 127.0.0.1" in refused.json()["error"]["message"]
    nodes.redis.start()
    nodes.kill("server")
    assert nodes.parts_done(job_id) == done, "what was done is still known, and was not computed again"

    nodes.start("one")
    nodes.start("server")
    nodes.processes["two"].send_signal(signal.SIGCONT)
    nodes.wait_for(nodes.is_live)
    interrupted = nodes.result(job_id)
    assert nodes.store.get(job_id).attempts <= len(LINES) + 1 + 2  # the parts, the joining, and what was cut off
    nodes.wait_for(nodes.is_ready)
    assert interrupted == nodes.result(nodes.submit(REQUEST))
    assert not list((nodes.folder / "data" / "jobs").glob("*/parts/*"))


def test_a_cancelled_job_stops_and_results_go_through_redis(cluster):
    nodes = cluster("redis")
    nodes.start("server")
    nodes.start("one")
    nodes.wait_for(nodes.is_ready)
    cancelled = nodes.submit(LONG)
    nodes.wait_for(lambda: nodes.store.get(cancelled).state == "running")
    assert nodes.client.delete(f"{PATH}/{cancelled}").status_code == 200
    job_id = nodes.submit({**REQUEST, "lines": LINES[:2], "output": "file"})
    file = nodes.result(job_id)  # its worker is free again
    assert file[:4] == b"RIFF"
    assert nodes.store.get(cancelled).state == "cancelled"
    assert nodes.client.delete(f"{PATH}/{job_id}").status_code == 200
    assert nodes.client.get(f"{PATH}/{job_id}").status_code == 404
    nodes.wait_for(lambda: not nodes.store.connection.client.keys("sambert:file*"))


def test_a_worker_that_is_stopped_finishes_its_part_or_gives_it_back(cluster):
    """It needs no server for that."""
    nodes = cluster("folder")

    def create(*texts: str) -> str:
        parts = [PartContent(text, len(text)) for text in texts]
        job, _ = nodes.store.create(NewJob("", {"response_format": "wav"}, parts), ClientLimits(2, 10**6))
        return job.id

    def stop_while_computing(job_id: str, drain_seconds: float) -> None:
        attempts = nodes.store.get(job_id).attempts
        nodes.start("one", limits={"drain_seconds": drain_seconds})
        nodes.wait_for(lambda: nodes.store.get(job_id).attempts > attempts)
        assert nodes.stop("one") == 0

    short = create(*LINES * 40)
    stop_while_computing(short, drain_seconds=3600)
    assert nodes.store.get(short).attempts == len(nodes.parts_done(short)) > 0
    nodes.store.cancel(short)

    long = create("今天天气很好，我们一起去公园散步。\n" * 500)
    stop_while_computing(long, drain_seconds=0.1)
    assert nodes.store.get(long).attempts == 0
    assert [part.state for part in nodes.store.parts(long)] == ["queued"]

    nodes.start("one", limits={"drain_seconds": 0.1})
    nodes.wait_for(lambda: nodes.store.get(long).attempts)
    nodes.redis.kill()
    assert nodes.stop("one") == 0  # the lease ends by itself


def test_a_worker_needs_a_broker(tmp_path):
    ran = subprocess.run([sys.executable, "-m", "server", "worker"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: queue.broker is empty")


def test_celery_is_needed_only_where_it_is_configured(tmp_path):
    (tmp_path / "celery.py").write_text("raise ModuleNotFoundError('no', name='celery')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "server", "worker", "--set", "queue.broker=redis://127.0.0.1:1/0"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert ran.returncode == 1
    assert "celery is not installed; install it: pip install '.[celery]' in the project's folder" in ran.stderr


def test_a_server_without_a_broker_imports_neither_celery_nor_redis():
    program = (
        "import sys, server.http; from server.config import Config; from server.jobs.distribution import "
        "create_job_service; create_job_service(Config(), None, 1); "
        "print(sorted({'celery', 'kombu', 'redis', 'pysubs2'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
