"""Percentiles by the nearest rank: each one is a measured value, never an interpolation."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Percentiles of `count` values; None without values. With few values the upper ones equal the maximum."""

    p50: float | None
    p95: float | None
    p99: float | None
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Returns the nearest-rank percentiles of `values`."""
        samples = list(values)
        if not samples:
            return cls(None, None, None, 0)
        p50, p95, p99 = np.percentile(samples, (50, 95, 99), method="inverted_cdf").tolist()
        return cls(p50, p95, p99, len(samples))
