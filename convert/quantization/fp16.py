"""A vocoder in half precision, for GPUs: inputs, outputs and states stay float32, so a stream may change in its middle.

What needs more than 11 bits stays float32 too: the harmonic source, whose phase is multiplied by up to 40 before its
sine is taken, and the tanh at the end.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16
SOURCE = {"phase", "voiced", "noise", "harmonic_phases"}


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with everything in half precision that can be, and casts where the two meet."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    nodes = list(Halving(model).nodes())
    used = {name for node in nodes for name in node.input}
    arrays = {array.name: numpy_helper.to_array(array) for array in graph.initializer}
    arrays |= {f"{name}.half": array.astype(np.float16) for name, array in arrays.items() if array.dtype == np.float32}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items() if name in used)
    onnx.checker.check_model(result, full_check=True)
    return result


class Halving:
    """Walks a graph in its order and knows which tensors exist in which precision."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
        infos = [*inferred.value_info, *inferred.input, *inferred.output]
        floats = {info.name for info in infos if info.type.tensor_type.elem_type == FLOAT}
        self._weights = {array.name for array in self._graph.initializer if array.data_type == FLOAT}
        self._floats = floats | self._weights
        self._exact = exact_nodes(model)
        self._there = dict.fromkeys(self._floats - self._weights, FLOAT)
        """The precision that each tensor was made in."""
        self._cast: set[str] = set()

    def nodes(self) -> Iterator[onnx.NodeProto]:
        for original in self._graph.node:
            node = onnx.NodeProto()
            node.CopyFrom(original)
            wanted = FLOAT if node.name in self._exact else HALF
            if node.op_type != "Shape":  # which takes any
                for index, name in enumerate(node.input):
                    if name in self._floats:
                        yield from self._provide(node, index, wanted)
            if node.op_type == "ConstantOfShape" and wanted == HALF and node.output[0] in self._floats:
                del node.attribute[:]
                node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(np.zeros(1, np.float16))))
            self._there |= {name: wanted for name in node.output if name in self._floats}
            yield node

    def _provide(self, node: onnx.NodeProto, index: int, wanted: int) -> Iterator[onnx.NodeProto]:
        """Lets an input of the node have the wanted precision, with a cast if there is none yet."""
        name = node.input[index]
        if name in self._weights:
            node.input[index] = f"{name}.half" if wanted == HALF else name
        elif self._there[name] != wanted:
            node.input[index] = other = f"{name}.half" if wanted == HALF else f"{name}.float"
            if other not in self._cast:
                self._cast.add(other)
                yield helper.make_node("Cast", [name], [other], name=other, to=wanted)


def exact_nodes(model: onnx.ModelProto) -> set[str]:
    """The nodes that stay float32: the outputs, the last tanh, and what is made of the source's inputs alone."""
    weights, outputs = {array.name for array in model.graph.initializer}, {info.name for info in model.graph.output}
    made = set(SOURCE)
    names = set()
    for node in model.graph.node:
        if made & set(node.input) and made | weights >= set(node.input):
            made.update(node.output)
            names.add(node.name)
        elif node.op_type == "Tanh" or outputs & set(node.output):
            names.add(node.name)
    return names
