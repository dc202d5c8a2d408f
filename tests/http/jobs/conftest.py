"""The routes of jobs on a real socket, over the renderer of lines."""

from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.config import Config
from server.http.access.access_control import AccessControl
from server.http.errors import error_middleware
from server.http.jobs.objects import PATH
from server.http.jobs.routes import JobsRoutes
from server.jobs.job_service import JobService
from tests.jobs.conftest import LineRenderer, ready


@pytest.fixture
async def renderer():
    return LineRenderer()


@pytest.fixture
def serving_jobs(tmp_path, renderer):
    """`async with serving_jobs(**keys of the section jobs) as client`."""

    @asynccontextmanager
    async def start(*, workers: int = 1, keys: tuple[dict, ...] = (), stall_limit: float | None = None, **jobs: object):
        sections = {"jobs": jobs, "access": {"keys": list(keys)}, "storage": {"path": str(tmp_path / "data")}}
        config = Config.model_validate(sections)
        service = JobService.embedded(config, renderer, workers)
        app = web.Application(middlewares=[error_middleware, AccessControl(config).middleware])
        JobsRoutes(service, lambda: None, lambda: stall_limit).add_to(app.router)
        service.start(ready)
        try:
            async with TestClient(TestServer(app)) as client:
                client.service = service
                yield client
        finally:
            await service.close()

    return start


async def created(client: TestClient, text: str, **fields: object) -> str:
    """The id of a new job."""
    response = await client.post(PATH, json={"input": text, **fields})
    assert response.status == 202, await response.text()
    return (await response.json())["id"]


async def ended(client: TestClient, job_id: str) -> dict:
    """The job when it has ended: its events have."""
    async with client.get(f"{PATH}/{job_id}/events") as response:
        await response.read()
    return await (await client.get(f"{PATH}/{job_id}")).json()


async def error_of(response) -> tuple[int, str, str | None]:
    error = (await response.json())["error"]
    return response.status, error["code"], error["param"]
