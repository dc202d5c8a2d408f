"""Stacks the tensors of several streams into one batch, and splits a batch into rows again.

Next states are not split at once: as long as the same streams stay together, the next run gets the batch tensor as it
is, on the device that holds it. A row is copied only when it is needed alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from server.runtime.tensors import Array, BatchTensor, to_host


@dataclass(frozen=True, slots=True, eq=False)
class StateRow:
    """One stream's row of a state tensor that is still part of its batch."""

    batch: BatchTensor
    axis: int
    row: int

    @property
    def shape(self) -> tuple[int, ...]:
        """As the array of one stream: 1 along the batch axis."""
        shape = self.batch.shape
        return (*shape[: self.axis], 1, *shape[self.axis + 1 :])

    def to_host(self) -> Array:
        """The row as an array. Raises `LostStateError` when it was on a device that is gone."""
        return select_row(to_host(self.batch), self.axis, self.row)


StreamTensor: TypeAlias = Array | StateRow
"""An input of one stream: 1 along the batch axis."""


class PaddedAxis(NamedTuple):
    """An axis along which the rows of a batch may differ in length: shorter ones are padded with `fill` in front."""

    axis: int
    fill: np.float32 = np.float32(0)


def stack(tensors: Sequence[StreamTensor], axis: int | None, padded: PaddedAxis | None = None) -> BatchTensor:
    """The batch tensor of several streams; without a batch `axis` all of them share the first one's."""
    first = tensors[0]
    if isinstance(first, StateRow) and _is_whole_batch(first.batch, tensors):
        return first.batch
    arrays = [tensor.to_host() if isinstance(tensor, StateRow) else tensor for tensor in tensors]
    if axis is None or len(arrays) == 1:
        return arrays[0]
    if padded:
        longest = max(array.shape[padded.axis] for array in arrays)
        arrays = [_pad_front(array, padded, longest - array.shape[padded.axis]) for array in arrays]
    return np.concatenate(arrays, axis=axis)


def select_row(array: Array, axis: int | None, row: int) -> Array:
    """A view of one row, (1, ...) along `axis`; the whole array if there is no batch axis."""
    if axis is None:
        return array
    selected: Array = array[(slice(None),) * axis + (slice(row, row + 1),)]
    return selected


def remove_padding(array: Array, axis: int, count: int) -> Array:
    """Drops the first `count` entries along `axis`."""
    rest: Array = array[(slice(None),) * axis + (slice(count, None),)]
    return rest


def _is_whole_batch(batch: BatchTensor, tensors: Sequence[StreamTensor]) -> bool:
    """Whether the tensors are all rows of `batch`, in their order."""
    first = tensors[0]
    return (
        all(isinstance(each, StateRow) and each.batch is batch and each.row == row for row, each in enumerate(tensors))
        and isinstance(first, StateRow)
        and batch.shape[first.axis] == len(tensors)
    )


def _pad_front(array: Array, padded: PaddedAxis, count: int) -> Array:
    if not count:
        return array
    shape = [*array.shape[: padded.axis], count, *array.shape[padded.axis + 1 :]]
    return np.concatenate([np.full(shape, padded.fill, array.dtype), array], axis=padded.axis)
