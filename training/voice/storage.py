"""How the weights of a graph are stored: smaller than what it computes with. `WAYS` has the ways.

Only the file changes. Nodes behind the stored numbers make float32 of them; all that they read is constant, so ONNX
Runtime computes them once, when it opens the graph, and what it runs then is the graph as it was. (DequantizeLinear
would be one node in place of three, but that one it keeps for every run.)

- `halves`: float16. Rounding moves a number by 0.05 % at most, which is not heard.
- `bytes`: 8 bits, -127 to 127, times a step for each output channel; small weights are halves. What a formula makes is
  made by the formula, and zeros that an upsampling has by its nature are left out. Of a file this small the names are
  a part that counts: values that nobody outside asks for lose theirs.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from convert.models.text_encoder import sinusoids

Floats = NDArray[np.float32]

WORTH_HALVES = {"halves": 256, "bytes": 48}
"""Numbers. Smaller weights are not worth a node."""
WORTH_BYTES = 384
LARGEST = 65504.0
"""of float16"""
STEPS = 127
ONES = {"dilations": ([1], [1, 1]), "strides": ([1], [1, 1]), "group": (1,)}
"""What a convolution does unless told otherwise."""


def store_as_halves(graph: onnx.GraphProto) -> None:
    shelf = Shelf()
    for weight in graph.initializer:
        if _stays(weight, WORTH_HALVES["halves"]):
            shelf.arrays.append(weight)
        else:
            shelf.half(weight.name, numpy_helper.to_array(weight))
    shelf.replace_weights(graph)


def store_as_bytes(graph: onnx.GraphProto) -> None:
    shelf = Shelf()
    users = {name: (node.op_type, place) for node in _nodes(graph) for place, name in enumerate(node.input)}
    for weight in graph.initializer:
        name, user, values = weight.name, users[weight.name], numpy_helper.to_array(weight)
        if _stays(weight, WORTH_HALVES["bytes"]):
            shelf.arrays.append(weight)
        elif values.size < WORTH_BYTES or user not in SUMMED:
            shelf.half(name, values)
        elif values.ndim == 2 and np.allclose(values, sinusoids(*values.shape), atol=1e-4):
            shelf.sinusoids(name, *values.shape)
        elif user == ("Conv", 1) and (early := early_rows(values)) is not None:
            shelf.windows(name, values, early)
        else:
            shelf.byte(name, values, SUMMED[user](values.ndim))
    shelf.replace_weights(graph)
    _without_ballast(graph)


WAYS: Mapping[str, Callable[[onnx.GraphProto], None]] = {"halves": store_as_halves, "bytes": store_as_bytes}

SUMMED: Mapping[tuple[str, int], Callable[[int], tuple[int, ...]]] = {
    ("Conv", 1): lambda axes: tuple(range(1, axes)),
    ("MatMul", 1): lambda axes: (axes - 2,),
    ("LSTM", 1): lambda axes: (axes - 1,),
    ("LSTM", 2): lambda axes: (axes - 1,),
    ("Gather", 0): lambda axes: (axes - 1,),
    ("Slice", 0): lambda axes: (axes - 1,),
}
"""The axes of a weight that one output channel sums over, or that a row of a table has, by the input that it is."""


class Shelf:
    """What takes the place of a graph's weights: smaller arrays, and nodes that make the weights of them."""

    def __init__(self) -> None:
        self.arrays: list[onnx.TensorProto] = []
        self.nodes: list[onnx.NodeProto] = []

    def array(self, name: str, content: NDArray) -> str:
        self.arrays.append(numpy_helper.from_array(np.asarray(content, order="C"), name))
        return name

    def op(self, kind: str, output: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def half(self, name: str, values: Floats) -> str:
        return self.op("Cast", name, self.array(f"{name}.half", values.astype(np.float16)), to=TensorProto.FLOAT)

    def byte(self, name: str, values: Floats, summed: tuple[int, ...]) -> str:
        """Numbers that are summed share a step, as large as the largest of them needs it."""
        steps = (np.abs(values).max(summed, keepdims=True) / STEPS).astype(np.float16).astype(np.float32)
        codes = np.round(values / np.where(steps == 0, 1, steps)).clip(-STEPS, STEPS).astype(np.int8)
        whole = self.op("Cast", f"{name}.whole", self.array(f"{name}.codes", codes), to=TensorProto.FLOAT)
        return self.op("Mul", name, whole, self.half(f"{name}.step", steps))

    def sinusoids(self, name: str, rows: int, size: int) -> str:
        """`convert.text_encoder.sinusoids`, to 1e-4."""
        given = {"first": 1, "end": rows + 1, "stride": 1}
        bounds = [self.array(f"{name}.{bound}", np.float32(value)) for bound, value in given.items()]
        places = self.op("Range", f"{name}.places", *bounds)
        column = self.op("Unsqueeze", f"{name}.column", places, self.array(f"{name}.axis", np.array([1])))
        speeds = 10000.0 ** -(np.arange(size // 2) / (size / 2 - 1))
        angles = self.op("Mul", f"{name}.angles", column, self.array(f"{name}.speeds", speeds.astype(np.float32)))
        waves = (self.op(kind, f"{name}.{kind}", angles) for kind in ("Sin", "Cos"))
        return self.op("Concat", name, *waves, axis=1)

    def windows(self, name: str, values: Floats, early: NDArray[np.bool_]) -> str:
        """`values` (outputs, inputs, ..., taps) of which `early` rows lack the last tap and the others the first."""
        rows = early.reshape(-1, *[1] * (values.ndim - 1))
        kept = np.where(rows, values[..., :-1], values[..., 1:])
        window = self.byte(f"{name}.window", kept, SUMMED["Conv", 1](values.ndim))
        none = [0] * (values.ndim - 1)
        pads = {"early": [*none, 0, *none, 1], "late": [*none, 1, *none, 0]}
        sides = (
            self.op("Pad", f"{name}.{side}", window, self.array(f"{name}.{side}.pads", np.array(pads[side])))
            for side in pads
        )
        return self.op("Where", name, self.array(f"{name}.is_early", rows), *sides)

    def replace_weights(self, graph: onnx.GraphProto) -> None:
        nodes = [*self.nodes, *graph.node]
        del graph.initializer[:], graph.node[:]
        graph.initializer.extend(self.arrays)
        graph.node.extend(nodes)


def early_rows(values: Floats) -> NDArray[np.bool_] | None:
    """Which rows of a convolution's weight have zeros in their last tap, where all others have them in their first.

    None where that is not so. An upsampling's phases begin at one of two samples (`convert.hifigan.polyphase`).
    """
    first, last = (~values[..., tap].reshape(len(values), -1).any(1) for tap in (0, -1))
    return last if (first | last).all() else None


def _stays(weight: onnx.TensorProto, worth: int) -> bool:
    values = numpy_helper.to_array(weight)
    return weight.data_type != TensorProto.FLOAT or values.size < worth or bool(np.abs(values).max() > LARGEST)


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Those of the steps that it repeats, too."""
    for node in graph.node:
        yield node
        for step in _steps(node):
            yield from _nodes(step)


def _steps(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    return [item.g for item in node.attribute if item.type == onnx.AttributeProto.GRAPH]


def _without_ballast(graph: onnx.GraphProto) -> None:
    """No node only gives another its name, values are numbered, and what a convolution does by itself is not said."""
    outputs = {info.name for info in graph.output}
    made = {name for node in graph.node for name in node.output}
    renamed: dict[str, str] = {}
    nodes = []
    for node in graph.node:
        if node.op_type == "Identity" and node.output[0] in outputs and node.input[0] in made - renamed.keys():
            renamed[node.input[0]] = node.output[0]
        else:
            nodes.append(node)
    outside = {"", *(info.name for info in graph.input), *outputs}
    short = {name: name for name in outside} | renamed
    free = (name for number in count() if (name := np.base_repr(number, 36).lower()) not in outside)

    def shorten(name: str) -> str:
        return short.get(name) or short.setdefault(name, next(free))

    for array in graph.initializer:
        array.name = shorten(array.name)
    del graph.node[:]
    graph.node.extend(nodes)
    for node in _nodes(graph):
        node.ClearField("name")
        for names in (node.input, node.output):
            names[:] = [name and shorten(name) for name in names]
        for step in _steps(node):
            for info in (*step.input, *step.output):
                info.name = shorten(info.name)
        if node.op_type == "Conv":
            said = [item for item in node.attribute if helper.get_attribute_value(item) not in ONES.get(item.name, ())]
            del node.attribute[:]
            node.attribute.extend(said)
