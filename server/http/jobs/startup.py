"""The start of jobs, together with that of the server."""

import asyncio
from collections.abc import AsyncIterator

from server.http.startup import Startup
from server.jobs.job_service import JobService

_LOOK_SECONDS = 0.2


async def running_jobs(jobs: JobService, startup: Startup) -> AsyncIterator[None]:
    """For `app.cleanup_ctx`: jobs are computed as soon as the voices are ready."""

    async def until_ready() -> None:
        while startup.state != "ready":  # noqa: ASYNC110  what changes it need not know who waits
            await asyncio.sleep(_LOOK_SECONDS)

    jobs.start(until_ready)
    yield
    await jobs.close()
