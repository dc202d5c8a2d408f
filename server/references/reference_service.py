"""The recordings of clients: kept, found, and opened for requests. Nothing of it runs in the event loop."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from server.client import Client
from server.config import Config
from server.errors import BusyError, StoreError
from server.references.analysis.measurement import analyze
from server.references.analyzed_recording import AnalyzedRecording
from server.references.reference_cache import ReferenceCache
from server.references.reference_file import StoredReference
from server.references.store import ReferenceStore

_log = logging.getLogger(__name__)

T = TypeVar("T")

_THREADS = 2
_MAX_WAITING = 32
"""Recordings that are opened, or wait for it. Each occupies its bytes."""
_SWEEP_SECONDS = 3600.0


@dataclass(slots=True)
class ReferencesReport:
    """What was done since the start."""

    added: int = 0
    deleted: int = 0
    hits: int = 0
    """Recordings that were in memory, or that another request was opening."""
    misses: int = 0
    """Recordings that were decoded and analyzed."""
    refused: int = 0
    """Recordings that cannot be used, or came while too many others waited."""


class ReferenceService:
    """The references of all clients, each of which sees its own: the name of its key decides."""

    def __init__(self, config: Config, forget: Callable[[str], None] = lambda digest: None) -> None:
        """`forget` drops what was computed elsewhere from the recording with a digest: it was deleted."""
        self._forget_elsewhere = forget
        self._section = config.references
        self._store = ReferenceStore(config.storage.path, config.references)
        self._cache = ReferenceCache(config.references, analyze)
        self._threads = ThreadPoolExecutor(_THREADS, "reference")
        self._places = threading.BoundedSemaphore(_MAX_WAITING)
        self._report = ReferencesReport()

    @property
    def max_bytes(self) -> int:
        """Of one file."""
        return self._section.max_bytes

    def reconfigure(self, config: Config) -> None:
        """Takes the section `references` of another configuration."""
        self._section = config.references
        self._store.reconfigure(config.references)
        self._cache.reconfigure(config.references)

    def report(self) -> ReferencesReport:
        """What was done since the start."""
        return replace(self._report, hits=self._cache.hits, misses=self._cache.misses)

    async def sweep(self) -> None:
        """Deletes what is too old, now and every hour."""
        while True:
            try:
                await asyncio.to_thread(self._sweep)
            except (StoreError, OSError) as error:
                _log.error("references that are too old cannot be deleted: %s", error)
            await asyncio.sleep(_SWEEP_SECONDS)

    def close(self) -> None:
        """Opens no more recordings."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def add(
        self, client: Client, data: bytes, *, name: str, consent: str, transcript: str | None
    ) -> StoredReference:
        """Keeps a recording. Raises `RequestError` for one that cannot be used, `StoreError`, and `BusyError`."""
        opened = await self.open(data)
        await asyncio.to_thread(self._sweep, client.name)  # what is too old takes no place
        stored = await asyncio.to_thread(
            self._store.add, client.name, data, opened, name=name, consent=consent, transcript=transcript
        )
        self._report.added += 1
        return stored

    async def list(self, client: Client) -> Sequence[StoredReference]:
        """Those of a client, the newest first."""
        return await asyncio.to_thread(self._store.list, client.name)

    async def get(self, client: Client, reference_id: str) -> StoredReference | None:
        """One of a client; None where it has none with this id."""
        return await asyncio.to_thread(self._store.get, client.name, reference_id)

    async def delete(self, client: Client, reference_id: str) -> bool:
        """Deletes one. False where the client has none with this id."""
        is_deleted = await asyncio.to_thread(self._delete, client.name, reference_id)
        self._report.deleted += is_deleted
        return is_deleted

    async def open_kept(self, client: Client, stored: StoredReference) -> AnalyzedRecording | None:
        """The recording of one that was found; None where it was deleted meanwhile. Raises what `open` raises."""
        if known := self._cache.known(stored.digest):
            return known
        data = await asyncio.to_thread(self._store.read, client.name, stored.id)
        return None if data is None else await self.open(data)

    async def open(self, data: bytes) -> AnalyzedRecording:
        """The recording of a file. Raises `RequestError` for one that cannot be used, `BusyError`."""
        try:
            return await self._in_thread(lambda: self._cache.open(data))
        except Exception:
            self._report.refused += 1
            raise

    def _sweep(self, client_name: str | None = None) -> None:
        for digest in self._store.sweep(client_name):
            self._forget(digest)

    def _delete(self, client_name: str, reference_id: str) -> bool:
        stored = self._store.get(client_name, reference_id)
        is_deleted = self._store.delete(client_name, reference_id)
        if stored:
            self._forget(stored.digest)
        return is_deleted

    def _forget(self, digest: str) -> None:
        """Blocks where something is computed from the recording just now."""
        self._cache.forget(digest)
        self._forget_elsewhere(digest)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Few threads of its own: recordings that are slow to open must not keep texts from being planned."""
        if not self._places.acquire(blocking=False):
            raise BusyError("too many recordings are being read", retry_after=5, code="too_many_recordings")
        context = contextvars.copy_context()
        future = self._threads.submit(context.run, work)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)
