"""Dynamic time warping of two sequences of frames.

Steps go one frame ahead in one of the sequences or in both. The cost of a step is the distance of the two frames, by
the weights of the frames that are entered, so that every path through the same frames has the same total weight.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WarpingPath:
    """Pairs of frames, from the first to the last."""

    own: Places
    other: Places
    costs: Values
    """(pairs,): the distances of the paired frames."""

    def other_places(self, count: int) -> Values:
        """(count,): for each of our frames the mean place of its partners."""
        totals = np.bincount(self.own, self.other, count)
        return totals / np.bincount(self.own, minlength=count)


@dataclass(frozen=True, slots=True)
class Band:
    """For each of our frames, which of the others it may be paired with: `first` up to and without `stop`."""

    first: Places
    stop: Places

    @classmethod
    def full(cls, own: int, other: int) -> "Band":
        """All frames."""
        return cls(np.zeros(own, np.int64), np.full(own, other))

    @classmethod
    def around(cls, path: WarpingPath, factor: int, radius: int, own: int, other: int) -> "Band":
        """Around a path that was found at a `factor`-th of the frames."""
        first = np.full(own, other)
        stop = np.zeros(own, np.int64)
        for offset in range(factor):
            rows = np.minimum(path.own * factor + offset, own - 1)
            np.minimum.at(first, rows, path.other * factor - radius)
            np.maximum.at(stop, rows, path.other * factor + factor + radius)
        first[0], stop[-1] = 0, other
        return cls(np.clip(first, 0, other - 1), np.clip(stop, 1, other))


class Warping:
    """The costs of the best paths from the first pair of frames to every pair in the band."""

    def __init__(self, own: Floats, other: Floats, own_weights: Values, other_weights: Values, band: Band) -> None:
        """`own` (n, features), `other` (m, features), weights (n,) and (m,)."""
        self._band = band
        self._own_weights, self._other_weights = own_weights, other_weights
        self._distances: list[Values] = []
        self._rows: list[Values] = []
        norms = np.square(other).sum(axis=1)
        for row, frame in enumerate(own):
            part = slice(band.first[row], band.stop[row])
            squares = norms[part] + frame @ frame - 2 * (other[part] @ frame)
            self._distances.append(np.sqrt(np.maximum(squares, 0) / len(frame)).astype(np.float64))
            self._rows.append(self._row(row))

    def ends(self) -> Values:
        """(m,): the cost of the path to the last of our frames and each of the others, by the weight of its frames.

        Infinite outside of the band.
        """
        costs = np.full(len(self._other_weights), np.inf)
        costs[self._band.first[-1] : self._band.stop[-1]] = self._rows[-1]
        result: Values = costs / (self._own_weights.sum() + np.cumsum(self._other_weights))
        return result

    def path(self, end: int) -> WarpingPath:
        """The best path to the last of our frames and the frame `end` of the others."""
        row, column = len(self._rows) - 1, end
        pairs = [(row, column)]
        while row or column:
            row, column = self._before(row, column)
            pairs.append((row, column))
        own, other = np.array(pairs[::-1]).T
        costs = np.array([self._distances[i][j - self._band.first[i]] for i, j in zip(own, other, strict=True)])
        return WarpingPath(own, other, costs)

    def _row(self, row: int) -> Values:
        distances = self._distances[row]
        first, stop = self._band.first[row], self._band.stop[row]
        aside = np.cumsum(distances * self._other_weights[first:stop])
        entered: Values
        if row:
            weight = self._own_weights[row]
            ahead = self._costs_of(row - 1, first, stop) + distances * weight
            both = self._costs_of(row - 1, first - 1, stop - 1)
            both = both + distances * (weight + self._other_weights[first:stop])
            entered = np.minimum(ahead, both)
        else:
            entered = np.full(stop - first, np.inf)
            entered[0] = distances[0] * (self._own_weights[0] + self._other_weights[0])
        # A run of steps within the row costs the difference of two sums.
        return np.minimum.accumulate(entered - aside) + aside

    def _costs_of(self, row: int, first: int, stop: int) -> Values:
        """The costs of a row in columns of another one; infinite outside of its band."""
        costs = np.full(stop - first, np.inf)
        begin, end = max(first, self._band.first[row]), min(stop, self._band.stop[row])
        if begin < end:
            offset = self._band.first[row]
            costs[begin - first : end - first] = self._rows[row][begin - offset : end - offset]
        return costs

    def _before(self, row: int, column: int) -> tuple[int, int]:
        """The pair before this one on the best path."""
        distance = self._distances[row][column - self._band.first[row]]
        own, other = self._own_weights[row], self._other_weights[column]
        options = (
            (self._cost(row - 1, column - 1) + distance * (own + other), row - 1, column - 1),
            (self._cost(row - 1, column) + distance * own, row - 1, column),
            (self._cost(row, column - 1) + distance * other, row, column - 1),
        )
        _, row, column = min(options, key=lambda option: option[0])
        return row, column

    def _cost(self, row: int, column: int) -> float:
        if row < 0 or not self._band.first[row] <= column < self._band.stop[row]:
            return np.inf
        return float(self._rows[row][column - self._band.first[row]])
