"""Layers that run chunk by chunk and give what one run over everything would have given, to the last sample.

A convolution that looks `left` samples back and `right` ahead keeps its last inputs as a state: `left` zeros before the
first chunk (the zero padding), later as many real samples as the next chunk needs. It convolves without padding, so a
chunk yields what is already certain. `final` (0 or 1) appends `right` zeros to the right of every layer's own stream.
So a stream lags behind its input by a fixed `delay`, and two streams that meet wait for one another: the one that is
ahead keeps its surplus as a state. First, middle and last chunks run the same graph and nothing is computed twice.

The first chunk must be long enough that something reaches the end: more samples than the last stream's delay.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convert.graph.builder import Graph, Value

TIME = 3
END = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Stream:
    """A signal on its way through a graph."""

    value: Value
    """(batch, channels, 1, time): ONNX Runtime's fast convolution kernels want two spatial axes."""
    channels: int
    delay: int = 0
    """Samples, at this stream's own rate, by which it lags behind the input."""

    def map(self, value: Value) -> "Stream":
        """The same signal after an operator that works sample by sample."""
        return replace(self, value=value)


class StreamGraph(Graph):
    """A graph whose layers carry their own past."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.final = self.input("final", [1], np.int64)
        self._batch: Value | None = None
        self._zeros: dict[tuple[int, int], Value] = {}

    def stream(self, name: str, channels: int) -> Stream:
        """An input (batch, time, channels), as signals are kept outside of a graph."""
        value = self.input(name, ["batch", f"{name}_time", channels])
        self._batch = self.op("Shape", value, start=0, end=1)
        rows = self.op("Unsqueeze", value, self.integers(1))  # (batch, 1, time, channels)
        return Stream(self.op("Transpose", rows, perm=[0, 3, 1, 2]), channels)

    def rows(self, stream: Stream) -> Value:
        """(batch, time, channels)"""
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
        """weight (out, in / groups, kernel), zero padding `left` and `right`."""
        delay = -(-right // stride)
        kept = left + delay * stride
        value = stream.value
        if kept:
            value = self._with_past(name, stream, left, right, kept)
        parameters = [self.weight(f"{name}.weight", weight[:, :, None, :])]
        if bias is not None:
            parameters.append(self.weight(f"{name}.bias", bias))
        value = self.op("Conv", value, *parameters, dilations=[1, dilation], strides=[1, stride], group=groups)
        return Stream(value, len(weight), -(-stream.delay // stride) + delay)

    def add(self, name: str, first: Stream, second: Stream) -> Stream:
        """Sum of two streams of one rate; the one that is ahead waits."""
        ahead, behind = sorted((first, second), key=lambda stream: stream.delay)
        return behind.map(self.align(name, ahead, behind).value + behind.value)

    def align(self, name: str, ahead: Stream, behind: Stream) -> Stream:
        """`ahead`, held back until it is in step with `behind`; its surplus is a state."""
        if ahead.delay == behind.delay:
            return ahead
        shape = ["batch", ahead.channels, 1, f"{name}_waiting"]
        joined = self.op("Concat", self.state(name, [*shape[:TIME], 0], shape), ahead.value, axis=TIME)
        length = self.op("Shape", behind.value, start=TIME, end=TIME + 1)
        self.next_state(name, self._slice(joined, length, self.integers(END)), [*shape[:TIME], None])
        return replace(ahead, value=self._slice(joined, self.integers(0), length), delay=behind.delay)

    def interleave(self, stream: Stream, factor: int) -> Stream:
        """(batch, channels * factor, 1, time) -> (batch, channels, 1, time * factor); c * factor + p is phase p."""
        channels = stream.channels // factor
        value = self.op("Reshape", stream.value, self.integers(0, channels, factor, -1))
        value = self.op("Transpose", value, perm=[0, 1, 3, 2])
        value = self.op("Reshape", value, self.integers(0, channels, 1, -1))
        return Stream(value, channels, stream.delay * factor)

    def _with_past(self, name: str, stream: Stream, left: int, right: int, kept: int) -> Value:
        shape = ["batch", stream.channels, 1, f"{name}_past"]
        past = self.state(name, [*shape[:TIME], left], shape)
        parts = [past, stream.value]
        if right:
            parts.append(self._end(stream.channels, right))
        value = self.op("Concat", *parts, axis=TIME)
        rest = self._slice(value, self.integers(-kept), self.integers(END))
        self.next_state(name, rest, [*shape[:TIME], None])
        return value

    def _end(self, channels: int, length: int) -> Value:
        """`length` zeros in the last chunk, none before."""
        if (channels, length) not in self._zeros:
            time = self.final * self.integers(length)
            shape = self.op("Concat", self._batch, self.integers(channels, 1), time, axis=0)
            self._zeros[channels, length] = self.op("ConstantOfShape", shape)
        return self._zeros[channels, length]

    def _slice(self, value: Value, start: Value, end: Value) -> Value:
        return self.op("Slice", value, start, end, self.integers(TIME))
