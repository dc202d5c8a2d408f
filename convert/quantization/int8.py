"""A vocoder whose residual convolutions compute in 8 bits: the form that ONNX Runtime turns into integer kernels.

A convolution between QuantizeLinear and DequantizeLinear becomes one QLinearConv. Everything else stays float32, the
states at the boundary included, so a stream may change between the variants in its middle.

Three choices come from measurements (docs/precision.md). Only wide residual convolutions are quantised: narrow
ones gain nothing; the upsamplings, the first and last convolution and the source lose most and gain little. Scales of
activations are per channel, although QLinearConv knows one for all: the input's are folded into the weights, the
output's are multiplied afterwards. Scales are static: they must not depend on what else is in a chunk or a batch.
"""

from collections.abc import Collection, Iterable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from convert.quantization.calibration import Arrays, Player

Range = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Lowest and highest value of each channel, (channels,) both; zero lies between."""
RESIDUAL = (".dilated.weight", ".plain.weight")
"""How `hifigan` names the weights of its residual convolutions: <stage>.<block>.<index> and one of these."""
WIDE = 192
"""Products that an input value takes part in (channels * kernel), from which 8 bits are faster: below, rounding the
input and the output costs what the products save (measured, docs/precision.md)."""
LEAST = 1e-6
"""A scale is at least this, for a channel that is always zero."""
LARGEST = 2**31 - 128
"""That a float32 can hold and an int32 too."""


def wide_blocks(model: onnx.ModelProto) -> dict[str, list[str]]:
    """The names of the convolutions of each residual block that is worth 8 bits; a block's own name is like `2.0`."""
    shapes = {array.name: array.dims for array in model.graph.initializer}
    blocks: dict[str, list[str]] = {}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1].endswith(RESIDUAL):
            outputs, _, _, kernel = shapes[node.input[1]]
            if outputs * kernel >= WIDE:
                blocks.setdefault(".".join(node.input[1].split(".")[:2]), []).append(node.name)
    return blocks


def work(model: onnx.ModelProto, chosen: Collection[str]) -> float:
    """The share of the convolutions' multiplications that the chosen ones do. Each runs at its stage's rate."""
    shapes = {array.name: array.dims for array in model.graph.initializer}
    scale, total, part = 1, 0.0, 0.0
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1].startswith("source") or ".source." in node.input[1]:
            continue
        outputs, inputs, _, kernel = shapes[node.input[1]]
        effort = outputs * inputs * kernel * scale
        total += effort
        part += effort if node.name in chosen else 0
        if node.input[1].endswith(".up.weight"):
            scale *= upsampling(model, outputs, node.input[1])
    return part / total


def upsampling(model: onnx.ModelProto, outputs: int, name: str) -> int:
    """Output channels of a merged upsampling over the channels of the blocks after it."""
    stage = name.split(".")[0]
    shapes = {array.name: array.dims for array in model.graph.initializer}
    return int(outputs // shapes[f"{stage}.0.0.dilated.weight"][1])


def measure(model: onnx.ModelProto, chosen: Collection[str], inputs: Iterable[Arrays]) -> dict[str, Range]:
    """The range of each channel of what goes into and comes out of the chosen convolutions, over all inputs."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    graph = watched.graph
    nodes = [node for node in graph.node if node.name in chosen]
    tensors = sorted({name for node in nodes for name in (node.input[0], node.output[0])})
    graph.initializer.append(numpy_helper.from_array(np.array([3]), "watched.axes"))
    for tensor in tensors:
        for kind in ("Min", "Max"):
            graph.node.append(
                helper.make_node(f"Reduce{kind}", [tensor, "watched.axes"], [f"{tensor}.{kind}"], keepdims=0)
            )
            graph.output.append(helper.make_tensor_value_info(f"{tensor}.{kind}", TensorProto.FLOAT, None))
    player = Player(watched.SerializeToString())
    names = [f"{tensor}.{kind}" for tensor in tensors for kind in ("Min", "Max")]
    runs = [player.run(given | player.start(), *names) for given in inputs]
    return {
        tensor: (
            np.minimum(0, np.min([run[f"{tensor}.Min"] for run in runs], axis=(0, 1, 3))),
            np.maximum(0, np.max([run[f"{tensor}.Max"] for run in runs], axis=(0, 1, 3))),
        )
        for tensor in tensors
    }


def quantise(model: onnx.ModelProto, chosen: Collection[str], ranges: dict[str, Range]) -> onnx.ModelProto:
    """The model with the chosen convolutions in 8 bits."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    arrays = {array.name: array for array in graph.initializer}
    added: dict[str, NDArray] = {}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name in chosen:
            weight, bias = (numpy_helper.to_array(arrays[name]).astype(np.float64) for name in node.input[1:])
            around = (ranges[node.input[0]], ranges[node.output[0]])
            nodes += integer_convolution(node, weight, bias, *around, added)
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [array for array in graph.initializer if array.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*kept, *(numpy_helper.from_array(array, name) for name, array in added.items())])
    onnx.checker.check_model(result, full_check=True)
    return result


