"""Input that arrives while a stream is being computed, such as the sentences of a text that its client still writes."""

import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

END: Final = None
"""What `InputQueue.get` returns after the last item."""


class InputWait:
    """A wait for input, as a value that a stage awaits; the driver of the task resumes it once there is some."""

    def __init__(self, queue: "InputQueue[Any]") -> None:
        self._queue = queue

    def __await__(self) -> Generator["InputWait", None, None]:
        """Suspends up to the driver of the task."""
        yield self

    def on_input(self, callback: Callable[[], None]) -> None:
        """Calls `callback` once: now if there is input, else from the thread that gives it."""
        self._queue.on_input(callback)

    def block(self) -> None:
        """Waits in this thread, for a driver that has nothing else to do."""
        arrived = threading.Event()
        self.on_input(arrived.set)
        arrived.wait()


class InputQueue(Generic[T]):
    """A queue between a client's thread and the stages of its stream. `put` never blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: deque[T] = deque()
        self._closed = False
        self._callback: Callable[[], None] | None = None

    def put(self, *items: T) -> None:
        """Appends items. Raises `ValueError` after `close`."""
        with self._lock:
            if self._closed:
                raise ValueError("the input is closed")
            self._items += items
        if items:
            self._notify()

    def close(self) -> None:
        """Ends the input after what it has; a second call has no effect."""
        with self._lock:
            self._closed = True
        self._notify()

    def is_ready(self) -> bool:
        """Whether `get` returns without waiting."""
        with self._lock:
            return bool(self._items) or self._closed

    async def get(self) -> T | None:
        """The next item, `END` after the last one. For the stages of one stream."""
        while not self.is_ready():
            await InputWait(self)
        with self._lock:
            return self._items.popleft() if self._items else END

    def on_input(self, callback: Callable[[], None]) -> None:
        """Calls `callback` once: now if `get` would not wait, else when that changes. One callback at a time."""
        with self._lock:
            is_ready = bool(self._items) or self._closed
            if not is_ready:
                self._callback = callback
        if is_ready:
            callback()

    def _notify(self) -> None:
        with self._lock:
            callback, self._callback = self._callback, None
        if callback:
            callback()
