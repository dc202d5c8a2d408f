"""Converts a vocoder to half precision, for GPUs.

Inputs, outputs and states stay float32, so that a stream can switch variants. The harmonic source stays float32 because
its phase is multiplied by up to 40 before the sine, which needs more than 11 bits; so does the final tanh.
"""

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from convert.quantization.graph_rewriting import replace_nodes

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16
SOURCE_INPUTS = {"phase", "voiced", "noise", "harmonic_phases"}


def to_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its nodes in half precision, except for `float32_nodes`, and casts between the precisions."""
    weights = (weight for weight in model.graph.initializer if weight.data_type == FLOAT)
    halves = {f"{weight.name}.half": numpy_helper.to_array(weight).astype(np.float16) for weight in weights}
    return replace_nodes(model, _Fp16Rewriter(model).nodes(), halves)


class _Fp16Rewriter:
    """Rewrites the nodes of a graph in their order and records the precision of each tensor."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
        infos = [*inferred.value_info, *inferred.input, *inferred.output]
        floats = {info.name for info in infos if info.type.tensor_type.elem_type == FLOAT}
        self._weights = {array.name for array in self._graph.initializer if array.data_type == FLOAT}
        self._floats = floats | self._weights
        self._float32_nodes = float32_nodes(model)
        self._precisions = dict.fromkeys(self._floats - self._weights, FLOAT)
        """The precision in which each tensor is computed."""
        self._casts: set[str] = set()

    def nodes(self) -> Iterator[onnx.NodeProto]:
        """The rewritten nodes, each after the casts that it needs."""
        for original in self._graph.node:
            node = deepcopy(original)
            precision = FLOAT if node.name in self._float32_nodes else HALF
            if node.op_type != "Shape":  # which accepts both
                for index, name in enumerate(node.input):
                    if name in self._floats:
                        yield from self._convert_input(node, index, precision)
            if node.op_type == "ConstantOfShape" and precision == HALF and node.output[0] in self._floats:
                del node.attribute[:]
                node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(np.zeros(1, np.float16))))
            self._precisions |= {name: precision for name in node.output if name in self._floats}
            yield node

    def _convert_input(self, node: onnx.NodeProto, index: int, precision: int) -> Iterator[onnx.NodeProto]:
        """Replaces an input of the node by its copy in that precision; yields the cast if it is new."""
        name = node.input[index]
        if name in self._weights:
            node.input[index] = f"{name}.half" if precision == HALF else name
        elif self._precisions[name] != precision:
            node.input[index] = converted = f"{name}.half" if precision == HALF else f"{name}.float"
            if converted not in self._casts:
                self._casts.add(converted)
                yield helper.make_node("Cast", [name], [converted], name=converted, to=precision)


def float32_nodes(model: onnx.ModelProto) -> set[str]:
    """The names of the nodes that stay float32: the outputs, the final tanh, and the harmonic source."""
    weights, outputs = {array.name for array in model.graph.initializer}, {info.name for info in model.graph.output}
    source_tensors = set(SOURCE_INPUTS)
    names = set()
    for node in model.graph.node:
        if source_tensors & set(node.input) and source_tensors | weights >= set(node.input):
            source_tensors.update(node.output)
            names.add(node.name)
        elif node.op_type == "Tanh" or outputs & set(node.output):
            names.add(node.name)
    return names
