"""The signals that stop the server: the first one lets streams end, the second one does not."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Counts SIGINT and SIGTERM. For one event loop."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handles the signals until the block ends."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows: an interrupt ends the server at once
            for number in _SIGNALS:
                loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            with suppress(NotImplementedError):
                for number in _SIGNALS:
                    loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Asks for the end of the server."""
        if self.first.is_set():
            self.second.set()
        self.first.set()
