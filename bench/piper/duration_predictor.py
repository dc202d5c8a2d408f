"""VITS' stochastic duration predictor, in the direction of synthesis: noise -> logarithms of durations."""

import numpy as np

from bench.piper.layers import VitsGraph
from bench.piper.sizes import PiperSizes
from convert.graph.builder import Value

_TAIL = 5.0
"""The splines map [-tail, tail] to itself; outside of it they are the identity."""
_MIN_WIDTH = 1e-3
"""Of a spline's bins, in both directions, and the least derivative at their ends."""
_LINEAR = float(np.log(np.expm1(1 - _MIN_WIDTH)))
"""A derivative of 1 before normalization: at the tails, where the spline continues as the identity."""
_LOG_DEVIATION = -1.0
"""The durations of random weights: with noise of deviation 0.8 they vary by a factor of 1.3."""


def duration_predictor(graph: VitsGraph, sizes: PiperSizes, x: Value, mask: Value, noise_scale: Value) -> Value:
    """Hidden values (batch, channels, time) -> logarithms of the durations (batch, 1, time), around zero."""
    channels = sizes.channels
    x = graph.convolve("durations.pre", x, channels, channels)
    x = _separable_convolutions(graph, "durations.convolutions", sizes, x, mask)
    x = graph.convolve("durations.out", x, channels, channels) * mask
    shape = graph.op("Concat", graph.size(x, 0), graph.integers(2), graph.size(x, 2), axis=0)
    noise = graph.op("RandomNormalLike", graph.op("ConstantOfShape", shape), seed=0.0, dtype=1)
    z = noise * noise_scale
    for flow in reversed(range(1, sizes.flows)):  # the first one does not change what is used
        z = graph.slice(z, -1, -3, 1, -1)
        z = _spline_flow(graph, f"durations.{flow}", sizes, z, mask, x)
    z = graph.slice(z, -1, -3, 1, -1)
    return graph.slice(graph.exp(graph.value(_LOG_DEVIATION)) * z * mask, 0, 1, 1)


def _separable_convolutions(
    graph: VitsGraph, name: str, sizes: PiperSizes, x: Value, mask: Value, condition: Value | None = None
) -> Value:
    """Depthwise convolutions of growing dilation, each followed by one of a single tap, with residuals."""
    channels = sizes.channels
    x = x if condition is None else x + condition
    for layer in range(sizes.duration_layers):
        part, dilation = f"{name}.{layer}", sizes.kernel**layer
        depth = {"dilation": dilation, "groups": channels}
        y = graph.convolve(f"{part}.depth", x * mask, channels, channels, sizes.kernel, **depth)
        y = graph.gelu(graph.layer_norm(f"{part}.norm1", y, channels))
        y = graph.convolve(f"{part}.point", y, channels, channels)
        x = x + graph.gelu(graph.layer_norm(f"{part}.norm2", y, channels))
    return x * mask


def _spline_flow(graph: VitsGraph, name: str, sizes: PiperSizes, z: Value, mask: Value, condition: Value) -> Value:
    """Changes the second channel of z (batch, 2, time) by splines that depend on the first one."""
    channels, bins = sizes.channels, sizes.spline_bins
    first, second = graph.ops("Split", 2, z, axis=1, num_outputs=2)
    h = graph.convolve(f"{name}.pre", first, 1, channels)
    h = _separable_convolutions(graph, f"{name}.convolutions", sizes, h, mask, condition)
    h = graph.convolve(f"{name}.out", h, channels, 3 * bins - 1) * mask
    h = graph.op("Transpose", graph.op("Unsqueeze", h, graph.integers(1)), perm=[0, 1, 3, 2])  # (batch, 1, time, 29)
    scale = channels**-0.5
    widths, heights = (graph.slice(h, start, start + bins, 3) * scale for start in (0, bins))
    changed = _inverse_spline(graph, bins, second, widths, heights, graph.slice(h, 2 * bins, 3 * bins - 1, 3))
    return graph.op("Concat", first, changed, axis=1) * mask


def _inverse_spline(graph: VitsGraph, bins: int, y: Value, widths: Value, heights: Value, derivatives: Value) -> Value:
    """Inverse of a monotonic rational-quadratic spline (Durkan et al., 2019, equations 6 to 8) at y (batch, 1, time).

    The parameters are (..., bins) and (..., bins - 1), before normalization. Values outside of the tails are chosen at
    the end, where Piper's export gathers and scatters those inside: the same values with less work.
    """
    xs, ys = _knots(graph, bins, widths), _knots(graph, bins, heights)
    ends = graph.integers(0, 0, 0, 1, 0, 0, 0, 1)
    slopes = graph.op("Softplus", graph.op("Pad", derivatives, ends, graph.value(_LINEAR))) + _MIN_WIDTH
    inside = graph.op("Clip", y, graph.value(-_TAIL), graph.value(_TAIL - 1e-4))
    point = graph.op("Unsqueeze", inside, graph.integers(3))
    at_or_above = graph.op("Cast", graph.op("GreaterOrEqual", point, ys), to=7)
    index = graph.op("ReduceSum", at_or_above, graph.integers(3), keepdims=1) - graph.integers(1)

    def at(values: Value, shift: int = 0) -> Value:
        found = graph.op("GatherElements", values, index + graph.integers(shift), axis=3)
        return graph.op("Squeeze", found, graph.integers(3))

    x0, y0 = at(xs), at(ys)
    width, height, slope0, slope1 = at(xs, 1) - x0, at(ys, 1) - y0, at(slopes), at(slopes, 1)
    delta = graph.op("Div", height, width)
    above, bend = inside - y0, slope0 + slope1 - delta * 2.0
    a = above * bend + height * (delta - slope0)
    b = height * slope0 - above * bend
    c = delta * above * -1.0
    root = graph.op("Sqrt", graph.op("Relu", b * b - a * c * 4.0))
    changed = graph.op("Div", c * 2.0, b * -1.0 - root) * width + x0
    return graph.op("Where", graph.op("Greater", graph.op("Abs", y), graph.value(_TAIL)), y, changed)


def _knots(graph: VitsGraph, bins: int, sizes: Value) -> Value:
    """The ends of the bins from -tail to tail, (..., bins + 1)."""
    shares = graph.op("Softmax", sizes, axis=-1) * (1 - _MIN_WIDTH * bins) + _MIN_WIDTH
    ends = graph.op("CumSum", shares, graph.value(-1, np.int64))
    return graph.pad(ends, 1, 0, 3, 4) * (2 * _TAIL) - _TAIL
