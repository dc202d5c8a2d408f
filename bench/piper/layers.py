"""Layers of VITS with random weights. Signals are (batch, channels, time), as in PyTorch; masks (batch, 1, time)."""

import numpy as np

from convert.graph.builder import Graph, Value

_EPSILON = 1e-5
"""Of every layer norm in VITS."""


class VitsGraph(Graph):
    """A graph that draws its weights, with a fixed seed. Speed does not depend on them."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._random = np.random.default_rng(0)

    def parameter(self, name: str, *shape: int, bound: float) -> Value:
        """A weight, uniform in [-bound, bound]."""
        return self.weight(name, self._random.uniform(-bound, bound, shape).astype(np.float32))

    def convolve(
        self, name: str, x: Value, inputs: int, outputs: int, kernel: int = 1, *, dilation: int = 1, groups: int = 1
    ) -> Value:
        """Conv1d whose output is as long as its input."""
        fan_in = inputs // groups * kernel
        weight = self.parameter(f"{name}.weight", outputs, inputs // groups, kernel, bound=fan_in**-0.5)
        bias = self.parameter(f"{name}.bias", outputs, bound=fan_in**-0.5)
        pad = (kernel - 1) * dilation // 2
        return self.op("Conv", x, weight, bias, dilations=[dilation], group=groups, pads=[pad, pad])

    def layer_norm(self, name: str, x: Value, channels: int) -> Value:
        """Layer normalization over the channels."""
        scale = self.weight(f"{name}.scale", np.ones(channels, np.float32))
        bias = self.weight(f"{name}.bias", np.zeros(channels, np.float32))
        y = self.op("Transpose", x, perm=[0, 2, 1])
        y = self.op("LayerNormalization", y, scale, bias, axis=-1, epsilon=_EPSILON)
        return self.op("Transpose", y, perm=[0, 2, 1])

    def gelu(self, x: Value) -> Value:
        """The exact form, which ONNX Runtime fuses to one operator."""
        return x * (self.op("Erf", x * (1 / 2**0.5)) + 1.0) * 0.5

    def exp(self, x: Value) -> Value:
        """The exponential."""
        return self.op("Exp", x)

    def size(self, x: Value, axis: int) -> Value:
        """The length of an axis, (1,)."""
        return self.op("Shape", x, start=axis, end=axis + 1)

    def slice(self, x: Value, start: int | Value, end: int | Value, axis: int, step: int = 1) -> Value:
        """A part of one axis."""
        bounds = (self.integers(each) if isinstance(each, int) else each for each in (start, end))
        return self.op("Slice", x, *bounds, self.integers(axis), self.integers(step))

    def reshape(self, x: Value, *sizes: int | Value) -> Value:
        """A tensor of another shape; dynamic sizes are (1,)."""
        parts = [self.integers(size) if isinstance(size, int) else size for size in sizes]
        return self.op("Reshape", x, self.op("Concat", *parts, axis=0))

    def pad(self, x: Value, before: int | Value, after: int | Value, axis: int, rank: int) -> Value:
        """Zeros before and after one axis."""
        parts = [self.integers(0)] * (2 * rank)
        for index, amount in ((axis, before), (axis + rank, after)):
            parts[index] = self.integers(amount) if isinstance(amount, int) else amount
        return self.op("Pad", x, self.op("Concat", *parts, axis=0))

    def below(self, lengths: Value, limit: Value) -> Value:
        """1.0 at the positions 0 to `limit` - 1 that are below `lengths` (..., 1), else 0.0: (..., limit)."""
        zero, one = self.value(0, np.int64), self.value(1, np.int64)
        positions = self.op("Range", zero, self.op("Squeeze", limit), one)
        return self.op("Cast", self.op("Less", positions, lengths), to=1)
