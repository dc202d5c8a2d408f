"""A worker: a process that computes jobs of servers, on any machine."""

import asyncio
import logging
import signal
import threading
import warnings
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, TypeVar

from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning
from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state

from server.config import Config
from server.errors import StoreError
from server.jobs.celery.app import QUEUE, WorkMessages, create_app, register
from server.jobs.celery.dispatcher import Dispatcher
from server.jobs.celery.redis.redis_store import RedisStore
from server.jobs.celery.redis_files import RedisFiles, SharingRenderer
from server.jobs.job import Lease
from server.jobs.job_files import JobFiles
from server.jobs.quota import Quota
from server.jobs.renderer import Renderer
from server.jobs.rendering.renderer import JobRenderer
from server.jobs.runner.work import Work
from server.jobs.threads import in_thread
from server.logs.context import RequestContext, current_request
from server.runtime.cpu import available_cpus
from server.scheduling.async_streams import ActiveStreams
from server.scheduling.scheduler import Scheduler
from server.synthesis.registry import OnDemandVoices

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Worker:
    """Takes work from the store whenever Celery has a message for it.

    Celery's threads wait; the computing is in the streams of one scheduler, which batches the parts of all jobs.
    """

    def __init__(self, config: Config, concurrency: int = 0) -> None:
        """`concurrency`: parts at a time; 0: as `jobs.concurrency`, else one for each CPU."""
        self._concurrency = concurrency or config.jobs.concurrency or available_cpus()
        self._app = create_app(config.queue)
        self._loop = asyncio.new_event_loop()
        self._messages = WorkMessages(self._app)
        broker = config.queue.broker.get_secret_value()
        self._store = RedisStore(broker, config.jobs.max_attempts, self._messages.send)
        self._files = job_files(config, self._store)
        self._quota = Quota(self._files, config.jobs.quota_mb)
        self._streams = ActiveStreams(Scheduler(config.scheduler))
        renderer: Renderer = JobRenderer(OnDemandVoices(config), self._streams, config)
        self._renderer = SharingRenderer(renderer, self._files) if isinstance(self._files, RedisFiles) else renderer
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lease_seconds = config.queue.lease_seconds
        self._drain_seconds = config.limits.drain_seconds
        self._is_stopping = False
        """Whether no more work is taken."""
        self._gives_back = False
        """Whether work in progress is given back. Changed in the event loop."""

    def run(self) -> int:
        """Works until SIGTERM. Then the parts in progress have `limits.drain_seconds`, and are given back.

        SIGQUIT and SIGINT give them back at once.
        """
        register(self._app, self._compute_next)
        worker_ready.connect(self._on_ready)
        worker_shutting_down.connect(self._on_shutting_down)
        warnings.filterwarnings("ignore", category=SecurityWarning)  # of pickled messages, which are not accepted here
        warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
        _log.info("this worker computes %d parts at a time, of the jobs in %s", self._concurrency, self._store.place)
        thread = threading.Thread(target=self._loop.run_forever, name="jobs")
        thread.start()
        dispatching = asyncio.run_coroutine_threadsafe(Dispatcher(self._store, self._messages).run(), self._loop)
        try:
            worker = self._app.Worker(
                pool_cls="threads",
                concurrency=self._concurrency,
                queues=[QUEUE],
                without_gossip=True,
                without_mingle=True,
                quiet=True,
            )
            worker.start()
            return int(worker.exitcode or 0)
        finally:
            dispatching.cancel()
            self._call(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._store.close()

    def _on_ready(self, **details: object) -> None:
        """Replaces Celery's cold shutdown, which cannot end threads. In the main thread."""
        for number in (signal.SIGQUIT, signal.SIGINT):
            signal.signal(number, self._give_back)

    def _on_shutting_down(self, **details: object) -> None:
        """At SIGTERM, in the main thread: Celery waits for its threads, however long their work takes."""
        self._is_stopping = True
        self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_seconds, self._cancel)

    def _give_back(self, *details: object) -> None:
        self._is_stopping = True
        self._loop.call_soon_threadsafe(self._cancel)
        state.should_stop = 0

    def _cancel(self) -> None:
        self._gives_back = True
        for task in self._tasks:
            task.cancel()

    async def _stop(self) -> None:
        """Gives back what is in progress."""
        self._cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._streams.close()

    def _compute_next(self) -> None:
        """Computes the next part, if there is one. In a thread of Celery."""
        if self._is_stopping:
            return
        try:
            lease = self._store.claim(self._lease_seconds)
        except StoreError as error:
            _log.warning("no work is taken: %s", error)
            return
        if lease:
            with suppress(CancelledError):  # the work was given back
                self._call(self._work(lease))

    async def _work(self, lease: Lease) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._gives_back:
            task.cancel()  # at its next await, which gives the lease back
        current_request.set(RequestContext(lease.job.id))
        await Work(self._store, self._renderer, self._quota, lease, self._lease_seconds).run()
        try:
            job = await in_thread(self._store.get, lease.job.id)
            await in_thread(self._files.delete_unneeded, lease.job.id, job)
        except StoreError as error:  # a server deletes them later
            _log.warning("the files of job %s stay for now: %s", lease.job.id, error)

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def job_files(config: Config, store: RedisStore) -> JobFiles:
    """The files of jobs, in a folder that all machines share, or in Redis."""
    root = config.storage.path / "jobs"
    return RedisFiles(root, store.connection) if config.queue.results == "redis" else JobFiles(root)
