"""8-bit operators with known results."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from convert.graph.builder import MICROSOFT

Array = NDArray[Any]
_OPSET, _IR_VERSION = 18, 9
_CHANNELS, _KERNEL, _TIME = 64, 7, 200
_ROWS, _INPUTS, _OUTPUTS = 4, 256, 192
_OUTPUT_ZERO = 128


@dataclass(frozen=True, slots=True)
class Case:
    """A graph of one operator, with input `x` and output `y`."""

    name: str
    model: onnx.ModelProto
    x: Array
    exact: Array
    """What the operator's definition gives."""

    @property
    def is_integer(self) -> bool:
        """Whether the result consists of whole numbers; otherwise of sums of rounded activations."""
        return bool(self.exact.dtype == np.uint8)

    def largest_difference(self, y: Array) -> float:
        """Of a result from the exact one: in steps of the 8 bits, otherwise as a part of the largest value."""
        difference = np.abs(y.astype(np.float64) - self.exact).max()
        return float(difference if self.is_integer else difference / np.abs(self.exact).max())

    def wrong_share(self, y: Array) -> float:
        """The share of the values that differ at all."""
        return float((y != self.exact).mean())


def cases() -> Iterator[Case]:
    """Yields all cases. Random ones are typical; in extreme ones all products of a sum have the same sign."""
    for bits in (8, 7):
        for is_extreme in (False, True):
            yield from _convolutions(bits, is_extreme)
    for block in (16, 32, 64):
        yield from (_product(8, block, is_extreme) for is_extreme in (False, True))
    yield _product(4, 32, is_extreme=False)


def _convolutions(bits: int, is_extreme: bool) -> Iterator[Case]:
    """A convolution of unsigned activations with signed weights of so many bits, channels first and last."""
    random, limit = np.random.default_rng(0), 2 ** (bits - 1) - 1
    length = _TIME + _KERNEL - 1
    if is_extreme:
        x = np.full((length, _CHANNELS), 255, np.uint8)
        x[::3] = random.integers(0, 256, x[::3].shape)
        w = np.full((_CHANNELS, _CHANNELS, _KERNEL), limit, np.int8)
        w[1::2] *= -1
    else:
        x = random.integers(0, 256, (length, _CHANNELS)).astype(np.uint8)
        w = random.integers(-limit, limit + 1, (_CHANNELS, _CHANNELS, _KERNEL)).astype(np.int8)
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.int64), _KERNEL, axis=0)  # (time, channels, kernel)
    sums = np.tensordot(windows, w.astype(np.int64), axes=([1, 2], [1, 2]))
    scale = np.float32(2 * np.abs(sums).max() / 255)
    zeros = np.zeros(_CHANNELS, np.int8)
    constants: dict[str, Any] = {"x_scale": np.float32(1), "x_zero": np.uint8(0)}
    constants |= {"w": w[:, :, None], "w_scale": np.ones(_CHANNELS, np.float32), "w_zero": zeros}
    constants |= {"y_scale": scale, "y_zero": np.uint8(_OUTPUT_ZERO), "bias": zeros.astype(np.int32)}
    y = np.clip(np.rint(sums.astype(np.float32) * (1 / scale)) + _OUTPUT_ZERO, 0, 255).astype(np.uint8)
    kind = f"convolution, {bits}-bit weights, {'extreme' if is_extreme else 'random'}"
    inputs, kernel = ("x", *constants), [1, _KERNEL]
    first = helper.make_node("QLinearConv", inputs, ["y"], kernel_shape=kernel)
    last = helper.make_node("QLinearConv", inputs, ["y"], domain=MICROSOFT, kernel_shape=kernel, channels_last=1)
    yield _case(kind, first, constants, x.T[None, :, None], y.T[None, :, None])
    yield _case(f"{kind}, channels last", last, constants, x[None, None], y[None, None])


def _product(bits: int, block: int, is_extreme: bool) -> Case:
    """MatMulNBits with 8-bit activations (accuracy level 4): a scale for each block of so many weights."""
    random, half = np.random.default_rng(0), 1 << (bits - 1)
    if is_extreme:
        x = np.where(np.arange(_ROWS)[:, None] % 2, -3, 3) * np.ones((_ROWS, _INPUTS))
        weights = np.where(np.arange(_OUTPUTS)[:, None] % 2, -1, 1) * np.ones((_OUTPUTS, _INPUTS))
    else:
        x = random.standard_normal((_ROWS, _INPUTS))
        weights = random.standard_normal((_OUTPUTS, _INPUTS))
    blocks = weights.reshape(_OUTPUTS, -1, block)
    scales = (np.abs(blocks).max(axis=-1) / (half - 1)).astype(np.float32)
    steps = np.clip(np.rint(blocks / scales[..., None]), 1 - half, half - 1)
    stored = (steps + half).astype(np.uint8)
    if bits == 4:
        stored = stored[..., 0::2] | stored[..., 1::2] << 4
    x = x.astype(np.float32)
    y = x.astype(np.float64) @ (steps * scales[..., None]).reshape(_OUTPUTS, _INPUTS).T
    sizes: dict[str, Any] = {"K": _INPUTS, "N": _OUTPUTS, "bits": bits, "block_size": block, "accuracy_level": 4}
    node = helper.make_node("MatMulNBits", ["x", "w", "scales"], ["y"], domain=MICROSOFT, **sizes)
    name = f"product, {bits}-bit weights in blocks of {block}, {'extreme' if is_extreme else 'random'}"
    return _case(name, node, {"w": stored, "scales": scales}, x, y.astype(np.float32))


def _case(name: str, node: onnx.NodeProto, constants: dict[str, Any], x: Array, y: Array) -> Case:
    kind = helper.np_dtype_to_tensor_dtype(y.dtype)
    weights = [numpy_helper.from_array(np.asarray(array), key) for key, array in constants.items()]
    given = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), [None] * x.ndim)
    assert kind in (TensorProto.UINT8, TensorProto.FLOAT)
    graph = helper.make_graph([node], "case", [given], [helper.make_tensor_value_info("y", kind, None)], weights)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    return Case(name, model, np.ascontiguousarray(x), y)
