"""Streaming layers: run chunk by chunk, they give the same samples as one run over the whole signal.

A convolution with `left` samples of history and `right` samples of lookahead keeps its last inputs as a state: `left`
zeros before the first chunk (the zero padding), later the samples that the next chunk needs. It convolves without
padding, so a chunk yields only final samples. `final` (0 or 1) appends `right` zeros to the input of every layer.
So a stream has a fixed `delay` relative to the input. When two streams are combined, the one with the smaller delay
keeps its surplus as a state. All chunks run the same graph, and nothing is computed twice.

The first chunk must have more samples than the delay of the last stream.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convert.graph.builder import Graph, Value

TIME_AXIS = 3
INT64_MAX = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Stream:
    """A signal in a streaming graph."""

    value: Value
    """(batch, channels, 1, time): ONNX Runtime's fast convolution kernels need two spatial axes."""
    channels: int
    delay: int = 0
    """Relative to the input, in samples at this stream's rate."""

    def map(self, value: Value) -> "Stream":
        """The stream after a sample-wise operator."""
        return replace(self, value=value)


class StreamGraph(Graph):
    """A graph whose layers keep their history as states."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.final = self.input("final", [1], np.int64)
        self._zeros: dict[tuple[int, int], Value] = {}

    def stream(self, name: str, channels: int) -> Stream:
        """An input (batch, time, channels)."""
        value = self.input(name, ["batch", f"{name}_time", channels])
        self._batch_size = self.op("Shape", value, start=0, end=1)
        unsqueezed = self.op("Unsqueeze", value, self.integers(1))  # (batch, 1, time, channels)
        return Stream(self.op("Transpose", unsqueezed, perm=[0, 3, 1, 2]), channels)

    def channels_last(self, stream: Stream) -> Value:
        """The signal as (batch, time, channels)."""
        return self.op("Squeeze", self.op("Transpose", stream.value, perm=[0, 2, 3, 1]), self.integers(1))

    def convolve(
        self,
        name: str,
        stream: Stream,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
        *,
        left: int = 0,
        right: int = 0,
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
    ) -> Stream:
        """A convolution with weight (out, in / groups, kernel) and zero padding `left` and `right`."""
        delay = -(-right // stride)
        history = left + delay * stride
        value = self._with_history(name, stream, left, right, history) if history else stream.value
        parameters = [self.weight(f"{name}.weight", weight[:, :, None, :])]
        if bias is not None:
            parameters.append(self.weight(f"{name}.bias", bias))
        value = self.op("Conv", value, *parameters, dilations=[1, dilation], strides=[1, stride], group=groups)
        return Stream(value, len(weight), -(-stream.delay // stride) + delay)

    def add(self, name: str, first: Stream, second: Stream) -> Stream:
        """Sum of two streams of one rate, with the larger delay."""
        ahead, behind = sorted((first, second), key=lambda stream: stream.delay)
        return behind.map(self.align(name, ahead, behind).value + behind.value)

    def align(self, name: str, ahead: Stream, behind: Stream) -> Stream:
        """`ahead` with the delay of `behind`; its surplus is a state."""
        if ahead.delay == behind.delay:
            return ahead
        shape = ("batch", ahead.channels, 1)
        surplus = self.state(name, [*shape, 0], [*shape, f"{name}_waiting"])
        joined = self.op("Concat", surplus, ahead.value, axis=TIME_AXIS)
        length = self.op("Shape", behind.value, start=TIME_AXIS, end=TIME_AXIS + 1)
        self.next_state(name, self._slice(joined, length, self.integers(INT64_MAX)), [*shape, None])
        return replace(ahead, value=self._slice(joined, self.integers(0), length), delay=behind.delay)

    def interleave(self, stream: Stream, factor: int) -> Stream:
        """(batch, channels * factor, 1, time) -> (batch, channels, 1, time * factor); c * factor + p is phase p."""
        channels = stream.channels // factor
        value = self.op("Reshape", stream.value, self.integers(0, channels, factor, -1))
        value = self.op("Transpose", value, perm=[0, 1, 3, 2])
        value = self.op("Reshape", value, self.integers(0, channels, 1, -1))
        return Stream(value, channels, stream.delay * factor)

    def _with_history(self, name: str, stream: Stream, left: int, right: int, history: int) -> Value:
        shape = ("batch", stream.channels, 1)
        past = self.state(name, [*shape, left], [*shape, f"{name}_past"])
        parts = [past, stream.value]
        if right:
            parts.append(self._final_padding(stream.channels, right))
        value = self.op("Concat", *parts, axis=TIME_AXIS)
        rest = self._slice(value, self.integers(-history), self.integers(INT64_MAX))
        self.next_state(name, rest, [*shape, None])
        return value

    def _final_padding(self, channels: int, length: int) -> Value:
        """`length` zeros in the last chunk, none in the others."""
        if (channels, length) not in self._zeros:
            time = self.final * self.integers(length)
            shape = self.op("Concat", self._batch_size, self.integers(channels, 1), time, axis=0)
            self._zeros[channels, length] = self.op("ConstantOfShape", shape)
        return self._zeros[channels, length]

    def _slice(self, value: Value, start: Value, end: Value) -> Value:
        return self.op("Slice", value, start, end, self.integers(TIME_AXIS))
