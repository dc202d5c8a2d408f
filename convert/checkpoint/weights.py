"""The weights of one checkpoint, and an account of them: every one is taken, or reported."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConvertError

Array = NDArray[np.float32]


@dataclass
class Ledger:
    """What was asked of a checkpoint so far."""

    arrays: Mapping[str, Array]
    taken: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class Weights:
    """A view of a checkpoint below a prefix. `take` never fails at once: `settle` names all problems together."""

    def __init__(self, arrays: Mapping[str, Array], label: str) -> None:
        self.label = label
        self._prefix = ""
        self._ledger = Ledger(arrays)

    def __truediv__(self, name: str | int) -> "Weights":
        inner = type(self).__new__(type(self))
        inner.label, inner._ledger, inner._prefix = self.label, self._ledger, f"{self._prefix}{name}."
        return inner

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._ledger.arrays

    def shape(self, name: str) -> tuple[int, ...] | None:
        """None if there is no such weight."""
        array = self._ledger.arrays.get(self._prefix + name)
        return None if array is None else array.shape

    def take(self, name: str, *shape: int) -> Array:
        """The weight of that name, which must have that shape."""
        full = self._prefix + name
        array = self._ledger.arrays.get(full)
        self._ledger.taken.add(full)
        if array is None:
            self._ledger.problems.append(f"{full} is missing, expected shape {shape}")
        elif array.shape != shape:
            self._ledger.problems.append(f"{full} has shape {array.shape}, expected {shape}")
        elif not np.isfinite(array).all():
            self._ledger.problems.append(f"{full} holds NaN or infinity: the training has diverged")
        else:
            return array
        return np.zeros(shape, np.float32)

    def folded(self, *shape: int) -> Array:
        """`weight`, with PyTorch's weight norm (g * v / |v|, norm over all axes but the first) folded in."""
        for magnitude, direction in (
            ("weight_g", "weight_v"),
            ("parametrizations.weight.original0", "parametrizations.weight.original1"),
        ):
            if direction in self:
                v = self.take(direction, *shape).astype(np.float64)
                g = self.take(magnitude, shape[0], *(1 for _ in shape[1:])).astype(np.float64)
                norm = np.sqrt((v**2).sum(axis=tuple(range(1, v.ndim)), keepdims=True))
                return (v * (g / np.maximum(norm, np.finfo(np.float32).tiny))).astype(np.float32)
        return self.take("weight", *shape)

    def settle(self, unused: Sequence[str]) -> list[str]:
        """Raises `ConvertError` naming all missing and misshapen weights; returns the names of the ones left over.

        Those that match a pattern of `unused` serve training only and are not listed.
        """
        if self._ledger.problems:
            listed = "\n  ".join(self._ledger.problems)
            raise ConvertError(f"{self.label} does not fit its configuration:\n  {listed}")
        left = sorted(self._ledger.arrays.keys() - self._ledger.taken)
        return [name for name in left if not any(fnmatch.fnmatch(name, pattern) for pattern in unused)]
