"""Tensors that a graph run takes and returns: NumPy arrays in host memory, or tensors that stay on a device."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = Mapping[str, Array]
"""By input or output name."""


class DeviceTensor(Protocol):
    """An output that stays in the memory of the device that computed it, such as a GPU."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's."""

    def to_host(self) -> Array:
        """A copy in host memory. Raises `LostStateError` when the device is gone."""


BatchTensor: TypeAlias = Array | DeviceTensor
"""An input or output of one run, with the rows of all streams in the batch."""


def to_host(tensor: BatchTensor) -> Array:
    """The tensor as an array; copies only what is on a device. Raises `LostStateError` when the device is gone."""
    return tensor if isinstance(tensor, np.ndarray) else tensor.to_host()
