"""A renderer whose parts can be held, counted and made to fail, a service with it, Redis, and the time of stores."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.atomic_file import open_atomic
from server.client import Client
from server.config import Config
from server.errors import RequestError
from server.jobs.celery.redis.connection import RedisConnection
from server.jobs.job import Job, JobResult, Part, PartContent, PartResult
from server.jobs.job_files import RESULT_NAME
from server.jobs.job_service import JobService
from server.jobs.request import JobRequest
from server.jobs.sqlite import changes, sqlite_store
from tests.jobs.redis_server import RedisServer

ANYBODY = Client()


class LineRenderer:
    """Each line is a part, and its "audio" is the line in capitals; a part and the result are files."""

    def __init__(self) -> None:
        self.computed: Counter[str] = Counter()
        self.errors: dict[str, list[Exception]] = {}
        """Line -> what its next attempts raise."""
        self.may_compute = asyncio.Event()
        self.may_compute.set()
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.order: list[str] = []
        self.noted = 0
        self.held: dict[str, asyncio.Event] = {}
        """Lines that wait for an event of their own instead of `may_compute`."""

    def split(self, client: Client, request: JobRequest, data: bytes | None) -> Sequence[PartContent]:
        text = (request.input or "\n".join(request.lines or ())) if data is None else data.decode()
        if "\0" in text:
            raise RequestError("line 1 has control characters", param="input", code="invalid_input")
        return [PartContent(line, len(line)) for line in text.splitlines()]

    async def compute(self, job: Job, part: Part, folder: Path, report: Callable[[int], None]) -> PartResult:
        text = part.content.text
        self.order.append(text)
        report(self.noted)
        self.begun.set()
        try:
            await self.held.get(text, self.may_compute).wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if self.errors.get(text):
            raise self.errors[text].pop(0)
        self.computed[text] += 1
        (folder / "parts").mkdir(exist_ok=True)
        with open_atomic(folder / "parts" / str(part.index)) as file:
            file.write(text.upper().encode())
        return PartResult(seconds=len(text) / 4)

    def join(self, job: Job, parts: Sequence[Part], folder: Path, is_cancelled: Callable[[], bool]) -> JobResult:
        content = b"\n".join((folder / "parts" / str(part.index)).read_bytes() for part in parts)
        self.computed["joined"] += 1
        with open_atomic(folder / RESULT_NAME) as file:
            file.write(content)
        seconds = sum(part.result.seconds for part in parts)
        return JobResult(
            f"{job.name or 'speech'}.txt", "text/plain", len(content), hashlib.sha256(content).hexdigest(), seconds
        )


async def ready() -> None:
    """The voices are."""


@pytest.fixture
async def renderer():
    return LineRenderer()


@pytest.fixture
def open_service(tmp_path, renderer):
    """`async with open_service(**keys of the section jobs) as service`: jobs in a folder that outlives the service."""

    @asynccontextmanager
    async def opened(*, workers: int = 2, **jobs: object):
        config = Config.model_validate({"jobs": jobs, "storage": {"path": str(tmp_path / "data")}})
        service = JobService.embedded(config, renderer, workers)
        service.start(ready)
        try:
            yield service
        finally:
            await service.close()

    return opened


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def clock(monkeypatch):
    """The time of both stores, which stands still unless a test moves it."""

    class Clock:
        now = 1_000_000.0
        set_by = 0.0
        """What the time of the day was set forward by, besides."""

        def time(self) -> float:
            return self.now + self.set_by

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(changes, "time", clock)
    monkeypatch.setattr(sqlite_store, "time", clock)
    monkeypatch.setattr(RedisConnection, "now", lambda self: clock.time())
    return clock


async def submit(service: JobService, text: str, client: Client = ANYBODY, key: str = "", **fields: object) -> Job:
    request = JobRequest.model_validate({"input": text, **fields})
    parts = await service.split(client, request)
    job, _ = await service.create(client, request, parts, key)
    return job


async def ended(service: JobService, job: Job) -> Job:
    """The job when it has ended."""
    while True:
        found = await service.get(Client(name=job.client), job.id)
        assert found
        if found.is_final:
            return found
        await service.wait_for_change(0.05)
