"""Speaker encoder (D-TDNN): filter bank features of a recording -> speaker embedding.

A small residual network over (bins, frames), then a TDNN at half the frame rate and three blocks of densely connected
layers; mean and deviation over time; a linear layer. All sizes are taken from the weights. A batch norm after a
convolution is folded into it; one before a ReLU without a convolution is a scale and a shift.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.graph.builder import Graph, Value

SAMPLE_RATE = 16000
"""Hz, of the training recordings of the released encoder."""
DILATIONS = (1, 2, 3)
"""Of the convolutions in each dense block; like the strides they cannot be derived from the weights."""
SEGMENT_STEPS = 100
"""Steps over which a gate takes its maximum: two seconds of audio."""
EPSILON = 1e-5
"""Of PyTorch's batch norms."""


def speaker_encoder(weights: Weights) -> Graph:
    """`features` (batch, frames, bins), at least three frames -> `embedding` (batch, size).

    The graph removes the mean of each bin, so features may include theirs. Raises `ConvertError` if sizes contradict
    each other; other problems are reported by `weights.check`.
    """
    graph, layers = Graph("speaker_encoder"), weights / "xvector"
    channels, flat, kernel = weight_shape(weights, "xvector.tdnn.linear", 3)
    planes = weight_shape(weights, "head.conv1", 4)[0]
    bins = 8 * exact_quotient(weights, flat, planes, "inputs of xvector.tdnn", "channels of its head")
    embedding = weight_shape(weights, "xvector.dense.linear", 3)[0]

    features = graph.input("features", ["batch", "frames", bins])
    features = features - graph.op("ReduceMean", features, graph.integers(1))
    x = graph.op("Transpose", features, perm=[0, 2, 1])
    x = graph.op("Unsqueeze", x, graph.integers(1))  # (batch, 1, bins, frames)
    x = head(graph, x, weights / "head", planes)  # (batch, planes, bins / 8, frames)
    x = graph.op("Reshape", x, graph.integers(0, flat, -1))
    tdnn, half = layers / "tdnn", (kernel - 1) // 2
    norm = batch_norm(tdnn / "nonlinear" / "batchnorm", channels)
    x = convolve(graph, "tdnn", x, tdnn / "linear", channels, flat, kernel, norm=norm, strides=[2], pads=[half, half])
    x = graph.op("Relu", x)  # (batch, channels, steps)
    steps = graph.op("Squeeze", graph.op("Shape", x, start=2), graph.integers(0))
    for block, dilation in enumerate(DILATIONS, 1):
        x, channels = dense_block(graph, block, x, weights, channels, steps, dilation)
    x = activate(graph, "last", x, weights / "bn", channels)
    x, dense = statistics_pooling(graph, x, steps), layers / "dense"
    norm = batch_norm(dense / "nonlinear" / "batchnorm", embedding, affine=False)
    x = convolve(graph, "dense", x, dense / "linear", embedding, 2 * channels, 1, norm=norm)

    graph.output("embedding", graph.op("Squeeze", x, graph.integers(2)), ["batch", embedding])
    graph.set_metadata(sample_rate=SAMPLE_RATE, bins=bins, size=embedding)
    return graph


def head(graph: Graph, x: Value, weights: Weights, planes: int) -> Value:
    """Residual 3x3 convolutions, which halve the number of bins three times."""
    square: dict[str, Any] = {"pads": [1, 1, 1, 1]}
    norm = batch_norm(weights / "bn1", planes)
    x = graph.op("Relu", convolve(graph, "head.in", x, weights / "conv1", planes, 1, 3, 3, norm=norm, **square))
    for name in ("layer1", "layer2"):
        for index, stride in enumerate((2, 1)):
            part, place = weights / name / index, f"head.{name}.{index}"
            norms = [batch_norm(part / f"bn{number}", planes) for number in (1, 2)]
            first: dict[str, Any] = {"norm": norms[0], "strides": [stride, 1], **square}
            y = graph.op("Relu", convolve(graph, f"{place}.first", x, part / "conv1", planes, planes, 3, 3, **first))
            y = convolve(graph, f"{place}.second", y, part / "conv2", planes, planes, 3, 3, norm=norms[1], **square)
            if stride > 1:
                straight: dict[str, Any] = {"norm": batch_norm(part / "shortcut" / 1, planes), "strides": [stride, 1]}
                x = convolve(graph, f"{place}.shortcut", x, part / "shortcut" / 0, planes, planes, 1, 1, **straight)
            x = graph.op("Relu", x + y)
    norm = batch_norm(weights / "bn2", planes)
    x = convolve(graph, "head.out", x, weights / "conv2", planes, planes, 3, 3, norm=norm, strides=[2, 1], **square)
    return graph.op("Relu", x)


