"""Stores the weights of the mel decoder's blocks in 8 bits, a scale for each block of inputs of an output.

At run time the products are those of ONNX Runtime's MatMulNBits, which rounds its input to 8 bits as well, each row and
each block of inputs by itself: so a row does not depend on its batch, and no range has to be calibrated. The attention
and the layers before and after the blocks stay float32: the latter are a twentieth of the products, but cause half of
the error, since it goes directly into the frames and into the next step (docs/precision.md).
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from convert.graph.builder import MICROSOFT

INT8_PRODUCTS = 4
"""The accuracy_level of MatMulNBits at which the products are those of 8-bit numbers."""
LARGEST, ZERO_POINT = 127, 128
"""Of the stored numbers, 1 to 255."""
MIN_SCALE = 1e-12
"""Of a block of zeros."""


def loop_body(model: onnx.ModelProto) -> onnx.GraphProto:
    """The steps of a mel decoder."""
    (loop,) = (node for node in model.graph.node if node.op_type == "Loop")
    body: onnx.GraphProto = next(attribute.g for attribute in loop.attribute if attribute.name == "body")
    return body


def block_weights(model: onnx.ModelProto) -> dict[str, int]:
    """The matrices of the decoder's blocks (`<block>.` ...) -> their sizes."""
    sizes = {weight.name: int(np.prod(weight.dims)) for weight in model.graph.initializer if len(weight.dims) == 2}
    products = {node.input[1] for node in loop_body(model).node if node.op_type == "MatMul"}
    return {name: size for name, size in sizes.items() if name in products and name.split(".")[0].isdigit()}


def product_share(model: onnx.ModelProto) -> float:
    """The share of the blocks' matrices in the multiplications by weights."""
    products = {node.input[1] for node in loop_body(model).node if node.op_type == "MatMul"}
    sizes = {weight.name: int(np.prod(weight.dims)) for weight in model.graph.initializer}
    return sum(block_weights(model).values()) / sum(size for name, size in sizes.items() if name in products)


def quantize_weights(model: onnx.ModelProto, block: int) -> onnx.ModelProto:
    """The model with the matrices of its blocks in 8 bits, a scale for `block` inputs (16, or another power of two)."""
    result = deepcopy(model)
    weights = {weight.name: numpy_helper.to_array(weight) for weight in result.graph.initializer}
    chosen = {name: weights.pop(name) for name in block_weights(model)}
    body = loop_body(result)
    nodes = list(_with_integer_products(body, chosen, block))
    del body.node[:]
    body.node.extend(nodes)
    integers = {name: array for key, weight in chosen.items() for name, array in _stored(key, weight, block).items()}
    arrays = [numpy_helper.from_array(array, name) for name, array in (weights | integers).items()]
    del result.graph.initializer[:]
    result.graph.initializer.extend(arrays)
    result.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    onnx.checker.check_model(result, full_check=True)
    return result


def _with_integer_products(
    body: onnx.GraphProto, chosen: Mapping[str, NDArray[np.float32]], block: int
) -> Iterator[onnx.NodeProto]:
    """The nodes, each product by a chosen matrix and the sum with its bias as one."""
    products: dict[str, onnx.NodeProto] = {}
    for original in body.node:
        node = deepcopy(original)
        if node.op_type == "MatMul" and node.input[1] in chosen:
            products[node.output[0]] = node
        elif node.op_type == "Add" and node.input[0] in products:
            product = products[node.input[0]]
            name = product.input[1]
            inputs, outputs = chosen[name].shape
            sources = [product.input[0], f"{name}.int8", f"{name}.scales", "", "", node.input[1]]
            sizes = {"K": inputs, "N": outputs, "bits": 8, "block_size": block, "accuracy_level": INT8_PRODUCTS}
            yield helper.make_node("MatMulNBits", sources, node.output, name=product.name, domain=MICROSOFT, **sizes)
        else:
            yield node


def _stored(name: str, weight: NDArray[np.float32], block: int) -> dict[str, NDArray[np.uint8] | NDArray[np.float32]]:
    """The matrix (inputs, outputs) for MatMulNBits: numbers (outputs, blocks, block) and scales (outputs, blocks)."""
    inputs, outputs = weight.shape
    padded = np.pad(weight.T.astype(np.float64), ((0, 0), (0, -inputs % block))).reshape(outputs, -1, block)
    scales = np.maximum(np.abs(padded).max(axis=2) / LARGEST, MIN_SCALE).astype(np.float32)
    numbers = np.round(padded / scales[:, :, None]).clip(-LARGEST, LARGEST) + ZERO_POINT
    return {f"{name}.int8": numbers.astype(np.uint8), f"{name}.scales": scales}
