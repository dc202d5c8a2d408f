"""The routes below /v1/audio/jobs."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

from aiohttp import web

from server.errors import RequestError, UnknownJobError
from server.http.client import CALLER, charge, client_of
from server.http.jobs.body import read_job
from server.http.jobs.events import send_events
from server.http.jobs.job_references import JobReferences
from server.http.jobs.objects import PATH, JobDeleted, JobList, JobObject
from server.http.jobs.result import result_response
from server.http.response_model import model_response
from server.http.speech.request import max_bytes
from server.jobs.job import Job, JobState
from server.jobs.job_service import JobService

MAX_PAGE, PAGE = 100, 20
"""Jobs."""
KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_NO_STORE = {"Cache-Control": "no-store"}

STATES: tuple[JobState, ...] = get_args(JobState)


class JobsRoutes:
    """Jobs of clients: each sees its own."""

    def __init__(
        self,
        service: JobService,
        require_ready: Callable[[], None],
        stall_limit: Callable[[], float | None] = lambda: None,
        references: JobReferences | None = None,
    ) -> None:
        """`stall_limit`: seconds after which a client that does not read its events is cut off; None: never."""
        self._references = references
        self._service = service
        self._require_ready = require_ready
        self._stall_limit = stall_limit

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds the routes."""
        router.add_post(PATH, self.create)
        router.add_get(PATH, self.list, allow_head=False)
        router.add_get(PATH + "/{id}", self.get, allow_head=False)
        router.add_delete(PATH + "/{id}", self.delete)
        router.add_get(PATH + "/{id}/events", self.events, allow_head=False)
        router.add_get(PATH + "/{id}/result", self.result)

    async def create(self, request: web.Request) -> web.Response:
        """Makes a job. 202, or 200 where the idempotency key names an older one."""
        self._require_ready()
        client, key = client_of(request), _idempotency_key(request)
        body = await read_job(request, max_bytes(self._service.max_characters))
        if self._references:
            body = replace(body, request=await self._references.settled(client, body.request))
        parts = await self._service.split(client, body.request, body.data)
        charge(request, sum(part.characters for part in parts))
        job, is_new = await self._service.create(client, body.request, parts, key)
        if not is_new:
            request[CALLER].refund()  # the older one was charged
        headers = {**_NO_STORE, "Location": f"{PATH}/{job.id}"}
        return model_response(await self._object(job), 202 if is_new else 200, headers)

    async def list(self, request: web.Request) -> web.Response:
        """The client's jobs, the newest first."""
        limit, after, state = _page(request)
        page = await self._service.list(client_of(request), limit=limit, after=after, state=state)
        jobs = await asyncio.gather(*(self._object(job) for job in page.jobs))
        return model_response(JobList(data=tuple(jobs), has_more=page.has_more), headers=_NO_STORE)

    async def get(self, request: web.Request) -> web.Response:
        """One job."""
        return model_response(await self._object(await self._job(request)), headers=_NO_STORE)

    async def delete(self, request: web.Request) -> web.Response:
        """Cancels a job; forgets one that has ended."""
        job = await self._job(request)
        left = await self._service.cancel(job)
        state = left.state if left else job.state
        return model_response(JobDeleted(id=job.id, deleted=left is None, state=state), headers=_NO_STORE)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Its changes as they happen."""
        return await send_events(request, self._service, await self._job(request), self._stall_limit())

    async def result(self, request: web.Request) -> web.StreamResponse:
        """Its file."""
        job = await self._job(request)
        return result_response(request, job, await self._service.result(job))

    async def _object(self, job: Job) -> JobObject:
        return JobObject.of(job, await self._service.expected_end(job))

    async def _job(self, request: web.Request) -> Job:
        """The job of the path. Raises 404 for those of others too."""
        job_id = request.match_info["id"]
        job = await self._service.get(client_of(request), job_id)
        if job is None:
            raise UnknownJobError(job_id[:100])
        return job


def _idempotency_key(request: web.Request) -> str:
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise RequestError(f"{KEY_HEADER} must be 1 to 200 visible ASCII characters", param=KEY_HEADER)
    return key


def _page(request: web.Request) -> tuple[int, str, JobState | None]:
    """The values of `limit`, `after` and `state`."""
    if unknown := set(request.query) - {"limit", "after", "state"}:
        name = min(unknown)
        raise RequestError(f"{name} is not valid here; valid: limit, after, state", param=name, code="unknown_field")
    limit, state = request.query.get("limit", str(PAGE)), request.query.get("state")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MAX_PAGE):
        raise RequestError(f"limit must be a whole number from 1 to {MAX_PAGE}, not {limit[:20]!r}", param="limit")
    if state is not None and state not in STATES:
        raise RequestError(f"state must be one of {', '.join(STATES)}, not {state[:20]!r}", param="state")
    return int(limit), request.query.get("after", ""), state
