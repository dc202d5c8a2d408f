"""Finds the audio of a key: in memory, on the disk, in a stream that runs, or by computing it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from server.cache.disk_tier import DiskTier
from server.cache.disk_worker import DiskWorker
from server.cache.entry import Entry
from server.cache.memory_tier import MemoryTier
from server.cache.report import CacheReport, TierReport
from server.cache.shared_stream import Begin, ChunkSource, SharedReader, SharedStream
from server.cache.stored_stream import StoredStream
from server.config import CacheSection, Config
from server.errors import BusyError
from server.types import EncodedChunk

_log = logging.getLogger(__name__)

CacheStatus: TypeAlias = Literal["hit", "miss", "shared"]
"""Kept; computed; computed for an equal request that came before."""

FOLDER = "cache"
"""Below `storage.path`."""
_MIB = 2**20
_MEMORY_SHARE, _DISK_SHARE = 4, 16
"""An entry may take this part of a limit."""
_LARGEST_ENTRY = 64 * _MIB
"""It is held in memory while it is computed."""


@dataclass(frozen=True, slots=True)
class CachedStream:
    """The chunks for one request, and where they come from."""

    chunks: ChunkSource
    status: CacheStatus


class AudioCache:
    """Finished audio by key, for one event loop. A key must stand for everything that changes a byte."""

    def __init__(self, config: Config) -> None:
        """Makes no file and no thread."""
        settings = config.cache
        self._settings = settings
        self._folder = config.storage.path / FOLDER
        self._memory = MemoryTier(settings.memory_mb * _MIB)
        self._disk = _disk(self._folder, settings)
        self._running: set[SharedStream] = set()
        self._shareable: dict[str, SharedStream] = {}
        """By key."""
        self._counts: Counter[str] = Counter()

    @property
    def enabled(self) -> bool:
        """Whether anything is kept."""
        return self._settings.enabled

    def start(self) -> None:
        """Finds the files of earlier runs in the background; they can be used before that too."""
        if self._disk:
            self._disk.list_files()

    def reconfigure(self, config: Config) -> None:
        """Sets other limits, on the event loop. Where the disk is not used any more, its files remain."""
        self._settings = settings = config.cache
        self._memory.resize(settings.memory_mb * _MIB)
        if self._disk and settings.disk_mb:
            self._disk.resize(settings.disk_mb * _MIB)
            return
        if self._disk:
            self._disk.release()
        self._disk = _disk(self._folder, settings)
        if self._disk:
            self._disk.list_files()

    async def open(
        self,
        key: str,
        begin: Begin,
        *,
        keep: Callable[[], bool] = lambda: True,
        times: bool = True,
        background: bool = False,
    ) -> CachedStream:
        """The stream of a key. `begin` computes it if nobody has.

        `keep` is asked at its end whether the key still stands for it. Without `times`, a stored stream has no
        sentences. Nobody shares a stream that was begun in the `background`, which may be slow. Raises what `begin`
        raises; but a request that shares the stream of another is not refused with it: it begins its own.
        """
        if entry := self._memory.get(key):
            self._counts["memory"] += 1
            return CachedStream(StoredStream(entry, times=times), "hit")
        while True:
            reader, leads = self._join(key, begin, keep, background)
            try:
                await reader.until_begun()
            except BusyError:
                if leads:
                    raise
                continue
            return CachedStream(reader, self._status(reader, leads=leads))

    def status(self, key: str) -> CacheStatus:
        """What `open` would probably say. Opens nothing."""
        if key in self._memory or (self._disk and self._disk.has(key)):
            return "hit"
        return "shared" if key in self._shareable else "miss"

    async def settle(self) -> None:
        """Waits until what was computed is kept."""
        await self._ended()
        if self._disk:
            await self._disk.settle()

    async def close(self) -> None:
        """Ends the running streams, and the threads after what they are writing."""
        for stream in self._running:
            stream.close()
        await self._ended()
        if self._disk:
            await self._disk.close()

    def report(self) -> CacheReport:
        """What was done since the start."""
        counts, disk = self._counts, self._disk
        return CacheReport(
            memory=self._memory.report(counts["memory"]),
            disk=disk.tier.report(counts["disk"]) if disk else TierReport(counts["disk"]),
            misses=counts["miss"],
            shared=counts["shared"],
            running=sum(stream.is_computing for stream in self._running),
            errors=disk.tier.errors if disk else 0,
        )

    async def _ended(self) -> None:
        await asyncio.gather(*(stream.task for stream in self._running), return_exceptions=True)

    def _join(self, key: str, begin: Begin, keep: Callable[[], bool], background: bool) -> tuple[SharedReader, bool]:
        """A reader of the stream of a key, and whether it is the first one."""
        shareable = self._shareable.get(key)
        if shareable and (reader := shareable.join()):
            return reader, False
        stream = self._begin(key, begin, keep)
        if not background:
            self._shareable[key] = stream
        reader = stream.join()
        assert reader, "a new stream can be joined"
        return reader, True

    def _begin(self, key: str, begin: Begin, keep: Callable[[], bool]) -> SharedStream:
        async def look_up() -> ChunkSource:
            entry = await self._disk.read(key) if self._disk else None
            if entry is None:
                return await begin()
            self._memory.put(key, entry)
            return StoredStream(entry)

        async def completed(chunks: Sequence[EncodedChunk]) -> None:
            if keep() and not isinstance(stream.source, StoredStream):
                entry = await asyncio.to_thread(Entry.of, chunks)
                self._memory.put(key, entry)
                if self._disk:
                    self._disk.write(key, entry)

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(stream)
            if self._shareable.get(key) is stream:
                del self._shareable[key]
            if not task.cancelled() and (error := task.exception()):
                _log.error("finished audio could not be kept", exc_info=error)

        stream = SharedStream(
            look_up,
            completed,
            limit=_entry_limit(self._settings),
            finish=self._settings.finish,
            has_room=self._has_room,
        )
        self._running.add(stream)
        stream.task.add_done_callback(ended)
        return stream

    def _has_room(self) -> bool:
        """Whether the streams in progress hold no more than what the cache may have in memory."""
        held = sum(stream.held_bytes for stream in self._running)
        return held <= max(self._settings.memory_mb * _MIB, _LARGEST_ENTRY)

    def _status(self, reader: SharedReader, *, leads: bool) -> CacheStatus:
        """Where the chunks of a reader come from; counts it."""
        if isinstance(reader.source, StoredStream):
            self._counts["disk"] += 1
            return "hit"
        if not leads and not reader.is_computing:
            self._counts["memory"] += 1  # it ended a moment ago
            return "hit"
        status: CacheStatus = "miss" if leads else "shared"
        self._counts[status] += 1
        return status


def _disk(folder: Path, settings: CacheSection) -> DiskWorker | None:
    return DiskWorker(DiskTier(folder, settings.disk_mb * _MIB)) if settings.disk_mb else None


def _entry_limit(settings: CacheSection) -> int:
    """Bytes of the largest stream that is kept."""
    shares = settings.memory_mb * _MIB // _MEMORY_SHARE, settings.disk_mb * _MIB // _DISK_SHARE
    return min(max(shares), _LARGEST_ENTRY)
