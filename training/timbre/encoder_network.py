"""The speaker encoder: filter banks of a recording -> an embedding; as a network for training, and as its ONNX graph.

Convolutions over time, the mean and the deviation of their outputs over the loud frames, two linear layers. The level
of the recording is subtracted first. Shapes: b batch, t frames.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from convert.graph.builder import Graph, Value
from training.voice.models.config import SAMBERT_CONFIG

BINS = 80
"""Filters of the server's filter banks."""
SAMPLE_RATE = 16000
SIZE: int = SAMBERT_CONFIG["speaker_units"]
"""Numbers in an embedding: as many as the acoustic model takes for a speaker."""
WIDTH, HIDDEN = 96, 64
LAYERS = ((5, 1), (3, 2), (3, 3), (1, 1))
"""Kernel size and dilation of the convolutions."""
LOUD_RANGE, LOUD_SLOPE = 5.0, 2.0
"""Frames within this range of the loudest one count (natural logarithm of power), with a soft edge."""
INPUT_SCALE = 0.4
MIN_VARIANCE = 1e-4


class EncoderNetwork(nn.Module):
    """The network."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH if layer else BINS, WIDTH, kernel, padding=(kernel - 1) // 2 * dilation, dilation=dilation)
            for layer, (kernel, dilation) in enumerate(LAYERS)
        )
        self.hidden = nn.Linear(2 * WIDTH, HIDDEN)
        self.embedding = nn.Linear(HIDDEN, SIZE)
        self.norm = nn.BatchNorm1d(SIZE, affine=False, momentum=0.02)
        """So that the cosine of two embeddings compares how they differ from the average speaker."""

    def forward(self, features: Tensor) -> Tensor:
        """(b, t, bins) -> (b, size)."""
        level = features.mean(2, keepdim=True)  # (b, t, 1)
        weights = torch.sigmoid(LOUD_SLOPE * (level - level.amax(1, keepdim=True) + LOUD_RANGE))
        weights = weights / weights.sum(1, keepdim=True)
        x = (features - (weights * level).sum(1, keepdim=True)) * INPUT_SCALE
        x = x.transpose(1, 2)
        for layer in self.convolutions:
            x = F.relu(layer(x))
        weights = weights.transpose(1, 2)
        mean = (x * weights).sum(2)
        variance = ((x - mean[..., None]) ** 2 * weights).sum(2)
        pooled = torch.cat([mean, (variance + MIN_VARIANCE).sqrt()], 1)
        return self.norm(self.embedding(F.relu(self.hidden(pooled))))


def encoder_graph(model: EncoderNetwork) -> Graph:
    """Returns the graph `speaker_encoder` as the server runs it: `features` (batch, frames, bins) -> `embedding`."""
    graph = Graph("speaker_encoder")
    features = graph.input("features", ["batch", "frames", BINS])
    bins, frames = graph.integers(2), graph.integers(1)
    level = graph.op("ReduceMean", features, bins)
    loud = graph.op("Sigmoid", (level - graph.op("ReduceMax", level, frames) + LOUD_RANGE) * LOUD_SLOPE)
    weights = graph.op("Div", loud, graph.op("ReduceSum", loud, frames))
    x = (features - graph.op("ReduceSum", weights * level, frames)) * INPUT_SCALE
    x = graph.op("Transpose", x, perm=[0, 2, 1])
    for index, (layer, (kernel, dilation)) in enumerate(zip(model.convolutions, LAYERS, strict=True)):
        side = (kernel - 1) // 2 * dilation
        attributes: dict[str, Any] = {"dilations": [dilation], "pads": [side, side]}
        parameters = [graph.weight(f"{index}.{name}", _array(getattr(layer, name))) for name in ("weight", "bias")]
        x = graph.op("Relu", graph.op("Conv", x, *parameters, **attributes))
    x = graph.op("Relu", _linear(graph, "hidden", _pooled(graph, x, weights), *_parameters(model.hidden)))
    weight, bias = _parameters(model.embedding)
    scale = 1 / np.sqrt(_array(model.norm.running_var) + model.norm.eps)
    shift = -_array(model.norm.running_mean) * scale
    graph.output("embedding", _linear(graph, "embedding", x, weight * scale, bias * scale + shift), ["batch", SIZE])
    graph.set_metadata(sample_rate=SAMPLE_RATE, bins=BINS, size=SIZE)
    return graph


def _pooled(graph: Graph, x: Value, weights: Value) -> Value:
    time = graph.integers(2)
    weights = graph.op("Transpose", weights, perm=[0, 2, 1])
    mean = graph.op("ReduceSum", x * weights, time)
    centered = x - mean
    variance = graph.op("ReduceSum", centered * centered * weights, time)
    both = graph.op("Concat", mean, graph.op("Sqrt", variance + MIN_VARIANCE), axis=1)
    return graph.op("Squeeze", both, time)


def _parameters(layer: nn.Linear) -> tuple[Any, Any]:
    """Returns the weight (inputs, outputs) and the bias."""
    return _array(layer.weight).T, _array(layer.bias)


def _linear(graph: Graph, name: str, x: Value, weight: Any, bias: Any) -> Value:
    arrays = {"weight": weight, "bias": bias}
    w, b = (graph.weight(f"{name}.{part}", np.asarray(array, np.float32)) for part, array in arrays.items())
    return x @ w + b


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()
