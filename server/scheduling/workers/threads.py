"""The worker threads, which begin again when they fail."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

log = logging.getLogger(__name__)

MAX_FAILURES = 5
FAILURE_SECONDS = 60.0
"""After more than `MAX_FAILURES` failures within this time no worker begins again."""


class WorkerThreads:
    """Threads that each execute `work` until it returns.

    An exception of `work` is a failure of the scheduler itself, such as a `MemoryError`, since those of streams end
    with their streams. `on_failure` gets its thread and the exception, and the worker begins again. When that happens
    too often, `on_exhaustion` is called, once.
    """

    def __init__(
        self,
        count: int,
        lock: AbstractContextManager[Any],
        work: Callable[[], None],
        on_failure: Callable[[threading.Thread, BaseException | None], None],
        on_exhaustion: Callable[[], None],
    ) -> None:
        """`lock` is reentrant, and guards every attribute here."""
        self.restarts = 0
        self.exhausted = False
        """Whether too many have failed."""
        self._count = count
        self._lock = lock
        self._work = work
        self._on_failure = on_failure
        self._on_exhaustion = on_exhaustion
        self._threads: list[threading.Thread] = []
        self._ended: set[threading.Thread] = set()
        """Those whose work is done."""
        self._failures: deque[float] = deque(maxlen=MAX_FAILURES + 1)
        """When workers failed."""

    def __len__(self) -> int:
        return len(self._threads)

    def start(self) -> None:
        """Starts the threads that are missing."""
        with self._lock:
            self.replace_dead()
            while len(self._threads) < self._count:
                self._threads.append(self._started(len(self._threads)))

    def replace_dead(self) -> None:
        """Starts another thread for each one that has died although it catches its failures: for want of memory."""
        with self._lock:
            for number, thread in enumerate(self._threads):
                if not thread.is_alive() and thread not in self._ended and self._begins_again(thread, None):
                    self._threads[number] = self._started(number)

    def join(self) -> None:
        """Waits for the end of the threads."""
        for thread in list(self._threads):
            thread.join()

    def _started(self, number: int) -> threading.Thread:
        thread = threading.Thread(target=self._run, name=f"speech-{number}", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        thread = threading.current_thread()
        while True:
            try:
                self._work()
            except BaseException as error:  # noqa: BLE001 - reported, and the worker begins again
                if self._begins_again(thread, error):
                    continue
            with self._lock:
                self._ended.add(thread)
            return

    def _begins_again(self, thread: threading.Thread, error: BaseException | None) -> bool:
        log.critical("the worker %s has failed", thread.name, exc_info=error)
        self._on_failure(thread, error)
        with self._lock:
            now = time.monotonic()
            self._failures.append(now)
            if len(self._failures) > MAX_FAILURES and now - self._failures[0] < FAILURE_SECONDS:
                if not self.exhausted:
                    self.exhausted = True
                    log.critical("%d workers have failed within %g seconds", len(self._failures), FAILURE_SECONDS)
                    self._on_exhaustion()
                return False
            self.restarts += 1
            return True
