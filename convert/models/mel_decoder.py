"""Mel decoder (PNCA), autoregressive in steps of r frames; one run of its graph is several steps.

Each block has one query that attends to its own past x in [t - band, t] and to the memory h in [t, t + band], each with
its own output projection; their sum is followed by a feed-forward layer. So the state is a window of keys and values.
Those of h depend only on the memory: a second graph computes them for all layers in one product.

The steps of a run are a loop in the graph: a step has some 200 small operators, and what is done once a run, in Python
too, is a relevant part of its time. The keys of a layer are one tensor that grows in the loop: memory, past, steps so
far. Both attentions score all of them, each with a mask that leaves its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.checkpoint.weights import Weights
from convert.graph.builder import Graph, Value
from convert.graph.layers import Array, feed_forward, layer_norm, linear, prenet

TIME_AXIS = 3
"""Of keys and values."""
INT64_MAX = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Sizes:
    """The dimensions of the decoder."""

    mels: int
    r: int
    """Frames of a step."""
    memory: int
    units: int
    layers: int
    heads: int

    @property
    def width(self) -> int:
        """Of a head."""
        return self.units // self.heads

    def window(self, time: str | None) -> list[int | str | None]:
        """The shape of the keys and values of all layers along an axis of time: first all keys, then all values."""
        return ["batch", 2 * self.layers, self.heads, time, self.width]


def read_sizes(config: Mapping[str, Any]) -> Sizes:
    """A memory vector is the text of r frames, then speaker and emotion of the first frame."""
    r = config["outputs_per_step"]
    memory = config["encoder_projection_units"] * r + config["speaker_units"] + config["emotion_units"]
    layers, heads = config["decoder_num_layers"], config["decoder_num_heads"]
    return Sizes(config["num_mels"], r, memory, config["decoder_num_units"], layers, heads)


def decoder_memory(config: Mapping[str, Any], weights: Weights) -> Graph:
    """`memory` (batch, steps, size) -> `window` (batch, 2 * layers, heads, steps, width)."""
    graph, sizes = Graph("decoder_memory"), read_sizes(config)
    layers, units = sizes.layers, sizes.units
    parts = [weights / "mel_decoder" / "mel_dec" / "pnca" / n / "pnca_attn" / "w_h_kv" for n in range(layers)]
    weight = np.stack([part.take("weight", 2 * units, sizes.memory).reshape(2, units, -1) for part in parts], axis=1)
    bias = np.stack([part.take("bias", 2 * units).reshape(2, units) for part in parts], axis=1)
    memory = graph.input("memory", ["batch", "steps", sizes.memory])
    y = memory @ graph.weight("window.weight", weight.reshape(-1, sizes.memory).T)
    y = y + graph.weight("window.bias", bias.reshape(-1))
    y = graph.op("Reshape", y, graph.integers(0, 0, 2 * layers, sizes.heads, sizes.width))
    graph.output("window", graph.op("Transpose", y, perm=[0, 2, 3, 1, 4]), sizes.window("steps"))
    return graph


def mel_decoder(config: Mapping[str, Any], weights: Weights) -> Graph:
    """`memory` (batch, steps, size) of some steps, and the windows around them -> `frames` (batch, steps, r, mels).

    `ahead` is the window of the memory from the first of the steps to the band beyond the last one; `state.window`, at
    least as long as the band, is that of the past. `mask` (batch, steps, 2, keys) is added to the scores of each step,
    in row 0 of the attention to the past, in row 1 of that to the memory: 0, or very negative for keys outside of the
    band, and for all keys of the other attention. The keys are those of `ahead`, of `state.window`, and of the steps.
    """
    graph, sizes = Graph("mel_decoder"), read_sizes(config)
    layers = sizes.layers
    memory = graph.input("memory", ["batch", "run_steps", sizes.memory])
    mask = graph.input("mask", ["batch", "run_steps", 2, "keys"])
    ahead = graph.input("ahead", sizes.window("time_ahead"))
    past = graph.state("window", ["batch", 2 * layers, sizes.heads, "window", sizes.width])
    frame = graph.state("frame", ["batch", sizes.mels])
    known = graph.op("Concat", ahead, past, axis=TIME_AXIS)
    windows = graph.ops("Split", 2 * layers, known, axis=1, num_outputs=2 * layers)

    step = decoder_step(graph, sizes, config, weights / "mel_decoder" / "mel_dec", memory, mask)
    steps = graph.op("Squeeze", graph.op("Shape", memory, start=1, end=2))
    frame, *windows, frames = graph.loop(step, steps, [frame, *windows])

    frames = graph.op("Reshape", graph.op("Transpose", frames, perm=[1, 0, 2]), graph.integers(0, 0, sizes.r, -1))
    graph.output("frames", frames, ["batch", "run_steps", sizes.r, sizes.mels])
    graph.next_state("frame", frame, ["batch", sizes.mels])
    length = graph.op("Shape", past, start=TIME_AXIS, end=TIME_AXIS + 1)
    stacked = graph.op("Concat", *windows, axis=1)
    latest = graph.op("Slice", stacked, graph.op("Neg", length), graph.integers(INT64_MAX), graph.integers(TIME_AXIS))
    graph.next_state("window", latest, sizes.window(None))
    return graph


def decoder_step(
    graph: Graph, sizes: Sizes, config: Mapping[str, Any], decoder: Weights, memory: Value, mask: Value
) -> Graph:
    """The loop's body: last frame and windows -> those for the next step, and the frames (batch, r * mels).

    Each window is that of one layer, (batch, 1, heads, time, width): all keys, then all values.
    """
    layers, units, mels = sizes.layers, sizes.units, sizes.mels
    step = Graph("step", parent=graph)
    number = step.input("number", [], np.int64)
    frame = step.input("frame", ["batch", mels])
    before = [step.input(f"window.{n}", ["batch", 1, *sizes.window(None)[2:]]) for n in range(2 * layers)]
    keys = step.op("Shape", before[0], start=TIME_AXIS, end=TIME_AXIS + 1) + step.integers(1)
    bias = step.op("Slice", step.op("Gather", mask, number, axis=1), step.integers(0), keys, step.integers(2))
    bias = step.op("Unsqueeze", bias, step.integers(1, 2))  # (batch, 1, 1, 2, keys)

    x = prenet(step, "prenet", frame, decoder / "prenet" / "fcs", mels, config["decoder_prenet_units"], units)
    x = step.op("Concat", step.op("Gather", memory, number, axis=1), x, axis=1)
    x = linear(step, "input", x, decoder / "dec_in_proj", sizes.memory + units, units) * units**0.5
    after: list[tuple[Value, Value]] = []
    for n in range(layers):
        block, name = decoder / "pnca" / n, f"{n}.attention"
        window = before[n], before[layers + n]
        y, window = attention(step, name, x, block / "pnca_attn", sizes, window, bias)
        after.append(window)
        x = feed_forward(step, f"{n}.ffn", x + y, block / "pos_ffn", units, config["decoder_ffn_inner_dim"], (1, 1))
    x = layer_norm(step, "norm", x, decoder / "ln", units)
    x = linear(step, "out", x, decoder / "dec_out_proj", units, sizes.r * mels)

    first, end = (sizes.r - 1) * mels, sizes.r * mels
    step.output(
        "frame", step.op("Slice", x, step.integers(first), step.integers(end), step.integers(1)), ["batch", mels]
    )
    for n, value in enumerate([*(key for key, _ in after), *(value for _, value in after)]):
        step.output(f"window.{n}", value, ["batch", 1, *sizes.window(None)[2:]])
    step.output("frames", x, ["batch", sizes.r * mels])
    return step


def attention(
    step: Graph, name: str, x: Value, weights: Weights, sizes: Sizes, window: tuple[Value, Value], bias: Value
) -> tuple[Value, tuple[Value, Value]]:
    """Both attentions of a block, without the residual: (batch, units), and the window with this step's keys, values.

    `bias` (batch, 1, 1, 2, keys) is added to the scores of the two.
    """
    units, heads, width = sizes.units, sizes.heads, sizes.width
    y = layer_norm(step, f"{name}.norm", x, weights / "layer_norm", units)
    scale = np.repeat(np.array([width**-0.5, 1, 1], np.float32), units)  # of query, key, value
    weight = weights.take("w_x_qkv.weight", 3 * units, units) * scale[:, None]
    y = y @ step.weight(f"{name}.qkv.weight", weight.T)
    y = y + step.weight(f"{name}.qkv.bias", weights.take("w_x_qkv.bias", 3 * units) * scale)
    y = step.op("Reshape", y, step.integers(0, 3, heads, 1, width))
    query, *now = step.ops("Split", 3, y, axis=1, num_outputs=3)
    keys, values = (step.op("Concat", *pair, axis=TIME_AXIS) for pair in zip(window, now, strict=True))
    scores = query @ step.op("Transpose", keys, perm=[0, 1, 2, 4, 3]) + bias  # (batch, 1, heads, 2, keys)
    context = step.op("Softmax", scores, axis=-1) @ values
    context = step.op("Reshape", context, step.integers(0, 2 * units))
    out = context @ step.weight(f"{name}.out", output_weight(weights, sizes))
    bias_sum = (weights / "fc_x").take("bias", units) + (weights / "fc_h").take("bias", units)
    return out + step.weight(f"{name}.bias", bias_sum), (keys, values)


def output_weight(weights: Weights, sizes: Sizes) -> Array:
    """(2 * units, units): for each head the rows of the attention to the past, then those of that to the memory."""
    both = [(weights / part).take("weight", sizes.units, sizes.units).T for part in ("fc_x", "fc_h")]
    rows = np.stack(both).reshape(2, sizes.heads, sizes.width, sizes.units)
    return rows.transpose(1, 0, 2, 3).reshape(2 * sizes.units, sizes.units)
