"""Text encoder: linguistic units -> hidden states, and probabilities of filled pauses.

Sum of the units' embeddings, times sqrt(units), plus sinusoids; pre-norm transformer blocks; a norm; a projection.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.checkpoint.weights import Weights
from convert.graph.builder import Graph, Value
from convert.graph.layers import convolution, feed_forward, layer_norm, linear

TABLES = {"sy_emb": "phones", "tone_emb": "tones", "syllable_flag_emb": "syllable_flags", "ws_emb": "word_flags"}
"""Embedding tables of a voice that reads phones, in the order of its features."""
BYTE_TABLE = {"byte_index_emb": "bytes"}


def text_encoder(config: Mapping[str, Any], weights: Weights, rows: Mapping[str, int]) -> Graph:
    """`units` (batch, phones, tables) -> `text` (batch, phones, size); `rows` are the sizes of the embedding tables."""
    graph = Graph("text_encoder")
    encoder = weights / "text_encoder"
    tables = BYTE_TABLE if config.get("using_byte") else TABLES
    size, units = config["embedding_dim"], config["encoder_num_units"]
    heads, layers = config["encoder_num_heads"], config["encoder_num_layers"]

    features = graph.input("units", ["batch", "phones", len(tables)], np.int64)
    total: Value | None = None
    for index, (name, kind) in enumerate(tables.items()):
        embedding = graph.weight(name, (encoder / name).take("weight", rows[kind], size) * np.float32(units**0.5))
        feature = graph.op("Gather", features, graph.value(index, np.int64), axis=2)
        vectors = graph.op("Gather", embedding, feature)  # (batch, phones, size)
        total = vectors if total is None else total + vectors
    assert total is not None

    inner = encoder / "ling_enc"
    stored = (inner / "position_enc").shape("position_enc")
    if stored:  # longer than max_len if an utterance of the training was
        positions = (inner / "position_enc").take("position_enc", 1, stored[1], size)[0]
    else:
        positions = sinusoids(config["max_len"], size)
    graph.set_metadata(longest=len(positions))
    length = graph.op("Shape", features, start=1, end=2)
    table = graph.weight("positions", positions)
    x = total + graph.op("Slice", table, graph.integers(0), length, graph.integers(0))

    for index in range(layers):
        inputs = size if index == 0 else units
        block = inner / "fft" / index
        x = self_attention(graph, f"{index}.attention", x, block / "slf_attn", inputs, units, heads)
        x = feed_forward(graph, f"{index}.ffn", x, block / "pos_ffn", units, config["encoder_ffn_inner_dim"], (3, 1))

    x = layer_norm(graph, "norm", x, inner / "ln", units)
    projected = config["encoder_projection_units"]
    x = linear(graph, "projection", x, encoder / "ling_proj", units, projected, bias=False)
    graph.output("text", x, ["batch", "phones", projected])
    if config.get("FP"):
        probabilities = filled_pauses(graph, x, weights / "FP_predictor", projected, size // 2)
        graph.output("filled_pauses", probabilities, ["batch", "phones", 4])
    return graph


def sinusoids(rows: int, size: int) -> NDArray[np.float32]:
    """(rows, size): sines, then cosines, of p / 10000^(i / (size / 2 - 1)) with p from 1 (KAN-TTS positions.py)."""
    scale = 10000.0 ** (np.arange(size // 2) / (size / 2 - 1))
    angles = np.arange(1, rows + 1)[:, None] / scale
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def self_attention(graph: Graph, name: str, x: Value, weights: Weights, inputs: int, units: int, heads: int) -> Value:
    """Pre-norm self-attention, with a residual if input and output have the same size."""
    width = units // heads
    normed = layer_norm(graph, f"{name}.norm", x, weights / "layer_norm", inputs)
    qkv = linear(graph, f"{name}.qkv", normed, weights / "w_qkv", inputs, 3 * units)
    qkv = graph.op("Reshape", qkv, graph.integers(0, 0, 3, heads, width))
    qkv = graph.op("Transpose", qkv, perm=[2, 0, 3, 1, 4])  # (3, batch, heads, phones, width)
    q, k, v = (graph.op("Gather", qkv, graph.value(index, np.int64), axis=0) for index in range(3))
    scores = (q @ graph.op("Transpose", k, perm=[0, 1, 3, 2])) * (1 / width**0.5)
    context = graph.op("Softmax", scores, axis=-1) @ v
    context = graph.op("Reshape", graph.op("Transpose", context, perm=[0, 2, 1, 3]), graph.integers(0, 0, units))
    y = linear(graph, f"{name}.out", context, weights / "fc", units, units)
    return x + y if inputs == units else y


def filled_pauses(graph: Graph, text: Value, weights: Weights, size: int, inner: int) -> Value:
    """(batch, phones, 4): probabilities of no filled pause, 嗯, 啊 and 呃 before a unit."""
    x = graph.op("Relu", convolution(graph, "filled_pauses.1", text, weights / "w_1", size, inner, 3))
    x = layer_norm(graph, "filled_pauses.norm1", x, weights / "layer_norm1", inner)
    x = graph.op("Relu", convolution(graph, "filled_pauses.2", x, weights / "w_2", inner, size, 1))
    x = layer_norm(graph, "filled_pauses.norm2", x, weights / "layer_norm2", size)
    return graph.op("Softmax", linear(graph, "filled_pauses.out", x, weights / "fc", size, 4), axis=-1)
