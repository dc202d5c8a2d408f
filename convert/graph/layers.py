"""Layers that several models share. Signals are (batch, time, channels)."""

import numpy as np
from numpy.typing import NDArray

from convert.checkpoint.weights import Weights
from convert.graph.builder import Graph, Value

Array = NDArray[np.float32]
EPSILON = 1e-6
"""Of every layer norm in KAN-TTS."""


def linear(
    graph: Graph, name: str, x: Value, weights: Weights, inputs: int, outputs: int, *, bias: bool = True
) -> Value:
    """PyTorch's Linear: weight (outputs, inputs)."""
    y = x @ graph.weight(f"{name}.weight", weights.take("weight", outputs, inputs).T)
    return y + graph.weight(f"{name}.bias", weights.take("bias", outputs)) if bias else y


def layer_norm(graph: Graph, name: str, x: Value, weights: Weights, size: int) -> Value:
    """Layer normalization over the channels."""
    scale = graph.weight(f"{name}.scale", weights.take("weight", size))
    bias = graph.weight(f"{name}.bias", weights.take("bias", size))
    return graph.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=EPSILON)


def convolution(graph: Graph, name: str, x: Value, weights: Weights, inputs: int, outputs: int, kernel: int) -> Value:
    """PyTorch's Conv1d with padding (kernel - 1) // 2, over the time of (batch, time, channels)."""
    weight, bias = weights.take("weight", outputs, inputs, kernel), weights.take("bias", outputs)
    if kernel == 1:
        return x @ graph.weight(f"{name}.weight", weight[:, :, 0].T) + graph.weight(f"{name}.bias", bias)
    parameters = graph.weight(f"{name}.weight", weight), graph.weight(f"{name}.bias", bias)
    padding = (kernel - 1) // 2
    y = graph.op("Conv", graph.op("Transpose", x, perm=[0, 2, 1]), *parameters, pads=[padding, padding])
    return graph.op("Transpose", y, perm=[0, 2, 1])


def feed_forward(
    graph: Graph, name: str, x: Value, weights: Weights, size: int, inner: int, kernels: tuple[int, int]
) -> Value:
    """Pre-norm position-wise feed-forward block with residual; two convolutions over time."""
    y = layer_norm(graph, f"{name}.norm", x, weights / "layer_norm", size)
    y = convolution(graph, f"{name}.expand", y, weights / "w_1", size, inner, kernels[0])
    y = convolution(graph, f"{name}.contract", graph.op("Relu", y), weights / "w_2", inner, size, kernels[1])
    return x + y


def prenet(
    graph: Graph, name: str, x: Value, weights: Weights, inputs: int, units: list[int], outputs: int = 0
) -> Value:
    """Linear + ReLU for each of `units`, then a linear layer if `outputs`.

    The checkpoint numbers ReLU and dropout layers too: three for each linear layer.
    """
    for index, size in enumerate(units):
        x = graph.op("Relu", linear(graph, f"{name}.{index}", x, weights / (3 * index), inputs, size))
        inputs = size
    if outputs:
        x = linear(graph, f"{name}.out", x, weights / (3 * len(units)), inputs, outputs)
    return x


def memory_padding(filter_size: int, shift: int) -> tuple[int, int]:
    """Left and right zero padding of an FSMN memory block."""
    left, right = round((filter_size - 1) / 2), (filter_size - 1) // 2
    return (left + shift, right - shift) if shift > 0 else (left, right)


def shifts(shift: int | list[int], layers: int) -> list[int]:
    """One shift per FSMN layer; the configuration has one value for all, or a list."""
    return list(shift) if isinstance(shift, list) else [shift] * layers


