"""Storage formats for the weights of an ONNX graph that are smaller than float32, with float32 computation.

Only the file changes. Nodes after the stored numbers convert them to float32. Their inputs are constant, so ONNX
Runtime folds them when it opens the graph, and runs the float32 graph. (DequantizeLinear would be one node instead of
three, but ONNX Runtime does not fold it and would run it every time.)

- `float16`: rounding changes a number by 0.05 % at most, which is inaudible.
- `int8`: integers from -127 to 127 with a scale per output channel; small weights are float16. Sinusoidal tables are
  computed by nodes, and the structural zeros of upsampling kernels are left out. Names take a relevant part of so small
  a file, so internal values are renamed to short ones.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from convert.models.text_encoder import sinusoids

Floats = NDArray[np.float32]

MIN_FLOAT16_SIZE = {"float16": 256, "int8": 48}
"""Numbers in a weight, by format. Smaller weights stay float32: the nodes would take more space than they save."""
MIN_INT8_SIZE = 384
MAX_FLOAT16 = 65504.0
INT8_LEVELS = 127
DEFAULT_CONV_ATTRIBUTES = {"dilations": ([1], [1, 1]), "strides": ([1], [1, 1]), "group": (1,)}
"""Attributes of a convolution that are left out when they have these values."""


def store_as_float16(graph: onnx.GraphProto) -> None:
    """Stores the weights of `graph` as float16, in place."""
    stored = StoredWeights()
    for weight in graph.initializer:
        if _stays_float32(weight, MIN_FLOAT16_SIZE["float16"]):
            stored.arrays.append(weight)
        else:
            stored.add_float16(weight.name, numpy_helper.to_array(weight))
    stored.replace_weights(graph)


def store_as_int8(graph: onnx.GraphProto) -> None:
    """Stores the weights of `graph` as int8, in place, and shortens the graph's names."""
    stored = StoredWeights()
    users = {name: (node.op_type, index) for node in _all_nodes(graph) for index, name in enumerate(node.input)}
    for weight in graph.initializer:
        name, user, values = weight.name, users[weight.name], numpy_helper.to_array(weight)
        if _stays_float32(weight, MIN_FLOAT16_SIZE["int8"]):
            stored.arrays.append(weight)
        elif values.size < MIN_INT8_SIZE or user not in REDUCED_AXES:
            stored.add_float16(name, values)
        elif values.ndim == 2 and np.allclose(values, sinusoids(*values.shape), atol=1e-4):
            stored.add_sinusoids(name, *values.shape)
        elif user == ("Conv", 1) and (early := early_rows(values)) is not None:
            stored.add_shifted_kernels(name, values, early)
        else:
            stored.add_int8(name, values, REDUCED_AXES[user](values.ndim))
    stored.replace_weights(graph)
    _shrink_structure(graph)


STORAGE_FORMATS: Mapping[str, Callable[[onnx.GraphProto], None]] = {"float16": store_as_float16, "int8": store_as_int8}

REDUCED_AXES: Mapping[tuple[str, int], Callable[[int], tuple[int, ...]]] = {
    ("Conv", 1): lambda axes: tuple(range(1, axes)),
    ("MatMul", 1): lambda axes: (axes - 2,),
    ("LSTM", 1): lambda axes: (axes - 1,),
    ("LSTM", 2): lambda axes: (axes - 1,),
    ("Gather", 0): lambda axes: (axes - 1,),
    ("Slice", 0): lambda axes: (axes - 1,),
}
"""(operator, input) -> the axes of a weight that share a scale: those summed for one output channel, or a row."""


