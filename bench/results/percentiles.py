"""Percentiles by the nearest rank: every one is a value that was really measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Self


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` (above 0, up to 1) of them do not exceed."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values, no percentile")
    return ordered[max(0, ceil(round(share * len(ordered), 9)) - 1)]


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of `count` values; None when there were none. With few values the upper ones are the largest."""

    p50: float | None
    p95: float | None
    p99: float | None
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        values = list(values)
        if not values:
            return cls(None, None, None, 0)
        p50, p95, p99 = (percentile(values, share) for share in (0.50, 0.95, 0.99))
        return cls(p50, p95, p99, len(values))
