"""Jobs as a server offers them: made, listed, watched, cancelled; computed in this process."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self

from server.client import Client
from server.config import Config, JobsSection
from server.errors import JobLimitError, StoreError
from server.jobs.housekeeping import clean
from server.jobs.job import Job, JobEvent, JobsReport, JobState, NewJob, PartContent
from server.jobs.job_files import JobFiles, is_job_id
from server.jobs.quota import Quota
from server.jobs.renderer import Renderer
from server.jobs.request import JobRequest
from server.jobs.runner.changes import Changes
from server.jobs.runner.runner import Runner
from server.jobs.sqlite.sqlite_store import SqliteStore
from server.jobs.store import ClientLimits, JobStore, Page
from server.jobs.threads import in_thread
from server.jobs.webhooks.destination import require_destination
from server.jobs.webhooks.sender import WebhookSender

_log = logging.getLogger(__name__)

_CLEANING_SECONDS = 60.0


class JobService:
    """The jobs of one server. For one event loop."""

    def __init__(
        self,
        settings: JobsSection,
        renderer: Renderer,
        store: JobStore,
        files: JobFiles,
        quota: Quota,
        changes: Changes,
        runner: Runner | None,
        dispatch: Callable[[], Coroutine[None, None, None]] | None = None,
    ) -> None:
        """Without a runner, other processes compute the jobs of the store; `dispatch` gives the work to them."""
        self._dispatch = dispatch
        self._settings = settings
        self._renderer = renderer
        self._store = store
        self._files = files
        self._changes = changes
        self._runner = runner
        self._quota = quota
        self._webhooks = WebhookSender(store, changes, lambda: self._settings)
        self._tasks: list[asyncio.Task[None]] = []
        self.is_closed = False
        """Whether the server is stopping: who waits for changes must end."""

    @classmethod
    def embedded(cls, config: Config, renderer: Renderer, workers: int) -> Self:
        """Jobs in SQLite below `storage.path`, computed in this process.

        `workers`: the parts that are computed at a time where the configuration does not say it.
        """
        settings, folder = config.jobs, config.storage.path
        files, changes = JobFiles(folder / "jobs"), Changes()
        store = SqliteStore(folder / "jobs.sqlite", settings.max_attempts)
        quota = Quota(files, settings.quota_mb)
        runner = Runner(store, renderer, files, quota, changes, settings.concurrency or workers)
        return cls(settings, renderer, store, files, quota, changes, runner)

    def start(self, until_ready: Callable[[], Awaitable[None]]) -> None:
        """Begins to compute the jobs of the store, once the voices are ready."""
        loops = [self._webhooks.run(), self._clean()]
        if self._runner:
            loops.append(_after(until_ready, self._runner))
        if self._dispatch:
            loops.append(self._dispatch())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def close(self) -> None:
        """Ends the computing: the parts in progress are given back, and go on after the next start."""
        self.is_closed = True
        self._changes.notify()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await in_thread(self._store.close)

    def reconfigure(self, config: Config) -> None:
        """Takes the limits and the webhooks of a new configuration."""
        self._settings = config.jobs
        self._quota.megabytes = config.jobs.quota_mb
        self._store.max_attempts = config.jobs.max_attempts

    async def split(self, client: Client, request: JobRequest, data: bytes | None = None) -> Sequence[PartContent]:
        """The parts of a request; `data` is an uploaded file in place of its `input`. Keeps nothing.

        Raises `RequestError`, and `StoreError` where the disk has no place for more.
        """
        settings = self._settings
        if not settings.client_jobs:
            raise JobLimitError("this server takes no jobs (jobs.client_jobs in config.yaml is 0)")
        if request.webhook:
            require_destination(request.webhook, settings.webhook_hosts)
        await in_thread(self._quota.require)
        return await in_thread(self._renderer.split, client, request, data)

    async def create(
        self, client: Client, request: JobRequest, parts: Sequence[PartContent], idempotency_key: str = ""
    ) -> tuple[Job, bool]:
        """Keeps a new job; the second value is False where the idempotency key names an older one.

        Raises `JobLimitError`, `JobConflictError`, and `StoreError` where jobs cannot be kept.
        """
        limits = ClientLimits(self._settings.client_jobs, self._settings.client_characters)

        def create() -> tuple[Job, bool]:
            return self._store.create(_new_job(client, request, parts, idempotency_key), limits)

        job, is_new = await in_thread(create)
        self._changes.notify()
        return job, is_new

    @property
    def max_characters(self) -> int:
        """Of the text of a job."""
        return self._settings.max_characters

    async def get(self, client: Client, job_id: str) -> Job | None:
        """A job of a client; None for another's."""
        if not is_job_id(job_id):
            return None
        job = await in_thread(self._store.get, job_id)
        return job if job and job.client == client.name else None

    async def list(self, client: Client, *, limit: int, after: str = "", state: JobState | None = None) -> Page:
        """The jobs of a client. All clients without a key are one."""
        return await in_thread(self._store.list, client.name, limit=limit, after=after, state=state)

    async def cancel(self, job: Job) -> Job | None:
        """Ends a job: its computing stops within a chunk, its files are deleted. One that has ended is forgotten.

        Returns what is left of it.
        """
        if job.is_final:
            await in_thread(self._files.delete, job.id)  # first: a full disk keeps no change of the store
            await in_thread(self._store.delete, job.id)
            return None
        cancelled = await in_thread(self._store.cancel, job.id)
        if self._runner:
            await self._runner.stop_job(job.id)
        if cancelled and cancelled.state != "done":
            await in_thread(self._files.delete, job.id)
        self._changes.notify()
        return cancelled

    async def events_after(self, job_id: str, number: int) -> tuple[Sequence[JobEvent], Job | None]:
        """The events of a job with higher numbers, and the job after them, which may have more. Raises `StoreError`."""
        events = await in_thread(self._store.events, job_id, number)
        return events, await in_thread(self._store.get, job_id)

    async def wait_for_change(self, seconds: float) -> None:
        """Returns when a job has changed, or after some seconds."""
        await self._changes.wait(seconds)

    async def result(self, job: Job) -> Path:
        """The file of a job that is done. Raises `StoreError` where it is elsewhere, and that is away."""
        return await in_thread(self._files.obtain_result, job)

    async def expected_end(self, job: Job) -> float | None:
        """When a job will probably end, in seconds since 1970; None where that is not known, or it has ended."""
        progress = job.progress
        if job.is_final:
            return None
        if self._runner is None:
            elapsed = time.time() - job.started
            return job.started + elapsed / progress.share if job.started and progress.share else None
        characters = progress.characters - progress.characters_done
        if job.state == "queued":  # others go first
            characters = max(characters, (await in_thread(self.report)).characters_waiting)
        seconds = self._runner.pace.seconds(characters, progress.parts - progress.parts_done)
        return None if seconds is None else time.time() + seconds

    def report(self) -> JobsReport:
        """Counts for metrics. Blocks; safe in any thread. Raises `StoreError`."""
        return self._store.report()

    async def _clean(self) -> None:
        while True:
            try:
                if await in_thread(clean, self._store, self._files, self._settings.keep_hours * 3600):
                    self._changes.notify()
            except StoreError as error:
                _log.warning("old jobs are not deleted: %s", error)
            await asyncio.sleep(_CLEANING_SECONDS)


async def _after(until_ready: Callable[[], Awaitable[None]], runner: Runner) -> None:
    await until_ready()
    await runner.run()


def _new_job(client: Client, request: JobRequest, parts: Sequence[PartContent], idempotency_key: str) -> NewJob:
    """Takes a moment for a long text."""
    fields = request.model_dump(mode="json", exclude={"input", "lines", "webhook"}, exclude_unset=True)
    digest = hashlib.sha256(request.model_dump_json().encode())
    for part in parts:
        digest.update(json.dumps(asdict(part), sort_keys=True).encode() + b"\n")
    return NewJob(
        client=client.name,
        request=fields,
        parts=parts,
        name=request.name,
        webhook=request.webhook,
        idempotency_key=idempotency_key,
        digest=digest.hexdigest(),
    )
