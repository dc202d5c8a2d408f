"""Workers that fail: noticed, their streams ended with an error, and begun again, unless it happens too often."""

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import pytest

from server.config import SchedulerSection
from server.errors import WorkerError
from server.scheduling.batch_policy import BatchPolicy
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import Scheduler
from server.scheduling.stream import Stream
from server.scheduling.task import Chunks
from server.scheduling.workers.threads import MAX_FAILURES


async def single(clock: PlaybackClock) -> Chunks[bytes]:
    yield b"x"


@pytest.fixture
def scheduler():
    scheduler = Scheduler(SchedulerSection(workers=2))
    yield scheduler
    scheduler.close()


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`failures(n)`: the next n times, a worker fails after it has taken a stream."""
    left = threading.Semaphore(0)

    def account(self: Scheduler, stream: Stream) -> bool:
        if left.acquire(blocking=False):
            raise MemoryError
        return real(self, stream)

    real = Scheduler._account
    monkeypatch.setattr(Scheduler, "_account", account)
    return lambda count: [left.release() for _ in range(count)]


def run(scheduler: Scheduler) -> tuple[list[bytes], Exception | None]:
    """The chunks of a stream, and the error that ended it."""
    chunks: list[bytes] = []
    ended: SimpleQueue[Exception | None] = SimpleQueue()
    scheduler.start("", single, chunks.append, ended.put)
    return chunks, ended.get(timeout=30)


def wait_for_restarts(scheduler: Scheduler, count: int) -> None:
    while scheduler.load().worker_restarts < count:
        pass
    assert scheduler.load().worker_restarts == count


def test_the_stream_of_a_failed_worker_gets_an_error_and_the_next_one_is_computed(scheduler, failures, caplog) -> None:
    failures(1)
    assert isinstance(run(scheduler)[1], WorkerError)
    for _ in range(4):
        assert run(scheduler) == ([b"x"], None)
    wait_for_restarts(scheduler, 1)
    assert scheduler.load().streams == 0
    assert "has failed" in caplog.text
    assert "MemoryError" in caplog.text


def test_a_worker_that_fails_before_it_takes_a_stream_loses_none(scheduler, monkeypatch) -> None:
    real, failed = BatchPolicy.select, threading.Event()

    def select(self: BatchPolicy, ready: Sequence[Stream], idle_workers: int) -> list[Stream]:
        if not failed.is_set():
            failed.set()
            raise MemoryError
        return real(self, ready, idle_workers)

    monkeypatch.setattr(BatchPolicy, "select", select)
    assert run(scheduler) == ([b"x"], None)
    wait_for_restarts(scheduler, 1)


def test_a_thread_that_dies_while_it_reports_its_failure_is_replaced(monkeypatch) -> None:
    """For want of memory, what handles the failure may fail too."""
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    scheduler, failed = Scheduler(SchedulerSection(workers=1)), threading.Event()
    real = scheduler._threads._on_failure

    def fails_once(*arguments: object) -> None:
        if not failed.is_set():
            failed.set()
            raise MemoryError
        real(*arguments)

    scheduler._threads._on_failure = fails_once
    with monkeypatch.context() as patch:
        patch.setattr(Scheduler, "_account", lambda self, stream: exec("raise MemoryError"))
        ended: SimpleQueue[Exception | None] = SimpleQueue()
        scheduler.start("", single, lambda chunk: None, ended.put)
        assert failed.wait(30)
        scheduler._threads._threads[0].join(30)
    scheduler.load()  # health checks and metrics notice it
    assert isinstance(ended.get(timeout=30), WorkerError)
    assert run(scheduler) == ([b"x"], None)
    assert scheduler.load().worker_restarts == 1
    scheduler.close()


def test_workers_that_fail_too_often_end_all_streams_and_say_so(scheduler, failures) -> None:
    exhausted = threading.Event()
    scheduler.on_exhaustion = exhausted.set
    failures(MAX_FAILURES + 1)
    for _ in range(MAX_FAILURES + 1):
        assert isinstance(run(scheduler)[1], WorkerError)
    assert exhausted.wait(30)
    with pytest.raises(WorkerError, match="start the server again"):
        run(scheduler)
    assert scheduler.load().worker_restarts == MAX_FAILURES


def test_a_stream_for_which_no_thread_can_be_started_takes_no_place(scheduler, monkeypatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start"):
            scheduler.start("", single, lambda chunk: None, lambda error: None)
    assert scheduler.load().streams == 0
    assert run(scheduler) == ([b"x"], None)
