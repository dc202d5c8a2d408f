"""Variance adaptor, per unit: text, speaker and emotion -> pitch and energy -> durations.

Three graphs. Between the first and the second the server can modify the contours, before they are embedded.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from convert.checkpoint.weights import Weights
from convert.graph.builder import Graph, Value
from convert.graph.layers import bidirectional_lstm, gate_weights, linear, lstm_cell, memory_padding, prenet, shifts


def contour_predictor(config: Mapping[str, Any], weights: Weights, rows: Mapping[str, int]) -> Graph:
    """text, emotion, speaker -> `style` (embeddings of speaker and emotion), `pitch`, `energy` (normalized)."""
    graph = Graph("contour_predictor")
    text_size, units = config["encoder_projection_units"], ["batch", "phones"]
    text = graph.input("text", [*units, text_size])
    emotion = embedding(graph, "emotion", weights / "emo_tokenizer", rows["emotions"], config["emotion_units"])
    if config.get("SE"):
        vector = graph.input("speaker_embedding", ["batch", config["speaker_units"]])
        length = graph.op("Shape", emotion, start=0, end=2)
        shape = graph.op("Concat", length, graph.integers(1), axis=0)
        speaker = graph.op("Expand", graph.op("Unsqueeze", vector, graph.integers(1)), shape)
    else:
        speaker = embedding(graph, "speaker", weights / "spk_tokenizer", rows["speakers"], config["speaker_units"])
    style = graph.op("Concat", speaker, emotion, axis=2)
    style_size = config["speaker_units"] + config["emotion_units"]
    graph.output("style", style, [*units, style_size])

    x = graph.op("Concat", text, style, axis=2)
    for name in ("pitch", "energy"):
        y = contour(graph, name, x, weights / "variance_adaptor" / f"{name}_predictor", text_size + style_size, config)
        graph.output(name, y, units)
    return graph


def contour_embedding(config: Mapping[str, Any], weights: Weights) -> Graph:
    """Text + embeddings of pitch and energy (convolutions over 9 units) -> `coloured_text`."""
    graph = Graph("contour_embedding")
    size, units = config["encoder_projection_units"], ["batch", "phones"]
    x = graph.input("text", [*units, size])
    for name in ("pitch", "energy"):
        contour = graph.op("Unsqueeze", graph.input(name, units), graph.integers(1))
        part = weights / "variance_adaptor" / f"{name}_emb"
        weight, bias = part.take("weight", size, 1, 9), part.take("bias", size)
        parameters = graph.weight(f"{name}.weight", weight), graph.weight(f"{name}.bias", bias)
        x = x + graph.op("Transpose", graph.op("Conv", contour, *parameters, pads=[4, 4]), perm=[0, 2, 1])
    graph.output("coloured_text", x, [*units, size])
    return graph


def duration_predictor(config: Mapping[str, Any], weights: Weights) -> Graph:
    """`condition` -> `log_durations`: log(1 + frames) of every unit, autoregressive."""
    graph = Graph("duration_predictor")
    predictor = weights / "variance_adaptor" / "duration_predictor"
    units, rnn = config["dur_pred_prenet_units"], config["dur_pred_lstm_units"]
    size = config["encoder_projection_units"] + config["speaker_units"] + config["emotion_units"]
    w, r, b = gate_weights(predictor / "lstm", units[-1] + size, rnn, 0)
    condition = graph.input("condition", ["batch", "phones", size])
    conditioned = condition @ graph.weight("lstm.0.condition", w[units[-1] :]) + graph.weight("lstm.0.bias", b)

    unit = Graph("unit", parent=graph)
    x = prenet(unit, "prenet", unit.state("log_duration", ["batch", 1]), predictor / "prenet" / "fcs", 1, units)
    x = lstm_cell(unit, "lstm.0", x, np.concatenate([w[: units[-1]], r]), unit.input("known", ["batch", 4 * rnn]))
    w, r, b = gate_weights(predictor / "lstm", rnn, rnn, 1)
    x = lstm_cell(unit, "lstm.1", x, np.concatenate([w, r]), unit.weight("lstm.1.bias", b))
    x = unit.op("Relu", linear(unit, "out", x, predictor / "fc", rnn, 1))
    unit.next_state("log_duration", x, ["batch", 1])
    unit.output("log_duration", x, ["batch", 1])

    logs = graph.scan(unit, conditioned)
    graph.output("log_durations", graph.op("Squeeze", logs, graph.integers(2)), ["batch", "phones"])
    return graph


def embedding(graph: Graph, name: str, weights: Weights, rows: int, size: int) -> Value:
    """The embedding of the input `name` (batch, phones): (batch, phones, size)."""
    index = graph.input(name, ["batch", "phones"], np.int64)
    return graph.op("Gather", graph.weight(f"{name}.embedding", weights.take("weight", rows, size)), index)


def contour(graph: Graph, name: str, x: Value, weights: Weights, inputs: int, config: Mapping[str, Any]) -> Value:
    """FSMN layers, a bidirectional LSTM and a linear layer: (batch, phones, inputs) -> (batch, phones)."""
    size, filter_size = config["predictor_num_memory_units"], config["predictor_filter_size"]
    for index, shift in enumerate(shifts(config["predictor_shift"], config["predictor_fsmn_num_layers"])):
        part = f"{name}.fsmn.{index}"
        ffn = weights / "fsmn" / "ffn_lst" / index
        inner = config["predictor_ffn_inner_dim"]
        expand = graph.weight(f"{part}.expand", (ffn / "w_1").take("weight", inner, inputs, 1)[:, :, 0].T)
        y = graph.op("Relu", x @ expand + graph.weight(f"{part}.bias", (ffn / "w_1").take("bias", inner)))
        y = y @ graph.weight(f"{part}.contract", (ffn / "w_2").take("weight", size, inner, 1)[:, :, 0].T)
        weight = (weights / "fsmn" / "memory_block_lst" / index / "conv_dw").take("weight", size, 1, filter_size)
        filters, pads = graph.weight(f"{part}.memory", weight), list(memory_padding(filter_size, shift))
        memory = graph.op("Conv", graph.op("Transpose", y, perm=[0, 2, 1]), filters, pads=pads, group=size)
        y = y + graph.op("Transpose", memory, perm=[0, 2, 1])
        x = x + y if inputs == size else y
        inputs = size
    units = config["predictor_lstm_units"]
    x = bidirectional_lstm(graph, f"{name}.lstm", x, weights / "blstm", size, units)
    return graph.op("Squeeze", linear(graph, f"{name}.out", x, weights / "fc", 2 * units, 1), graph.integers(2))
