"""One leased part, or the joining of all: computed, and reported to the store."""

import asyncio
import errno
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from server.errors import BusyError, DeviceError, RequestError, ShutdownError, SpeechError, StoreError
from server.jobs.job import JobResult, Lease, PartResult, work_name
from server.jobs.quota import Quota
from server.jobs.renderer import Renderer
from server.jobs.store import JobStore
from server.jobs.threads import in_thread

_log = logging.getLogger(__name__)

T = TypeVar("T")

LEASE_SECONDS = 60.0
RENEWAL_SECONDS = 3.0
"""Also the time in which a job that another process cancelled stops."""
_PAUSE_SECONDS = 20.0
"""Before work is tried again that failed without a fault of its own."""
_STOPPING_SECONDS = 1.0
"""While the server drains, no part can begin."""
_REPORT_SECONDS = 2.0
"""Before a report is repeated that the store could not keep."""

_NO_SPACE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "it is read-only",
}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the store is told about work that has not succeeded."""

    reason: str
    is_attempt: bool = True
    is_final: bool = False
    pause: float = 0.0


class Work:
    """The computing of one lease."""

    def __init__(
        self, store: JobStore, renderer: Renderer, quota: Quota, lease: Lease, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._store = store
        self._renderer = renderer
        self._quota = quota
        self._lease = lease
        self._lease_seconds = lease_seconds
        self._characters = 0
        self._is_lost = False

    async def run(self) -> PartResult | JobResult | None:
        """Computes and reports; returns the result, None without one. A cancelled task gives the work back at once."""
        computing = asyncio.ensure_future(self._compute())
        renewing = asyncio.create_task(self._renew(computing))
        try:
            result = await computing
        except asyncio.CancelledError:
            await _cancelled(computing)
            if not self._is_lost:
                await self._give_back_once()
                raise
            return None
        except Exception as error:  # noqa: BLE001  reported to the store
            await self._report_failure(_outcome(error))
            return None
        finally:
            renewing.cancel()
        return result if await self._report(lambda: self._complete(result)) else None

    async def _compute(self) -> PartResult | JobResult:
        job, part = self._lease.job, self._lease.part
        folder = await in_thread(self._quota.make_folder, job.id)
        if part is None:
            parts = await in_thread(self._store.parts, job.id)
            return await _stoppable(lambda stop: self._renderer.join(job, parts, folder, stop))
        started = time.monotonic()
        result = await self._renderer.compute(job, part, folder, self._note)
        return replace(result, computing_seconds=time.monotonic() - started)

    def _note(self, characters: int) -> None:
        """Called by the renderer, in the event loop or a thread."""
        self._characters = characters

    async def _renew(self, computing: "asyncio.Future[PartResult | JobResult]") -> None:
        """Keeps the lease. Stops the computing when it is lost."""
        while True:
            await asyncio.sleep(min(RENEWAL_SECONDS, self._lease_seconds / 4))
            try:
                kept = await in_thread(self._store.renew, self._lease, self._lease_seconds, self._characters)
            except StoreError as error:
                _log.warning("job %s: %s", self._lease.job.id, error)
                continue
            if not kept:
                self._is_lost = True
                computing.cancel()
                return

    def _complete(self, result: PartResult | JobResult) -> bool:
        if isinstance(result, JobResult):
            return self._store.complete_job(self._lease, result)
        return self._store.complete_part(self._lease, result)

    async def _report_failure(self, outcome: _Outcome) -> None:
        _log.warning("job %s, %s: %s", self._lease.job.id, self._described, outcome.reason)
        reason = f"{self._described}: {outcome.reason}"
        if outcome.is_attempt:
            await self._report(lambda: self._store.fail(self._lease, reason, is_final=outcome.is_final))
        else:
            await self._report(lambda: self._store.release(self._lease, outcome.reason, seconds=outcome.pause))

    async def _give_back_once(self) -> None:
        try:
            await in_thread(self._store.release, self._lease)
        except StoreError as error:  # its lease ends by itself
            _log.warning("job %s: %s", self._lease.job.id, error)

    async def _report(self, report: Callable[[], bool]) -> bool:
        """Tells the store, again and again while it cannot keep it: what was computed is not lost to a full disk."""
        level = logging.WARNING
        while True:
            try:
                return await in_thread(report)
            except StoreError as error:
                _log.log(level, "job %s waits for the store: %s", self._lease.job.id, error)
            level = logging.DEBUG  # it has been said
            await asyncio.sleep(_REPORT_SECONDS)

    @property
    def _described(self) -> str:
        part = self._lease.part
        return work_name(part.index if part else None, self._lease.job.progress.parts)


def _outcome(error: Exception) -> _Outcome:
    match error:
        case RequestError():
            return _Outcome(str(error), is_final=True)
        case ShutdownError():
            return _Outcome("the server is stopping", is_attempt=False, pause=_STOPPING_SECONDS)
        case DeviceError() | BusyError() | StoreError():
            return _Outcome(str(error), is_attempt=False, pause=_PAUSE_SECONDS)
        case SpeechError():
            return _Outcome(str(error))
        case OSError() if error.errno in _NO_SPACE:
            return _Outcome(
                f"files cannot be written: {_NO_SPACE[error.errno]}", is_attempt=False, pause=_PAUSE_SECONDS
            )
        case OSError():
            return _Outcome(f"files cannot be written: {error.strerror or error}")
    _log.error("computing a part of a job failed", exc_info=error)
    return _Outcome("an internal error occurred; the log of the server has the details")


async def _stoppable(call: Callable[[Callable[[], bool]], T]) -> T:
    """Calls in a thread; `call` gets what says that it must stop. Cancellation waits until it has stopped."""
    stop = threading.Event()
    running = asyncio.ensure_future(in_thread(call, stop.is_set))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # marks it as retrieved
        raise


async def _cancelled(task: "asyncio.Future[PartResult | JobResult]") -> None:
    """Cancels a task and waits until it has ended."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # marks it as retrieved