def integer_convolution(
    node: onnx.NodeProto, weight: NDArray, bias: NDArray, before: Range, after: Range, added: dict[str, NDArray]
) -> list[onnx.NodeProto]:
    """One convolution with the nodes around it; `added` takes its constants.

    With scales s of the input's channels and t of the output's, y / t = conv(x / s) with the weights w * s / t.
    """
    (s, zero_before), (t, zero_after) = scales(before), scales(after)
    weight = weight * s[None, :, None, None] / t[:, None, None, None]
    steps = np.maximum(np.abs(weight).reshape(len(weight), -1).max(axis=1) / 127, 1e-12).astype(np.float32)
    added["one"] = np.ones((), np.float32)

    def constant(name: str, array: NDArray) -> str:
        added[f"{node.name}.{name}"] = array
        return f"{node.name}.{name}"

    def make(kind: str, output: str, *inputs: str, **attributes: int) -> str:
        made.append(helper.make_node(kind, inputs, [output], name=f"{output}.{kind}", **attributes))
        return output

    made: list[onnx.NodeProto] = []
    name, zeros = node.name, np.zeros(len(steps))
    zero = constant("input.zero", zero_before)
    every = constant("input.zeros", np.full(len(s), zero_before))
    x = make("QuantizeLinear", f"{name}.quantised", node.input[0], constant("input.scale", s), every, axis=1)
    x = make("DequantizeLinear", f"{name}.input", x, "one", zero)
    scale = constant("weight.scale", steps)
    w = constant("weight.int8", np.round(weight / steps[:, None, None, None]).astype(np.int8))
    w = make("DequantizeLinear", f"{name}.weight", w, scale, constant("weight.zeros", zeros.astype(np.int8)), axis=0)
    b = constant("bias.int32", np.clip(np.round(bias / t / steps), -LARGEST, LARGEST).astype(np.int32))
    b = make("DequantizeLinear", f"{name}.bias", b, scale, constant("bias.zeros", zeros.astype(np.int32)), axis=0)
    y = make("Conv", f"{name}.exact", x, w, b)
    made[-1].attribute.extend(node.attribute)
    zero = constant("output.zero", zero_after)
    y = make("QuantizeLinear", f"{name}.rounded", y, "one", zero)
    y = make("DequantizeLinear", f"{name}.unscaled", y, "one", zero)
    make("Mul", node.output[0], y, constant("output.scale", t[None, :, None, None]))
    return made


def scales(span: Range) -> tuple[NDArray[np.float32], np.uint8]:
    """A scale for each channel and the one zero point, so that every range fits into 0 to 255."""
    low, high = (end.astype(np.float64) for end in span)
    zero = round(255 * -low.min() / max(high.max() - low.min(), LEAST))
    fits = np.maximum(high / max(255 - zero, LEAST), -low / max(zero, LEAST))
    return np.maximum(fits, LEAST).astype(np.float32), np.uint8(zero)
