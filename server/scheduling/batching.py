"""Arrays of one stream each become those of a batch, and a batch's arrays the rows of its streams again.

What a batch leaves behind as its states is not taken apart at once: as long as the same streams go on together, the
next run gets the whole as it is, on the device where it lies. A row is copied when somebody needs it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from server.runtime.tensors import Array, BatchTensor, to_host


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One stream's row of a state that was left as its run made it."""

    whole: BatchTensor
    axis: int
    row: int

    @property
    def shape(self) -> tuple[int, ...]:
        shape = self.whole.shape
        return (*shape[: self.axis], 1, *shape[self.axis + 1 :])

    def to_host(self) -> Array:
        """Raises `LostStateError` when it lay on a device that is gone."""
        return row_of(to_host(self.whole), self.axis, self.row)


Value: TypeAlias = Array | Kept
"""What one stream gives to a run."""


class Ragged(NamedTuple):
    """An axis along which the rows of a batch may differ: shorter ones get `fill` in front."""

    axis: int
    fill: np.float32 = np.float32(0)


def stacked(values: Sequence[Value], axis: int | None, ragged: Ragged | None = None) -> BatchTensor:
    """One array for a batch; where there is no batch `axis`, all rows share the first one's."""
    first = values[0]
    if isinstance(first, Kept) and _are_all_of(first.whole, values):
        return first.whole
    arrays = [value.to_host() if isinstance(value, Kept) else value for value in values]
    if axis is None or len(arrays) == 1:
        return arrays[0]
    if ragged:
        longest = max(array.shape[ragged.axis] for array in arrays)
        arrays = [_widened(array, ragged, longest - array.shape[ragged.axis]) for array in arrays]
    return np.concatenate(arrays, axis=axis)


def row_of(array: Array, axis: int | None, row: int) -> Array:
    """(1, ...) along `axis`, a view."""
    if axis is None:
        return array
    found: Array = array[(slice(None),) * axis + (slice(row, row + 1),)]
    return found


def without_front(array: Array, axis: int, count: int) -> Array:
    """Without the first `count` along `axis`."""
    rest: Array = array[(slice(None),) * axis + (slice(count, None),)]
    return rest


def _are_all_of(whole: BatchTensor, values: Sequence[Value]) -> bool:
    """Whether the values are the rows of `whole`, each at its place."""
    return (
        all(isinstance(value, Kept) and value.whole is whole and value.row == row for row, value in enumerate(values))
        and isinstance(values[0], Kept)
        and whole.shape[values[0].axis] == len(values)
    )


def _widened(array: Array, ragged: Ragged, extra: int) -> Array:
    if not extra:
        return array
    shape = [*array.shape[: ragged.axis], extra, *array.shape[ragged.axis + 1 :]]
    return np.concatenate([np.full(shape, ragged.fill, array.dtype), array], axis=ragged.axis)