def lstm_weights(
    weights: Weights, inputs: int, units: int, layer: int, directions: tuple[str, ...] = ("",)
) -> list[Array]:
    """W (directions, 4 units, inputs), R (directions, 4 units, units), B (directions, 8 units) as ONNX orders them.

    Gates: PyTorch has input, forget, cell, output; ONNX input, output, forget, cell.
    """

    def gates(name: str, *rest: int) -> Array:
        stacked = [weights.take(f"{name}_l{layer}{end}", 4 * units, *rest) for end in directions]
        i, f, g, o = np.split(np.stack(stacked), 4, axis=1)
        return np.concatenate([i, o, f, g], axis=1)

    bias = np.concatenate([gates("bias_ih"), gates("bias_hh")], axis=1)
    return [gates("weight_ih", inputs), gates("weight_hh", units), bias]


def bidirectional_lstm(graph: Graph, name: str, x: Value, weights: Weights, inputs: int, units: int) -> Value:
    """(batch, time, inputs) -> (batch, time, 2 units)."""
    arrays = lstm_weights(weights, inputs, units, 0, ("", "_reverse"))
    parameters = [graph.weight(f"{name}.{part}", array) for part, array in zip("WRB", arrays, strict=True)]
    sequence = graph.op("Transpose", x, perm=[1, 0, 2])
    y = graph.ops("LSTM", 1, sequence, *parameters, hidden_size=units, direction="bidirectional")[0]  # (t, 2, b, u)
    return graph.op("Reshape", graph.op("Transpose", y, perm=[2, 0, 1, 3]), graph.integers(0, 0, -1))


def streamed_lstm(
    graph: Graph, name: str, x: Value, weights: Weights, inputs: int, units: int, layer: int = 0
) -> Value:
    """(batch, time, inputs) -> (batch, time, units), forward; hidden and cell values are states."""
    parameters = [
        graph.weight(f"{name}.{p}", a) for p, a in zip("WRB", lstm_weights(weights, inputs, units, layer), strict=True)
    ]
    hidden, cell = (graph.state(f"{name}.{part}", [1, "batch", units]) for part in ("hidden", "cell"))
    sequence = graph.op("Transpose", x, perm=[1, 0, 2])
    y, last_hidden, last_cell = graph.ops("LSTM", 3, sequence, *parameters, None, hidden, cell, hidden_size=units)
    graph.next_state(f"{name}.hidden", last_hidden, [1, "batch", units])
    graph.next_state(f"{name}.cell", last_cell, [1, "batch", units])
    return graph.op("Transpose", graph.op("Squeeze", y, graph.integers(1)), perm=[1, 0, 2])


def gate_weights(weights: Weights, inputs: int, units: int, layer: int) -> tuple[Array, Array, Array]:
    """Weights of a forward LSTM in ONNX's gate order: (inputs, 4 units), (units, 4 units), (4 units,)."""
    w, r, b = (array[0] for array in lstm_weights(weights, inputs, units, layer))
    return w.T, r.T, b[: 4 * units] + b[4 * units :]


def lstm_cell(graph: Graph, name: str, x: Value, weight: Array, added: Value) -> Value:
    """One step of a forward LSTM: x (batch, inputs) -> (batch, units); hidden and cell values are states.

    The gates are [x, hidden] @ `weight` (inputs + units, 4 units) + `added`. It is composed of basic operators because
    the LSTM operator sets up a sequence at every run, which on a GPU takes longer than the cell.
    """
    units = weight.shape[1] // 4
    hidden, cell = (graph.state(f"{name}.{part}", ["batch", units]) for part in ("hidden", "cell"))
    gates = graph.op("Concat", x, hidden, axis=1) @ graph.weight(f"{name}.weight", weight) + added
    activated, candidate = graph.ops("Split", 2, gates, graph.integers(3 * units, units), axis=1)
    factors = graph.op("Sigmoid", activated)
    input_gate, output_gate, forget_gate = graph.ops("Split", 3, factors, graph.integers(*3 * [units]), axis=1)
    cell = graph.op("Mul", forget_gate, cell) + graph.op("Mul", input_gate, graph.op("Tanh", candidate))
    hidden = graph.op("Mul", output_gate, graph.op("Tanh", cell))
    graph.next_state(f"{name}.hidden", hidden, ["batch", units])
    graph.next_state(f"{name}.cell", cell, ["batch", units])
    return hidden
