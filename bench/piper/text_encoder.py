"""VITS' text encoder: a transformer with relative positions."""

import numpy as np

from bench.piper.layers import VitsGraph
from bench.piper.sizes import PiperSizes
from convert.graph.builder import Value


def text_encoder(graph: VitsGraph, sizes: PiperSizes, ids: Value, mask: Value) -> tuple[Value, Value, Value]:
    """Symbols (batch, time) -> hidden values, means and log deviations of the prior, each (batch, channels, time)."""
    channels = sizes.channels
    table = graph.parameter("embedding", sizes.symbols, channels, bound=1.0)
    x = graph.op("Transpose", graph.op("Gather", table, ids) * channels**0.5, perm=[0, 2, 1]) * mask
    pairs = graph.op("Unsqueeze", mask, graph.integers(2)) * graph.op("Unsqueeze", mask, graph.integers(3))
    hidden = graph.op("Equal", pairs, graph.value(0.0))  # (batch, 1, time, time)
    for layer in range(sizes.layers):
        name = f"encoder.{layer}"
        x = graph.layer_norm(f"{name}.norm1", x + _attention(graph, f"{name}.attention", sizes, x, hidden), channels)
        y = graph.convolve(f"{name}.expand", x * mask, channels, sizes.filter_channels, sizes.kernel)
        y = graph.op("Relu", y) * mask
        y = graph.convolve(f"{name}.contract", y, sizes.filter_channels, channels, sizes.kernel) * mask
        x = graph.layer_norm(f"{name}.norm2", x + y, channels)
    x = x * mask
    prior = graph.convolve("encoder.prior", x, channels, 2 * channels) * mask
    means, deviations = graph.ops("Split", 2, prior, axis=1, num_outputs=2)
    return x, means, deviations


def _attention(graph: VitsGraph, name: str, sizes: PiperSizes, x: Value, hidden: Value) -> Value:
    """Self-attention (Shaw et al., 2018): scores and values have a part that depends on the distance only."""
    channels, heads = sizes.channels, sizes.heads
    width, time = channels // heads, graph.size(x, 2)
    query, key, value = (_heads(graph, f"{name}.{part}", sizes, x) for part in ("query", "key", "value"))
    query = query * width**-0.5
    relative_keys, relative_values = (
        _relative_embeddings(graph, f"{name}.relative_{part}", sizes, time) for part in ("keys", "values")
    )
    scores = query @ graph.op("Transpose", key, perm=[0, 1, 3, 2])
    scores = scores + _by_position(graph, query @ graph.op("Transpose", relative_keys, perm=[0, 2, 1]), heads, time)
    shares = graph.op("Softmax", graph.op("Where", hidden, graph.value(-1e4), scores), axis=-1)
    y = shares @ value + _by_distance(graph, shares, heads, time) @ relative_values
    y = graph.op("Reshape", graph.op("Transpose", y, perm=[0, 1, 3, 2]), graph.integers(0, channels, -1))
    return graph.convolve(f"{name}.out", y, channels, channels)


def _heads(graph: VitsGraph, name: str, sizes: PiperSizes, x: Value) -> Value:
    """A projection, (batch, heads, time, width)."""
    y = graph.convolve(name, x, sizes.channels, sizes.channels)
    y = graph.op("Reshape", y, graph.integers(0, sizes.heads, sizes.channels // sizes.heads, -1))
    return graph.op("Transpose", y, perm=[0, 1, 3, 2])


def _relative_embeddings(graph: VitsGraph, name: str, sizes: PiperSizes, time: Value) -> Value:
    """An embedding of each distance from 1 - time to time - 1, zero outside of the window: (1, 2 time - 1, width)."""
    width, window = sizes.channels // sizes.heads, sizes.attention_window
    table = graph.parameter(name, 1, 2 * window + 1, width, bound=width**-0.5)
    zero, surplus = graph.integers(0), time - graph.integers(window + 1)
    outside = graph.op("Max", surplus, zero)
    start = graph.op("Max", zero - surplus, zero)
    end = start + time * graph.integers(2) - graph.integers(1)
    return graph.slice(graph.pad(table, outside, outside, 1, 3), start, end, 1)


def _by_position(graph: VitsGraph, x: Value, heads: int, time: Value) -> Value:
    """(batch, heads, time, 2 time - 1), by distance -> (batch, heads, time, time), by position.

    The rows are shifted against each other by padding, and by another number of columns.
    """
    one, double = graph.integers(1), time * graph.integers(2)
    x = graph.reshape(graph.pad(x, 0, 1, 3, 4), 0, heads, time * double)
    x = graph.reshape(graph.pad(x, 0, time - one, 2, 3), 0, heads, time + one, double - one)
    return graph.slice(graph.slice(x, 0, time, 2), time - one, np.iinfo(np.int64).max, 3)


def _by_distance(graph: VitsGraph, x: Value, heads: int, time: Value) -> Value:
    """(batch, heads, time, time), by position -> (batch, heads, time, 2 time - 1), by distance."""
    one, double = graph.integers(1), time * graph.integers(2)
    x = graph.reshape(graph.pad(x, 0, time - one, 3, 4), 0, heads, time * (double - one))
    x = graph.reshape(graph.pad(x, time, 0, 2, 3), 0, heads, time, double)
    return graph.slice(x, 1, np.iinfo(np.int64).max, 3)
