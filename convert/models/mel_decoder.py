"""Mel decoder (PNCA), autoregressive in steps of r frames.

Each block has one query that attends to its own past x in [t - band, t] and to the memory h in [t, t + band], each with
its own output projection; their sum is followed by a feed-forward layer. So the state is a window of keys and values.
Keys and values of h depend only on the memory: a second graph computes them for all layers in one product.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from convert.checkpoint.weights import Weights
from convert.graph.builder import Graph, Value
from convert.graph.layers import feed_forward, layer_norm, linear, prenet


def memory_size(config: Mapping[str, Any]) -> int:
    """Size of a memory vector: the text of r frames, then speaker and emotion of the first frame."""
    text = config["encoder_projection_units"] * config["outputs_per_step"]
    return int(text + config["speaker_units"] + config["emotion_units"])


def decoder_memory(config: Mapping[str, Any], weights: Weights) -> Graph:
    """`memory` (batch, steps, size) -> `keys` (batch, layers, heads, width, steps), `values` (..., steps, width)."""
    graph = Graph("decoder_memory")
    size, units = memory_size(config), config["decoder_num_units"]
    layers, heads = config["decoder_num_layers"], config["decoder_num_heads"]
    width = units // heads
    memory = graph.input("memory", ["batch", "steps", size])
    parts = [weights / "mel_decoder" / "mel_dec" / "pnca" / n / "pnca_attn" / "w_h_kv" for n in range(layers)]
    weight = np.stack([part.take("weight", 2 * units, size) for part in parts])  # (layers, 2 units, size)
    bias = np.stack([part.take("bias", 2 * units) for part in parts])
    for index, (name, order) in enumerate((("keys", [0, 2, 3, 4, 1]), ("values", [0, 2, 3, 1, 4]))):
        rows = slice(index * units, (index + 1) * units)
        y = memory @ graph.weight(f"{name}.weight", weight[:, rows].reshape(-1, size).T)
        y = y + graph.weight(f"{name}.bias", bias[:, rows].reshape(-1))
        y = graph.op("Reshape", y, graph.integers(0, 0, layers, heads, width))
        shape = [["batch", "steps", layers, heads, width][axis] for axis in order]
        graph.output(name, graph.op("Transpose", y, perm=order), shape)
    return graph


def mel_decoder(config: Mapping[str, Any], weights: Weights) -> Graph:
    """One step: memory[t] and the windows around it -> `frames` (batch, r, mels).

    `window` is at least the band; `mask` (batch, 2, window + 1) is added to the scores of the past (row 0) and of the
    memory (row 1): 0, or very negative outside of the band, so that streams with different bands can share a batch.
    """
    graph = Graph("mel_decoder")
    decoder = weights / "mel_decoder" / "mel_dec"
    units, mels, r = config["decoder_num_units"], config["num_mels"], config["outputs_per_step"]
    layers, heads = config["decoder_num_layers"], config["decoder_num_heads"]
    width, size, window = units // heads, memory_size(config), "window_and_now"

    memory = graph.input("memory", ["batch", size])
    mask = graph.op("Unsqueeze", graph.input("mask", ["batch", 2, window]), graph.integers(2, 3))
    memory_keys = split(graph, graph.input("memory_keys", ["batch", layers, heads, width, window]), layers)
    memory_values = split(graph, graph.input("memory_values", ["batch", layers, heads, window, width]), layers)
    past_keys = split(graph, graph.state("keys", ["batch", layers, heads, width, "window"]), layers)
    past_values = split(graph, graph.state("values", ["batch", layers, heads, "window", width]), layers)
    last = graph.state("frame", ["batch", mels])

    x = prenet(graph, "prenet", last, decoder / "prenet" / "fcs", mels, config["decoder_prenet_units"], units)
    x = graph.op("Concat", memory, x, axis=1)
    x = linear(graph, "input", x, decoder / "dec_in_proj", size + units, units) * units**0.5
    next_keys, next_values = [], []
    for n in range(layers):
        attention, name = decoder / "pnca" / n / "pnca_attn", f"{n}.attention"
        y = layer_norm(graph, f"{name}.norm", x, attention / "layer_norm", units)
        qkv = linear(graph, f"{name}.qkv", y, attention / "w_x_qkv", units, 3 * units)
        q, k, v = graph.ops("Split", 3, qkv, axis=1, num_outputs=3)
        q = graph.op("Reshape", q * (1 / width**0.5), graph.integers(-1, 1, heads, 1, width))
        k = graph.op("Reshape", k, graph.integers(-1, 1, heads, width, 1))
        v = graph.op("Reshape", v, graph.integers(-1, 1, heads, 1, width))
        keys = graph.op("Concat", past_keys[n], k, axis=4)
        values = graph.op("Concat", past_values[n], v, axis=3)
        next_keys.append(keys)
        next_values.append(values)
        # Axis 1 holds the two attentions: own past, memory.
        scores = q @ graph.op("Concat", keys, memory_keys[n], axis=1) + mask
        context = graph.op("Softmax", scores, axis=-1) @ graph.op("Concat", values, memory_values[n], axis=1)
        context = graph.op("Reshape", context, graph.integers(-1, 2 * units))
        both = [(attention / part).take("weight", units, units).T for part in ("fc_x", "fc_h")]
        bias = (attention / "fc_x").take("bias", units) + (attention / "fc_h").take("bias", units)
        x = x + (context @ graph.weight(f"{name}.out", np.concatenate(both)) + graph.weight(f"{name}.bias", bias))
        ffn = decoder / "pnca" / n / "pos_ffn"
        x = feed_forward(graph, f"{n}.ffn", x, ffn, units, config["decoder_ffn_inner_dim"], (1, 1))
    x = layer_norm(graph, "norm", x, decoder / "ln", units)
    x = linear(graph, "out", x, decoder / "dec_out_proj", units, r * mels)
    frames = graph.op("Reshape", x, graph.integers(-1, r, mels))

    graph.output("frames", frames, ["batch", r, mels])
    graph.next_state("frame", graph.op("Gather", frames, graph.value(r - 1, np.int64), axis=1), ["batch", mels])
    graph.next_state("keys", without_oldest(graph, next_keys, 4), ["batch", layers, heads, width, None])
    graph.next_state("values", without_oldest(graph, next_values, 3), ["batch", layers, heads, None, width])
    return graph


def split(graph: Graph, stacked: Value, layers: int) -> list[Value]:
    """(batch, layers, ...) -> one (batch, 1, ...) per layer."""
    return graph.ops("Split", layers, stacked, axis=1, num_outputs=layers) if layers > 1 else [stacked]


def without_oldest(graph: Graph, windows: list[Value], axis: int) -> Value:
    """The windows of all layers (batch, layers, ...) without their first entry along `axis`."""
    stacked = graph.op("Concat", *windows, axis=1)
    end = graph.integers(np.iinfo(np.int64).max)
    return graph.op("Slice", stacked, graph.integers(1), end, graph.integers(axis))
