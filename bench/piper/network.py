"""The whole network as one graph, with the inputs and outputs of Piper's exported voices.

Like the export of rhasspy/piper (`src/python/piper_train/export_onnx.py`) it is one float32 graph with dynamic axes,
from symbols to samples: the first audio comes when the sentence is complete. What PyTorch's export adds without an
effect (sums with zeros, products with ones) is left out, so its speed is if anything better than that of a real one.
"""

import numpy as np
import onnx

from bench.piper.duration_predictor import duration_predictor
from bench.piper.flow import flow
from bench.piper.generator import generator
from bench.piper.layers import VitsGraph
from bench.piper.sizes import MEDIUM, PiperSizes
from bench.piper.text_encoder import text_encoder
from convert.graph.builder import Value


def piper_network(sizes: PiperSizes = MEDIUM) -> onnx.ModelProto:
    """`input` (batch, phonemes), `input_lengths` (batch,), `scales` (3,) -> `output` (batch, 1, samples).

    The scales are those of the noise, of the durations and of the durations' noise.
    """
    graph = VitsGraph("piper")
    ids = graph.input("input", ["batch_size", "phonemes"], np.int64)
    lengths = graph.input("input_lengths", ["batch_size"], np.int64)
    noise, length, duration_noise = graph.ops("Split", 3, graph.input("scales", [3]), axis=0, num_outputs=3)
    mask = _mask(graph, lengths, graph.size(ids, 1))
    x, means, deviations = text_encoder(graph, sizes, ids, mask)
    logarithms = duration_predictor(graph, sizes, x, mask, duration_noise)
    durations = graph.op("Ceil", graph.exp(logarithms) * mask * length)  # frames, (batch, 1, phonemes)

    totals = graph.op("ReduceSum", durations, graph.integers(1, 2), keepdims=0)
    totals = graph.op("Cast", graph.op("Clip", totals, graph.value(1.0)), to=onnx.TensorProto.INT64)
    frames = graph.op("ReduceMax", totals, keepdims=1)
    frame_mask = _mask(graph, totals, frames)
    path = _alignment(graph, durations, mask, frame_mask, frames)
    means, deviations = (_expand(graph, path, each) for each in (means, deviations))
    random = graph.op("RandomNormalLike", means, seed=0.0)
    z = flow(graph, sizes, means + random * graph.exp(deviations) * noise, frame_mask)
    graph.output("output", generator(graph, sizes, z * frame_mask), ["batch_size", 1, None])
    return graph.build()


def _mask(graph: VitsGraph, lengths: Value, limit: Value) -> Value:
    """(batch, 1, limit)."""
    return graph.op(
        "Unsqueeze", graph.below(graph.op("Unsqueeze", lengths, graph.integers(1)), limit), graph.integers(1)
    )


def _alignment(graph: VitsGraph, durations: Value, mask: Value, frame_mask: Value, frames: Value) -> Value:
    """1.0 where a frame belongs to a symbol: (batch, frames, phonemes)."""
    ends = graph.op("CumSum", durations, graph.value(-1, np.int64))
    ends = graph.op("Cast", graph.op("Transpose", ends, perm=[0, 2, 1]), to=onnx.TensorProto.INT64)
    started = graph.below(ends, frames)  # (batch, phonemes, frames)
    before = graph.slice(graph.pad(started, 1, 0, 1, 3), 0, -1, 1)
    path = graph.op("Transpose", started - before, perm=[0, 2, 1])
    return path * (mask * graph.op("Transpose", frame_mask, perm=[0, 2, 1]))


def _expand(graph: VitsGraph, path: Value, x: Value) -> Value:
    """A value of each symbol -> of each of its frames: (batch, channels, frames)."""
    return graph.op("Transpose", path @ graph.op("Transpose", x, perm=[0, 2, 1]), perm=[0, 2, 1])
