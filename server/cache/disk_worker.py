"""The threads that read and write the files of the cache, so that a slow disk delays nothing."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from server.cache.disk_tier import DiskTier
from server.cache.entry import Entry

READ_SECONDS = 0.3
"""After which computing is the better choice."""
SLOW_PAUSE_SECONDS = 60.0
"""Without a read, after one that took too long."""
MAX_WAITING_BYTES = 64 * 2**20
"""Of entries that wait to be written; further ones are not kept on the disk."""
_CLOSING_SECONDS = 2.0
"""For writes in progress at the end of the server."""


class DiskWorker:
    """Reads and writes for an event loop. Its two threads start when they are needed."""

    def __init__(self, tier: DiskTier, *, read_seconds: float = READ_SECONDS) -> None:
        self.tier = tier
        self._read_seconds = read_seconds
        self._reader = ThreadPoolExecutor(1, "cache-reader")
        self._writer = ThreadPoolExecutor(1, "cache-writer")
        self._waiting: dict[str, Entry] = {}
        """To be written, by key."""
        self._pending: set[asyncio.Future[None]] = set()
        self._slow_until = 0.0

    def has(self, key: str) -> bool:
        """Whether there is probably an entry of this key."""
        return key in self._waiting or self.tier.has(key)

    async def read(self, key: str) -> Entry | None:
        """The entry of a key, also while it waits to be written; None where there is none, or the disk is slow."""
        if entry := self._waiting.get(key):
            return entry
        loop = asyncio.get_running_loop()
        if self.tier.lacks(key) or loop.time() < self._slow_until:
            return None
        try:
            async with asyncio.timeout(self._read_seconds):
                return await loop.run_in_executor(self._reader, self.tier.read, key)
        except TimeoutError:
            self._slow_until = loop.time() + SLOW_PAUSE_SECONDS
            self.tier.warn(
                f"the disk took more than {self._read_seconds:g} s to read; it is not read for a while", "slow"
            )
            return None

    def write(self, key: str, entry: Entry) -> None:
        """Writes an entry later, unless one of this key waits already."""
        if key in self._waiting:
            return
        if len(entry.block) + sum(len(waiting.block) for waiting in self._waiting.values()) > MAX_WAITING_BYTES:
            self.tier.warn("the disk is too slow to write everything that was computed", "slow to write")
            return
        self._waiting[key] = entry

        def written() -> None:
            del self._waiting[key]

        self._submit(lambda: self.tier.write(key, entry), written)

    def list_files(self) -> None:
        """Finds the files of earlier runs, later."""
        self._submit(self.tier.list_files)

    def resize(self, limit: int) -> None:
        """Sets another limit, later."""
        self._submit(lambda: self.tier.resize(limit))

    async def settle(self) -> None:
        """Waits until everything so far is done."""
        while self._pending:
            await asyncio.wait(set(self._pending))

    def release(self) -> None:
        """Ends the threads after what they still have to do."""
        for threads in (self._reader, self._writer):
            threads.shutdown(wait=False)

    async def close(self) -> None:
        """Waits shortly for the writes in progress."""
        if self._pending:
            await asyncio.wait(set(self._pending), timeout=_CLOSING_SECONDS)
        for threads in (self._reader, self._writer):
            threads.shutdown(wait=False, cancel_futures=True)

    def _submit(self, work: Callable[[], None], done: Callable[[], None] = lambda: None) -> None:
        future = asyncio.get_running_loop().run_in_executor(self._writer, work)
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        future.add_done_callback(lambda _: done())
