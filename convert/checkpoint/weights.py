"""The weights of one checkpoint, with a record of which of them are used."""

import fnmatch
from collections.abc import Mapping, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConvertError

Array = NDArray[np.float32]
_WEIGHT_NORMS = (("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1"))
"""Names of magnitude and direction in PyTorch's old and new weight norm."""


class Weights:
    """The weights below a prefix. `take` records problems instead of raising them; `check` raises all of them."""

    def __init__(self, arrays: Mapping[str, Array], label: str) -> None:
        self.label = label
        self._arrays, self._prefix = arrays, ""
        self._requested: set[str] = set()
        self._problems: list[str] = []

    def __truediv__(self, name: str | int) -> "Weights":
        inner = copy(self)  # shares the record of requests and problems
        inner._prefix += f"{name}."
        return inner

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._arrays

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a weight; None if it is missing. The weight does not count as used."""
        array = self._arrays.get(self._prefix + name)
        return None if array is None else array.shape

    def take(self, name: str, *shape: int) -> Array:
        """The weight of that name and shape; zeros if it is missing, has another shape or is not finite."""
        full = self._prefix + name
        array = self._arrays.get(full)
        self._requested.add(full)
        if array is None:
            self._problems.append(f"{full} is missing, expected shape {shape}")
        elif array.shape != shape:
            self._problems.append(f"{full} has shape {array.shape}, expected {shape}")
        elif not np.isfinite(array).all():
            self._problems.append(f"{full} holds NaN or infinity: the training has diverged")
        else:
            return array
        return np.zeros(shape, np.float32)

    def fold_weight_norm(self, *shape: int) -> Array:
        """`weight` with PyTorch's weight norm folded in: g * v / |v|, the norm over all axes but the first."""
        for magnitude, direction in _WEIGHT_NORMS:
            if direction in self:
                v = self.take(direction, *shape).astype(np.float64)
                g = self.take(magnitude, shape[0], *(1 for _ in shape[1:])).astype(np.float64)
                norm = np.sqrt((v**2).sum(axis=tuple(range(1, v.ndim)), keepdims=True))
                folded: Array = (v * (g / np.maximum(norm, np.finfo(np.float32).tiny))).astype(np.float32)
                return folded
        return self.take("weight", *shape)

    def check(self) -> None:
        """Raises `ConvertError`, which lists all missing, misshapen and non-finite weights requested so far."""
        if self._problems:
            listed = "\n  ".join(self._problems)
            raise ConvertError(f"{self.label} does not fit its configuration:\n  {listed}")

    def unused(self, ignored: Sequence[str] = ()) -> list[str]:
        """The names of the weights that were not requested, sorted, without those that match a pattern of `ignored`."""
        names = sorted(self._arrays.keys() - self._requested)
        return [name for name in names if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored)]
