"""States that a variant of a graph does not keep in plain float32.

A graph with 8-bit layers keeps some of its states as its layers read them: in 8 bits or divided by a scale, with the
channels last. Its metadata say which state of the float32 graph each of them stands for, so that a stream can change
the variant together with its device: `decode` and `encode` are inverse, up to rounding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from server.runtime.tensors import Array

METADATA = "state_encodings"
"""The entry of a graph's metadata: state -> its encoding."""


@dataclass(frozen=True, slots=True, eq=False)
class StateEncoding:
    """How a state is stored: value / scale + zero, in uint8; in float32 if there is no `zero`."""

    state: str
    """The state of the float32 graph that it stands for."""
    scale: Array
    """(channels,), or () for one scale."""
    zero: int | None
    channels_last: bool
    """(batch, 1, time, channels) instead of (batch, channels, 1, time)."""

    def initial(self, shape: tuple[int, ...]) -> Array:
        """Zeros."""
        return np.zeros(shape, np.float32) if self.zero is None else np.full(shape, self.zero, np.uint8)

    def decode(self, stored: Array) -> Array:
        """The float32 state, (batch, channels, 1, time)."""
        last = np.moveaxis(stored, 1, 3) if not self.channels_last else stored
        values = (last.astype(np.float32) - np.float32(self.zero or 0)) * self.scale
        return np.ascontiguousarray(np.moveaxis(values, 3, 1), np.float32)

    def encode(self, values: Array) -> Array:
        """The stored form of a float32 state, (batch, channels, 1, time)."""
        scaled = np.moveaxis(values, 1, 3) / self.scale
        if self.zero is not None:
            scaled = np.clip(np.rint(scaled) + self.zero, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(scaled if self.channels_last else np.moveaxis(scaled, 3, 1))


def read_encodings(metadata: Mapping[str, Any]) -> dict[str, StateEncoding]:
    """The encodings of a graph's states; those that are missing are plain float32."""
    described: Mapping[str, Mapping[str, Any]] = metadata.get(METADATA, {})
    return {
        name: StateEncoding(each["state"], np.array(each["scale"], np.float32), each["zero"], each["channels_last"])
        for name, each in described.items()
    }


def decode_states(inputs: Mapping[str, Any], encodings: Mapping[str, StateEncoding]) -> dict[str, Any]:
    """The inputs of a run with all states in plain float32, under the float32 graph's names."""
    return {
        encodings[name].state if name in encodings else name: encodings[name].decode(value)
        if name in encodings
        else value
        for name, value in inputs.items()
    }


def encode_states(inputs: Mapping[str, Any], encodings: Mapping[str, StateEncoding]) -> dict[str, Any]:
    """The inverse of `decode_states`: the inputs of a graph with these encodings."""
    names = {encoding.state: name for name, encoding in encodings.items()}
    return {
        names.get(name, name): encodings[names[name]].encode(value) if name in names else value
        for name, value in inputs.items()
    }
