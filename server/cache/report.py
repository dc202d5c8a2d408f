"""What the cache has done since the start, for metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TierReport:
    """One place where entries are kept."""

    hits: int = 0
    entries: int = 0
    bytes: int = 0
    limit: int = 0
    """Bytes; 0 if nothing is kept here."""
    evictions: int = 0
    """Entries that had to leave for others."""


@dataclass(frozen=True, slots=True)
class CacheReport:
    """The cache as a whole. Each request that may be kept is a hit of one tier, a miss, or shared."""

    memory: TierReport
    disk: TierReport
    misses: int
    """Requests that were computed."""
    shared: int
    """Requests that were answered by the computing for another one."""
    running: int
    """Streams that are computed now, for any number of requests."""
    errors: int
    """Files that could not be read or written, damaged ones included."""
