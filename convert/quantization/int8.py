"""Quantizes the wide residual convolutions of a vocoder to 8 bits.

A convolution between QuantizeLinear and DequantizeLinear, which ONNX Runtime fuses to a QLinearConv. Everything else,
the states included, stays float32, so that a stream can switch variants.

Three choices come from measurements (docs/precision.md). Only wide residual convolutions are quantized: narrow ones
gain nothing; the upsamplings, the first and last convolution and the source lose most quality for little gain.
Activations have a scale per channel, although QLinearConv supports only one per tensor: the scales of the input are
folded into the weights, the output is multiplied by its scales. Scales are static: they must not depend on the rest of
a chunk or batch.
"""

from collections.abc import Collection, Iterable
from copy import deepcopy
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from convert.quantization.calibration import Arrays, CalibrationSession
from convert.quantization.graph_rewriting import replace_nodes

Array = NDArray[Any]
ChannelRange = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Lowest and highest value of each channel, both (channels,); includes zero."""
RESIDUAL_WEIGHTS = (".dilated.weight", ".plain.weight")
"""Endings of the names of residual convolutions in `hifigan`: <stage>.<block>.<index> and one of these."""
MIN_PRODUCTS_PER_INPUT = 192
"""Products per input value (channels * kernel) from which 8 bits are faster: in narrower convolutions quantizing the
input and the output costs more than the products save (measured, docs/precision.md)."""
MIN_SCALE = 1e-6
"""Of a channel that is always zero."""
MAX_BIAS = 2**31 - 128
"""The largest int32 that float32 represents."""


def wide_blocks(model: onnx.ModelProto) -> dict[str, list[str]]:
    """Residual block (`<stage>.<block>`) -> the node names of its wide convolutions."""
    shapes = _weight_shapes(model)
    blocks: dict[str, list[str]] = {}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1].endswith(RESIDUAL_WEIGHTS):
            outputs, _, _, kernel = shapes[node.input[1]]
            if outputs * kernel >= MIN_PRODUCTS_PER_INPUT:
                blocks.setdefault(".".join(node.input[1].split(".")[:2]), []).append(node.name)
    return blocks


def multiplication_share(model: onnx.ModelProto, chosen: Collection[str]) -> float:
    """The share of the chosen nodes in the multiplications of all convolutions, each at the rate of its stage."""
    shapes = _weight_shapes(model)
    rate, total, part = 1, 0.0, 0.0
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1].startswith("source") or ".source." in node.input[1]:
            continue
        outputs, inputs, _, kernel = shapes[node.input[1]]
        multiplications = outputs * inputs * kernel * rate
        total += multiplications
        part += multiplications if node.name in chosen else 0
        if node.input[1].endswith(".up.weight"):
            # A merged upsampling has `scale` times the channels of the blocks after it.
            stage = node.input[1].split(".")[0]
            rate *= outputs // shapes[f"{stage}.0.0.dilated.weight"][1]
    return part / total


def measure_ranges(
    model: onnx.ModelProto, chosen: Collection[str], inputs: Iterable[Arrays]
) -> dict[str, ChannelRange]:
    """The channel ranges of the inputs and outputs of the chosen convolutions, over all `inputs` of the vocoder."""
    observed = deepcopy(model)
    graph = observed.graph
    nodes = [node for node in graph.node if node.name in chosen]
    tensors = sorted({name for node in nodes for name in (node.input[0], node.output[0])})
    graph.initializer.append(numpy_helper.from_array(np.array([3]), "range.axes"))
    outputs = {f"{tensor}.{kind}": (tensor, kind) for tensor in tensors for kind in ("Min", "Max")}
    for name, (tensor, kind) in outputs.items():
        graph.node.append(helper.make_node(f"Reduce{kind}", [tensor, "range.axes"], [name], keepdims=0))
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = CalibrationSession(observed.SerializeToString())
    runs = [session.run(given | session.initial_state(), *outputs) for given in inputs]
    return {
        tensor: (
            np.minimum(0, np.min([run[f"{tensor}.Min"] for run in runs], axis=(0, 1, 3))),
            np.maximum(0, np.max([run[f"{tensor}.Max"] for run in runs], axis=(0, 1, 3))),
        )
        for tensor in tensors
    }


def quantize(model: onnx.ModelProto, chosen: Collection[str], ranges: dict[str, ChannelRange]) -> onnx.ModelProto:
    """The model with the chosen convolutions in 8 bits."""
    weights = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    constants: dict[str, Array] = {}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes += quantized_convolution(node, weights, ranges, constants) if node.name in chosen else [node]
    return replace_nodes(model, nodes, constants)


def quantized_convolution(
    node: onnx.NodeProto, weights: dict[str, Array], ranges: dict[str, ChannelRange], constants: dict[str, Array]
) -> list[onnx.NodeProto]:
    """The nodes that replace one convolution; their constants are added to `constants`.

    With scales s of the input's channels and t of the output's, y / t = conv(x / s) with the weights w * s / t.
    """
    weight, bias = (weights[name].astype(np.float64) for name in node.input[1:])
    (s, input_zero), (t, output_zero) = (channel_scales(ranges[name]) for name in (node.input[0], node.output[0]))
    weight = weight * s[None, :, None, None] / t[:, None, None, None]
    steps = np.maximum(np.abs(weight).reshape(len(weight), -1).max(axis=1) / 127, 1e-12).astype(np.float32)
    constants["one"] = np.ones((), np.float32)

    def constant(name: str, array: Any) -> str:
        constants[f"{node.name}.{name}"] = array
        return f"{node.name}.{name}"

    def make(kind: str, output: str, *inputs: str, **attributes: Any) -> str:
        made.append(helper.make_node(kind, inputs, [output], name=f"{output}.{kind}", **attributes))
        return output

    made: list[onnx.NodeProto] = []
    name, zeros = node.name, np.zeros(len(steps))
    zero = constant("input.zero", input_zero)
    channel_zeros = constant("input.zeros", np.full(len(s), input_zero))
    x = make("QuantizeLinear", f"{name}.quantised", node.input[0], constant("input.scale", s), channel_zeros, axis=1)
    x = make("DequantizeLinear", f"{name}.input", x, "one", zero)
    scale = constant("weight.scale", steps)
    w = constant("weight.int8", np.round(weight / steps[:, None, None, None]).astype(np.int8))
    w = make("DequantizeLinear", f"{name}.weight", w, scale, constant("weight.zeros", zeros.astype(np.int8)), axis=0)
    b = constant("bias.int32", np.clip(np.round(bias / t / steps), -MAX_BIAS, MAX_BIAS).astype(np.int32))
    b = make("DequantizeLinear", f"{name}.bias", b, scale, constant("bias.zeros", zeros.astype(np.int32)), axis=0)
    y = make("Conv", f"{name}.exact", x, w, b)
    made[-1].attribute.extend(node.attribute)
    zero = constant("output.zero", output_zero)
    y = make("QuantizeLinear", f"{name}.rounded", y, "one", zero)
    y = make("DequantizeLinear", f"{name}.unscaled", y, "one", zero)
    make("Mul", node.output[0], y, constant("output.scale", t[None, :, None, None]))
    return made


def channel_scales(span: ChannelRange) -> tuple[NDArray[np.float32], np.uint8]:
    """A scale per channel and the common zero point, so that all ranges fit into 0 to 255."""
    low, high = (end.astype(np.float64) for end in span)
    zero = round(255 * -low.min() / max(high.max() - low.min(), MIN_SCALE))
    fitting = np.maximum(high / max(255 - zero, MIN_SCALE), -low / max(zero, MIN_SCALE))
    return np.maximum(fitting, MIN_SCALE).astype(np.float32), np.uint8(zero)


def _weight_shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    return {array.name: list(array.dims) for array in model.graph.initializer}