def dense_block(
    graph: Graph, number: int, x: Value, weights: Weights, channels: int, steps: Value, dilation: int
) -> tuple[Value, int]:
    """Layers that each append `growth` channels to their input, then a linear layer; the number of its channels."""
    place = f"xvector.block{number}"
    part, transit = weights / place, weights / f"xvector.transit{number}"
    growth, narrow, kernel = weight_shape(weights, f"{place}.tdnnd1.se.linear_stem", 3)
    squeezed = weight_shape(weights, f"{place}.tdnnd1.se.linear1", 3)[0]
    outputs, inputs, _ = weight_shape(weights, f"xvector.transit{number}.linear", 3)
    layers = exact_quotient(
        weights, inputs - channels, growth, f"channels that {place} adds", "channels that a layer adds"
    )
    count = graph.value(SEGMENT_STEPS, np.int64)
    segments = graph.op("Div", graph.op("Range", graph.value(0, np.int64), steps, graph.value(1, np.int64)), count)
    for index in range(1, layers + 1):
        name, layer = f"block{number}.{index}", part / f"tdnnd{index}"
        y = activate(graph, name, x, layer / "nonlinear1" / "batchnorm", channels)
        norm = batch_norm(layer / "nonlinear2" / "batchnorm", narrow)
        y = graph.op("Relu", convolve(graph, f"{name}.narrow", y, layer / "linear1", narrow, channels, 1, norm=norm))
        side = (kernel - 1) // 2 * dilation
        stem: dict[str, Any] = {"dilations": [dilation], "pads": [side, side]}
        added = convolve(graph, f"{name}.stem", y, layer / "se" / "linear_stem", growth, narrow, kernel, **stem)
        factors = gate(graph, name, y, layer / "se", (narrow, squeezed, growth), segments)
        x = graph.op("Concat", x, added * factors, axis=1)
        channels += growth
    x = activate(graph, f"transit{number}", x, transit / "nonlinear" / "batchnorm", channels)
    return convolve(graph, f"transit{number}", x, transit / "linear", outputs, channels, 1), outputs


def gate(graph: Graph, name: str, x: Value, weights: Weights, widths: tuple[int, int, int], segments: Value) -> Value:
    """Factors (batch, outputs, steps), from the mean over all steps plus the maximum over a segment.

    The factors are equal within a segment: they are computed per segment and gathered by the steps' segment numbers.
    """
    inputs, inner, outputs = widths
    highest = graph.op("MaxPool", x, kernel_shape=[SEGMENT_STEPS], strides=[SEGMENT_STEPS], ceil_mode=1)
    y = graph.op("ReduceMean", x, graph.integers(2)) + highest  # (batch, inputs, segments)
    y = graph.op("Relu", convolve(graph, f"{name}.squeeze", y, weights / "linear1", inner, inputs, 1, bias=True))
    y = graph.op("Sigmoid", convolve(graph, f"{name}.excite", y, weights / "linear2", outputs, inner, 1, bias=True))
    return graph.op("Gather", y, segments, axis=2)


def statistics_pooling(graph: Graph, x: Value, steps: Value) -> Value:
    """Mean and unbiased standard deviation over time: (batch, 2 channels, 1)."""
    mean = graph.op("ReduceMean", x, graph.integers(2))
    centered = x - mean
    others = graph.op("Cast", graph.op("Sub", steps, graph.value(1, np.int64)), to=1)
    variance = graph.op("Div", graph.op("ReduceSumSquare", centered, graph.integers(2)), others)
    return graph.op("Concat", mean, graph.op("Sqrt", variance), axis=1)


Norm = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Scale and shift of each channel."""


def batch_norm(weights: Weights, channels: int, *, affine: bool = True) -> Norm:
    """A trained batch norm as x * scale + shift."""
    mean, variance = (weights.take(f"running_{name}", channels).astype(np.float64) for name in ("mean", "var"))
    scale = (weights.take("weight", channels) if affine else 1) / np.sqrt(np.maximum(variance, 0) + EPSILON)
    return scale, (weights.take("bias", channels) if affine else 0) - mean * scale


def activate(graph: Graph, name: str, x: Value, weights: Weights, channels: int) -> Value:
    """Batch norm, then ReLU, without a convolution that the norm could be folded into."""
    scale, shift = (part.astype(np.float32).reshape(channels, 1) for part in batch_norm(weights, channels))
    return graph.op("Relu", x * graph.weight(f"{name}.norm.scale", scale) + graph.weight(f"{name}.norm.shift", shift))


def convolve(
    graph: Graph,
    name: str,
    x: Value,
    weights: Weights,
    *shape: int,
    norm: Norm | None = None,
    bias: bool = False,
    **attributes: Any,
) -> Value:
    """A convolution with weight `shape` (outputs, inputs, kernel...), and the batch norm after it, if any."""
    weight, parameters = weights.take("weight", *shape), []
    if norm is not None:
        scale, shift = norm
        weight = (weight * scale.reshape(-1, *(1 for _ in shape[1:]))).astype(np.float32)
        parameters = [graph.weight(f"{name}.bias", shift.astype(np.float32))]
    elif bias:
        parameters = [graph.weight(f"{name}.bias", weights.take("bias", shape[0]))]
    return graph.op("Conv", x, graph.weight(f"{name}.weight", weight), *parameters, **attributes)


def weight_shape(weights: Weights, name: str, rank: int) -> tuple[int, ...]:
    """The shape of a weight with `rank` axes. Raises `ConvertError` if it is missing or has another rank."""
    shape = weights.shape(f"{name}.weight")
    if shape is None or len(shape) != rank or 0 in shape:
        found = "is missing" if shape is None else f"has shape {shape}, {rank} sizes are expected"
        raise ConvertError(f"{weights.label} is not a speaker encoder (D-TDNN): {name}.weight {found}")
    return shape


def exact_quotient(weights: Weights, count: int, size: int, counted: str, unit: str) -> int:
    """`count` / `size`. Raises `ConvertError` if it is not a whole number."""
    if count < size or count % size:
        raise ConvertError(
            f"{weights.label} is not a speaker encoder (D-TDNN): {count} {counted}, not a multiple of the {size} {unit}"
        )
    return count // size