class StoredWeights:
    """Collects the stored arrays of a graph's weights and the nodes that restore the weights from them."""

    def __init__(self) -> None:
        self.arrays: list[onnx.TensorProto] = []
        self.nodes: list[onnx.NodeProto] = []

    def add_float16(self, name: str, values: Floats) -> str:
        """Stores the weight `name` as float16."""
        return self._node("Cast", name, self._array(f"{name}.half", values.astype(np.float16)), to=TensorProto.FLOAT)

    def add_int8(self, name: str, values: Floats, reduced: tuple[int, ...]) -> str:
        """Stores the weight `name` as int8, with one scale over the `reduced` axes, chosen by the largest magnitude."""
        scales = (np.abs(values).max(reduced, keepdims=True) / INT8_LEVELS).astype(np.float16).astype(np.float32)
        codes = np.round(values / np.where(scales == 0, 1, scales)).clip(-INT8_LEVELS, INT8_LEVELS).astype(np.int8)
        integers = self._node("Cast", f"{name}.whole", self._array(f"{name}.codes", codes), to=TensorProto.FLOAT)
        return self._node("Mul", name, integers, self.add_float16(f"{name}.step", scales))

    def add_sinusoids(self, name: str, rows: int, size: int) -> str:
        """Computes the weight `name` as `convert.models.text_encoder.sinusoids` does, to 1e-4."""
        limits = {"first": 1, "end": rows + 1, "stride": 1}
        bounds = [self._array(f"{name}.{limit}", np.float32(value)) for limit, value in limits.items()]
        positions = self._node("Range", f"{name}.places", *bounds)
        column = self._node("Unsqueeze", f"{name}.column", positions, self._array(f"{name}.axis", np.array([1])))
        frequencies = 10000.0 ** -(np.arange(size // 2) / (size / 2 - 1))
        factors = self._array(f"{name}.speeds", frequencies.astype(np.float32))
        angles = self._node("Mul", f"{name}.angles", column, factors)
        waves = (self._node(kind, f"{name}.{kind}", angles) for kind in ("Sin", "Cos"))
        return self._node("Concat", name, *waves, axis=1)

    def add_shifted_kernels(self, name: str, values: Floats, early: NDArray[np.bool_]) -> str:
        """Stores kernels (outputs, inputs, ..., taps) without the tap that is zero.

        It is the last tap in the rows that `early` marks, the first tap in the others.
        """
        rows = early.reshape(-1, *[1] * (values.ndim - 1))
        kept = np.where(rows, values[..., :-1], values[..., 1:])
        window = self.add_int8(f"{name}.window", kept, REDUCED_AXES["Conv", 1](values.ndim))
        none = [0] * (values.ndim - 1)
        pads = {"early": [*none, 0, *none, 1], "late": [*none, 1, *none, 0]}
        sides = (
            self._node("Pad", f"{name}.{side}", window, self._array(f"{name}.{side}.pads", np.array(pads[side])))
            for side in pads
        )
        return self._node("Where", name, self._array(f"{name}.is_early", rows), *sides)

    def replace_weights(self, graph: onnx.GraphProto) -> None:
        """Replaces the initializers of `graph` by the stored arrays, and prepends the nodes."""
        nodes = [*self.nodes, *graph.node]
        del graph.initializer[:], graph.node[:]
        graph.initializer.extend(self.arrays)
        graph.node.extend(nodes)

    def _array(self, name: str, content: NDArray) -> str:
        self.arrays.append(numpy_helper.from_array(np.asarray(content, order="C"), name))
        return name

    def _node(self, kind: str, output: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output


def early_rows(values: Floats) -> NDArray[np.bool_] | None:
    """Returns which rows of a convolution's weight have a zero last tap, if all other rows have a zero first tap.

    Returns None otherwise. The phases of an upsampling begin at one of two samples (`convert.models.hifigan`).
    """
    first, last = (~values[..., tap].reshape(len(values), -1).any(1) for tap in (0, -1))
    return last if (first | last).all() else None


def _stays_float32(weight: onnx.TensorProto, min_size: int) -> bool:
    values = numpy_helper.to_array(weight)
    is_float32 = weight.data_type == TensorProto.FLOAT
    return not is_float32 or values.size < min_size or bool(np.abs(values).max() > MAX_FLOAT16)


def _all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yields the nodes of a graph and of its subgraphs, such as loop bodies."""
    for node in graph.node:
        yield node
        for body in _subgraphs(node):
            yield from _all_nodes(body)


def _subgraphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    return [item.g for item in node.attribute if item.type == onnx.AttributeProto.GRAPH]


def _shrink_structure(graph: onnx.GraphProto) -> None:
    """Removes Identity nodes before outputs, node names and default attributes, and shortens internal names."""
    outputs = {info.name for info in graph.output}
    computed = {name for node in graph.node for name in node.output}
    renamed: dict[str, str] = {}
    nodes = []
    for node in graph.node:
        if node.op_type == "Identity" and node.output[0] in outputs and node.input[0] in computed - renamed.keys():
            renamed[node.input[0]] = node.output[0]
        else:
            nodes.append(node)
    public = {"", *(info.name for info in graph.input), *outputs}
    short = {name: name for name in public} | renamed
    unused = (name for number in count() if (name := np.base_repr(number, 36).lower()) not in public)

    def shorten(name: str) -> str:
        return short.get(name) or short.setdefault(name, next(unused))

    for array in graph.initializer:
        array.name = shorten(array.name)
    del graph.node[:]
    graph.node.extend(nodes)
    for node in _all_nodes(graph):
        node.ClearField("name")
        for names in (node.input, node.output):
            names[:] = [name and shorten(name) for name in names]
        for body in _subgraphs(node):
            for info in (*body.input, *body.output):
                info.name = shorten(info.name)
        if node.op_type == "Conv":
            _remove_default_attributes(node)


def _remove_default_attributes(conv: onnx.NodeProto) -> None:
    values = [(item, helper.get_attribute_value(item)) for item in conv.attribute]
    kept = [item for item, value in values if value not in DEFAULT_CONV_ATTRIBUTES.get(item.name, ())]
    del conv.attribute[:]
    conv.attribute.extend(kept)
