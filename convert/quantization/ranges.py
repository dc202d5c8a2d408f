"""Value ranges of a vocoder's signals, measured on calibration sentences, and 8-bit scales for them."""

from collections.abc import Iterable, Sequence
from copy import deepcopy

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from convert.quantization.calibration import Arrays, CalibrationSession

Floats = NDArray[np.float64]
MIN_SCALE = 1e-6
"""Of a channel that is always zero."""
MIN_MAGNITUDE = 1e-3
"""Of a channel, relative to the largest one of its signal."""
_STEPS, _SHARPNESS = 300, 12
"""Of the gradient descent in `shared_profile`, and the power that replaces its maximum."""


class Range:
    """Lowest and highest value of each channel, both (channels,); includes zero."""

    def __init__(self, low: Floats, high: Floats) -> None:
        self.low, self.high = np.minimum(0.0, low), np.maximum(0.0, high)

    def __truediv__(self, scale: Floats) -> "Range":
        return Range(self.low / scale, self.high / scale)

    @property
    def magnitude(self) -> Floats:
        """(channels,): the largest absolute value."""
        return np.maximum(self.high, -self.low)

    def channel_scales(self) -> tuple[Floats, int]:
        """A scale for each channel and their common zero point, so that all ranges fit into 0 to 255.

        The zero point is the one with the least sum of squared scales: rounding adds noise in proportion to it.
        """
        zeros = np.arange(256.0)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            above, below = self.high / (255 - zeros), -self.low / zeros
        scales = np.maximum(np.nan_to_num(above, posinf=np.inf), np.nan_to_num(below, posinf=np.inf))
        zero = int(np.square(scales).sum(axis=1).argmin())
        return np.maximum(scales[zero], MIN_SCALE), zero

    def scale(self) -> tuple[float, int]:
        """One scale for all channels, and the zero point."""
        scales, zero = Range(self.low.min(keepdims=True), self.high.max(keepdims=True)).channel_scales()
        return float(scales[0]), zero


def union(ranges: Sequence[Range]) -> Range:
    """The range of the values of all."""
    return Range(np.min([each.low for each in ranges], axis=0), np.max([each.high for each in ranges], axis=0))


def shared_profile(magnitudes: Sequence[Floats]) -> Floats:
    """The profile (channels,) for which signals of these magnitudes, divided by it, lose least with one scale each.

    A signal of magnitudes a, divided by p, has the scale max(a / p), so the noise of its rounding in channel c is
    proportional to p[c] max(a / p). The sum of the squares over signals and channels is minimized, by gradient descent
    on log p, from the geometric mean.
    """
    a = np.array([np.maximum(each, max(each.max() * MIN_MAGNITUDE, MIN_SCALE)) for each in magnitudes])
    log_p = np.log(a / a.max(axis=1, keepdims=True)).mean(axis=0)
    best, lowest = log_p, np.inf
    for step in range(_STEPS):
        ratios, squares = a / np.exp(log_p), np.exp(2 * log_p)
        noises = np.square(ratios.max(axis=1))
        if (noise := squares.sum() * noises.sum()) < lowest:
            best, lowest = log_p, noise
        largest = (ratios / ratios.max(axis=1, keepdims=True)) ** _SHARPNESS
        largest /= largest.sum(axis=1, keepdims=True)
        gradient = squares / squares.sum() - noises @ largest / noises.sum()
        log_p = log_p - 0.6 / (1 + step / 60) * gradient
    profile: Floats = np.exp(best - best.max())
    return profile


def measure_ranges(
    model: onnx.ModelProto, names: Sequence[str], inputs: Iterable[Arrays]
) -> dict[str, tuple[Range, Range]]:
    """The ranges of the input and the output of each convolution, over all `inputs` of the vocoder.

    `names` are those of the weights, without `.weight`; signals are (batch, channels, 1, time).
    """
    observed = deepcopy(model)
    graph = observed.graph
    nodes = {node.input[1].removesuffix(".weight"): node for node in graph.node if node.op_type == "Conv"}
    tensors = sorted({tensor for name in names for tensor in (nodes[name].input[0], nodes[name].output[0])})
    graph.initializer.append(numpy_helper.from_array(np.array([0, 2, 3]), "range.axes"))
    outputs = [f"{tensor}.{kind}" for tensor in tensors for kind in ("Min", "Max")]
    for output in outputs:
        tensor, _, kind = output.rpartition(".")
        graph.node.append(helper.make_node(f"Reduce{kind}", [tensor, "range.axes"], [output], keepdims=0))
        graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    session = CalibrationSession(observed.SerializeToString())
    runs = [session.run(given | session.initial_state(), *outputs) for given in inputs]

    def measured(tensor: str) -> Range:
        low, high = (np.array([run[f"{tensor}.{kind}"] for run in runs], np.float64) for kind in ("Min", "Max"))
        return Range(low.min(axis=0), high.max(axis=0))

    return {name: (measured(nodes[name].input[0]), measured(nodes[name].output[0])) for name in names}
