"""Entries in memory, up to a number of bytes. For one thread."""

from server.cache.entry import Entry
from server.cache.report import TierReport
from server.cache.sized_lru import SizedLru

_OVERHEAD = 400
"""Bytes of the objects around a block."""


class MemoryTier:
    """The most recently used entries."""

    def __init__(self, limit: int) -> None:
        """`limit` is in bytes; 0: nothing is kept."""
        self._entries: SizedLru[Entry] = SizedLru(limit, _size)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def get(self, key: str) -> Entry | None:
        """The entry of a key."""
        return self._entries.get(key)

    def put(self, key: str, entry: Entry) -> None:
        """Keeps an entry, unless it is larger than everything that is kept."""
        if self._entries.fits(entry):
            self._entries[key] = entry

    def resize(self, limit: int) -> None:
        """Sets another limit; what does not fit any more leaves."""
        self._entries = self._entries.resized(limit)

    def report(self, hits: int) -> TierReport:
        """What is kept."""
        return self._entries.report(hits)


def _size(entry: Entry) -> int:
    return len(entry.block) + _OVERHEAD
