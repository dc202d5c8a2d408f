"""Whether this CPU adds 8-bit products without an overflow."""

from functools import cache

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from convert.quantization.calibration import CalibrationSession

_CHANNELS = 64
_MAX_INPUT, _MAX_WEIGHT = 255, 127


@cache
def products_saturate() -> bool:
    """Returns whether a quantized convolution is wrong on this CPU: x86 without VNNI adds two products in 16 bits.

    It runs the largest sum that there is; `bench/instruction_sets` has the CPUs on which that overflows.
    """
    total = float(_CHANNELS * _MAX_INPUT * _MAX_WEIGHT)
    constants = {
        "one": np.float32(1),
        "zero": np.uint8(0),
        "weight": np.full((1, _CHANNELS, 1, 1), _MAX_WEIGHT, np.int8),
        "weight.zero": np.int8(0),
        "scale": np.float32(total / 255),
    }
    inputs = ["x", "one", "zero", "weight", "one", "weight.zero", "scale", "zero"]
    shape = [1, _CHANNELS, 1, 1]
    graph = helper.make_graph(
        [helper.make_node("QLinearConv", inputs, ["y"])],
        "saturation",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"initial_state": "{}"})
    x = np.full(shape, _MAX_INPUT, np.uint8)
    return bool(CalibrationSession(model.SerializeToString()).run({"x": x})["y"].item() != 255)
