"""Postnet: FSMN layers, a forward LSTM and a linear layer, added to the mel of the decoder."""

from collections.abc import Mapping
from typing import Any

from convert.checkpoint.weights import Weights
from convert.graph.builder import Graph
from convert.graph.layers import linear, memory_padding, shifts, streamed_lstm
from convert.graph.streaming import StreamGraph


def postnet(config: Mapping[str, Any], weights: Weights) -> Graph:
    """`frames` (batch, time, mels) -> `mel` (batch, time, mels), delayed by `lookahead` frames."""
    graph = StreamGraph("postnet")
    fsmn = weights / "mel_postnet" / "fsmn"
    mels, size, inner = config["num_mels"], config["postnet_num_memory_units"], config["postnet_ffn_inner_dim"]
    layers, filter_size = config["postnet_fsmn_num_layers"], config["postnet_filter_size"]

    decoded = graph.stream("frames", mels)
    x = decoded
    for index, shift in enumerate(shifts(config["postnet_shift"], layers)):
        ffn, name = fsmn / "ffn_lst" / index, f"fsmn.{index}"
        expand = (ffn / "w_1").take("weight", inner, x.channels, 1), (ffn / "w_1").take("bias", inner)
        y = graph.convolve(f"{name}.expand", x, *expand)
        y = y.map(graph.op("Relu", y.value))
        y = graph.convolve(f"{name}.contract", y, (ffn / "w_2").take("weight", size, inner, 1))
        filters = (fsmn / "memory_block_lst" / index / "conv_dw").take("weight", size, 1, filter_size)
        left, right = memory_padding(filter_size, shift)
        memory = graph.convolve(f"{name}.memory", y, filters, left=left, right=right, groups=size)
        y = graph.add(f"{name}.memory_skip", y, memory)
        x = graph.add(f"{name}.skip", x, y) if x.channels == size else y

    units = config["postnet_lstm_units"]
    hidden = streamed_lstm(graph, "lstm", graph.channels_last(x), weights / "mel_postnet" / "lstm", size, units)
    residual = linear(graph, "out", hidden, weights / "mel_postnet" / "fc", units, mels)
    delayed = graph.align("skip", decoded, x)
    graph.output("mel", graph.channels_last(delayed) + residual, ["batch", None, mels])
    graph.set_metadata(lookahead=x.delay)
    return graph
