"""Least recently used items up to a number of bytes, with what had to leave for others."""

from collections.abc import Callable
from typing import TypeVar

from cachetools import LRUCache

from server.cache.report import TierReport

T = TypeVar("T")


class SizedLru(LRUCache[str, T]):
    """An `LRUCache` by bytes that counts its evictions, and calls `on_eviction` with each key."""

    def __init__(
        self, limit: int, size: Callable[[T], float], on_eviction: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(limit, getsizeof=size)
        self.evictions = 0
        self._on_eviction = on_eviction

    def popitem(self) -> tuple[str, T]:
        """Removes the least recently used item."""
        key, value = super().popitem()
        self.evictions += 1
        if self._on_eviction:
            self._on_eviction(key)
        return key, value

    def fits(self, value: T) -> bool:
        """Whether the item alone is within the limit."""
        return self.getsizeof(value) <= self.maxsize

    def resized(self, limit: int) -> "SizedLru[T]":
        """A cache of another size with the most recently used items that fit. This one is empty afterwards."""
        other: SizedLru[T] = SizedLru(limit, self.getsizeof, self._on_eviction)
        while self:
            key, value = super().popitem()
            if other.fits(value):
                other[key] = value
            elif self._on_eviction:
                self._on_eviction(key)
        other.evictions += self.evictions
        return other

    def report(self, hits: int) -> TierReport:
        """What is kept."""
        return TierReport(hits, len(self), int(self.currsize), int(self.maxsize), self.evictions)
