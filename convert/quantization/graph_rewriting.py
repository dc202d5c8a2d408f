"""Replaces the nodes of a model."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


def replace_nodes(
    model: onnx.ModelProto, nodes: Iterable[onnx.NodeProto], constants: Mapping[str, NDArray[Any]]
) -> onnx.ModelProto:
    """A checked copy of the model with other nodes, and with those of its weights and the `constants` that they use."""
    result, nodes = deepcopy(model), list(nodes)
    used = {name for node in nodes for name in node.input}
    weights = [weight for weight in model.graph.initializer if weight.name in used]
    weights += [numpy_helper.from_array(array, name) for name, array in constants.items() if name in used]
    del result.graph.node[:], result.graph.initializer[:]
    result.graph.node.extend(nodes)
    result.graph.initializer.extend(weights)
    onnx.checker.check_model(result, full_check=True)
    return result


def fold_casts(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model with its weights in the type that they are used in: published voices store float16."""
    result = deepcopy(model)
    stored = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in stored:
            dtype = helper.tensor_dtype_to_np_dtype(node.attribute[0].i)
            stored[node.output[0]] = stored.pop(node.input[0]).astype(dtype)
        else:
            nodes.append(node)
    del result.graph.node[:], result.graph.initializer[:]
    result.graph.node.extend(nodes)
    result.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in stored.items())
    return result
