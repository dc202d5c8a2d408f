"""Takes work from the store, as much at a time as the configuration says."""

import asyncio
import logging

from server.errors import StoreError
from server.jobs.job import Lease, PartResult
from server.jobs.job_files import JobFiles
from server.jobs.quota import Quota
from server.jobs.renderer import Renderer
from server.jobs.runner.changes import Changes
from server.jobs.runner.pace import Pace
from server.jobs.runner.work import LEASE_SECONDS, Work
from server.jobs.store import JobStore
from server.jobs.threads import in_thread
from server.logs.context import RequestContext, current_request

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0
"""Between two looks for work whose pause or lease is over."""
_RECOVERY_SECONDS = 10.0
"""After an error of the store."""


class Runner:
    """Computes the parts of jobs. For one event loop."""

    def __init__(
        self,
        store: JobStore,
        renderer: Renderer,
        files: JobFiles,
        quota: Quota,
        changes: Changes,
        concurrency: int,
    ) -> None:
        self.pace = Pace(concurrency)
        self._store = store
        self._renderer = renderer
        self._files = files
        self._quota = quota
        self._changes = changes
        self._places = asyncio.Semaphore(concurrency)
        self._tasks: dict[asyncio.Task[None], str] = {}
        """With the ids of their jobs."""

    async def run(self) -> None:
        """Takes work until its task is cancelled; then gives back what is in progress."""
        try:
            while True:
                await self._places.acquire()
                try:
                    lease = await self._next()
                except BaseException:
                    self._places.release()
                    raise
                task = asyncio.create_task(self._work(lease))
                self._tasks[task] = lease.job.id
                task.add_done_callback(self._on_end)
        finally:
            await self._stop(list(self._tasks))

    async def stop_job(self, job_id: str) -> None:
        """Ends the computing of a job in this process, and waits until it has ended."""
        current = asyncio.current_task()
        await self._stop([task for task, job in self._tasks.items() if job == job_id and task is not current])

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._places.release()
        if not task.cancelled() and (error := task.exception()):
            _log.error("the computing of a job ended", exc_info=error)

    async def _next(self) -> Lease:
        """The next work, as soon as there is some."""
        while True:
            seconds = _LOOK_SECONDS
            try:
                if lease := await self._claim():
                    return lease
            except StoreError as error:
                _log.warning("no job is computed: %s", error)
                seconds = _RECOVERY_SECONDS
            await self._changes.wait(seconds)

    async def _claim(self) -> Lease | None:
        """Claims in a thread. Where that is cancelled, the lease is given back."""
        claiming = asyncio.ensure_future(in_thread(self._store.claim, LEASE_SECONDS))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.wait([claiming])
            if not claiming.exception() and (lease := claiming.result()):
                await in_thread(self._store.release, lease)
            raise

    async def _work(self, lease: Lease) -> None:
        current_request.set(RequestContext(lease.job.id, lease.job.client))  # of the task, for its log
        self._changes.notify()  # the job is running
        result = await Work(self._store, self._renderer, self._quota, lease).run()
        if isinstance(result, PartResult) and lease.part:
            self.pace.observe(lease.part.content.characters, result.computing_seconds)
        self._changes.notify()
        await self._clear(lease.job.id)

    async def _clear(self, job_id: str) -> None:
        """Deletes what a job that has ended does not need any more."""
        try:
            job = await in_thread(self._store.get, job_id)
        except StoreError:
            return  # a later sweep does it
        if job is None or job.is_final:
            await self.stop_job(job_id)
            await in_thread(self._files.delete_unneeded, job_id, job)
