"""A vocoder whose residual blocks compute in 8 bits.

The signal of a stage, x, stays float32 from block to block and pair to pair; what is added to it is computed in 8 bits:

    x --> leaky --> uint8 --> dilated convolution --> leaky --> convolution --> float32 --> + x

Signals are (batch, 1, time, channels), which ONNX Runtime's QLinearConv reads without a transposition, and in which
states are joined and cut by plain copies. Scales are static: they must not depend on the rest of a chunk or batch, so a
chunk or a row is rounded in the same way wherever it is.

QLinearConv has one scale for all channels of its input and output. Between the two convolutions each channel has its
own nevertheless: it is divided out of the weights of the first and multiplied into those of the second. Likewise x is
kept divided by a `profile` of its channels, which is divided out of the upsampling and of every block.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convert.graph.builder import MICROSOFT, Graph, Value
from convert.graph.streaming import PLAIN, Encoding, History, Stream, StreamGraph
from convert.models.hifigan import FloatStages, activated_input, convolve, generator_graph
from convert.models.hifigan_layers import Convolution, Generator, Stage
from convert.models.residual_blocks import first_readers, residual_sum
from convert.quantization.ranges import Range, union

Floats = NDArray[np.float64]
Ranges = Mapping[str, tuple[Range, Range]]
"""Of the input and of the output of each convolution in a residual block."""
MAX_BIAS = 2**31 - 128
"""The largest int32 that float32 represents."""
MIN_PROFILE = 1e-3
"""Of a channel that is nearly silent, relative to the loudest one."""


def int8_vocoder(generator: Generator, ranges: Ranges, blocks: Collection[str]) -> Graph:
    """The generator with these residual blocks (`<stage>.<block>`) in 8 bits, the rest in float32."""
    return generator_graph(generator, Int8Stages(generator.slope, ranges, frozenset(blocks)))


@dataclass(frozen=True)
class Int8Stages:
    """Builds the stages, those blocks in 8 bits that are chosen."""

    slope: float
    ranges: Ranges
    blocks: frozenset[str]

    def __call__(self, graph: StreamGraph, index: int, stage: Stage, x: Stream, excitation: Stream | None) -> Stream:
        """Adds a stage."""
        names = [f"{index}.{block}" for block in range(len(stage.blocks))]
        if not self.blocks.intersection(names):
            return FloatStages(self.slope)(graph, index, stage, x, excitation)
        profile = self._profile(index, stage)
        x = self._upsample(graph, index, stage, activated_input(graph, x, self.slope), profile)
        if excitation is not None and stage.source is not None:
            skip = convolve(graph, f"{index}.source", excitation, scaled(stage.source, None, profile))
            x = graph.add(f"{index}.source_skip", x, channels_last(graph, skip, profile))
        arithmetic = Int8Arithmetic(self.slope, self.ranges, profile, first_readers(index, stage))
        total = residual_sum(graph, index, stage, x, arithmetic)
        return channels_first(graph, total.map(total.value * graph.value(profile / len(stage.blocks))))

    def _profile(self, index: int, stage: Stage) -> Floats:
        """(channels,): the typical magnitude of each channel, where x is rounded and in what is added to it."""
        magnitudes = []
        for block, pairs in enumerate(stage.blocks):
            for number in range(len(pairs)):
                if f"{index}.{block}" in self.blocks:
                    name = f"{index}.{block}.{number}"
                    magnitudes += [self.ranges[f"{name}.dilated"][0].magnitude, self.ranges[f"{name}.plain"][1].magnitude]
        relative = [np.maximum(magnitude / magnitude.max(), MIN_PROFILE) for magnitude in magnitudes]
        profile: Floats = np.exp(np.log(relative).mean(axis=0))
        return profile

    def _upsample(self, graph: StreamGraph, index: int, stage: Stage, x: Stream, profile: Floats) -> Stream:
        """The upsampling, with its outputs in the order of phases, then channels."""
        channels, scale = len(profile), stage.scale
        layer = scaled(stage.up, None, np.repeat(profile, scale))
        order = np.arange(channels * scale).reshape(channels, scale).T.ravel()
        layer = replace(layer, weight=layer.weight[order], bias=layer.bias[order])
        x = channels_last(graph, convolve(graph, f"{index}.up", x, layer), profile)
        value = graph.op("Reshape", x.value, graph.integers(0, 1, -1, channels))
        return Stream(value, channels, x.delay * scale, x.encoding)


@dataclass(frozen=True)
class Int8Arithmetic:
    """Computes residual blocks in 8 bits: an `Arithmetic`. The signal x is divided by `profile`."""

    slope: float
    ranges: Ranges
    profile: Floats
    first_readers: Sequence[str]
    """The convolutions that read the input of the stage: they share its scale."""

    def activate(self, graph: StreamGraph, x: History, readers: Sequence[str]) -> History:
        """Leaky ReLU in float32, then rounded."""
        scale, zero = self._input_scale(readers[0])
        activated = graph.op("LeakyRelu", x.stream.value, alpha=self.slope)
        value = graph.op("QuantizeLinear", activated, graph.value(scale), graph.value(zero, np.uint8))
        return x.map(value)

    def dilated(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> tuple[Value, Encoding]:
        """The scale of each channel is divided out of the weights."""
        scales, zero = self.ranges[name][1].channel_scales()
        layer = scaled(layer, self.profile, scales)
        value = convolve8(graph, name, x, layer, self._input_scale(name), (1.0, zero))
        factor, new_zero = self._activated_scale(zero)
        numbers = graph.value(1.0), graph.value(zero, np.uint8), graph.value(factor), graph.value(new_zero, np.uint8)
        value = graph.op("QLinearLeakyRelu", value, *numbers, alpha=self.slope, domain=MICROSOFT)
        return value, Encoding(scales * factor, new_zero, channels_last=True)

    def plain(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> Value:
        """The scale of each channel is multiplied into the weights; the output is float32."""
        scales, zero = self.ranges[name.replace("plain", "dilated")][1].channel_scales()
        layer = scaled(layer, scales, self.profile)
        scale, new_zero = (self.ranges[name][1] / self.profile).scale()
        value = convolve8(graph, name, x, layer, self._activated_scale(zero), (scale, new_zero))
        return graph.op("DequantizeLinear", value, graph.value(scale), graph.value(new_zero, np.uint8))

    def _input_scale(self, reader: str) -> tuple[float, int]:
        readers = self.first_readers if reader in self.first_readers else [reader]
        return (union([self.ranges[name][0] for name in readers]) / self.profile).scale()

    def _activated_scale(self, zero: int) -> tuple[float, int]:
        """Scale and zero point of leaky ReLU of a value of scale 1, so that it uses all 256 levels."""
        return Range(np.array([-zero * self.slope]), np.array([255.0 - zero])).scale()


def convolve8(graph: StreamGraph, name: str, x: Value, layer: Convolution, source: tuple[float, int], target: tuple[float, int]) -> Value:
    """An 8-bit convolution of (batch, 1, time, in). `source` and `target`: scale and zero point."""
    flat = np.abs(layer.weight).reshape(len(layer.weight), -1).max(axis=1).astype(np.float64)
    steps = np.maximum(flat / 127, 1e-12).astype(np.float32)
    weight = np.round(layer.weight / steps[:, None, None]).astype(np.int8)[:, :, None]
    bias = np.clip(np.round(layer.bias / (steps * np.float64(source[0]))), -MAX_BIAS, MAX_BIAS).astype(np.int32)
    inputs = [
        graph.value(source[0]),
        graph.value(source[1], np.uint8),
        graph.weight(f"{name}.weight", weight),
        graph.weight(f"{name}.scale", steps),
        graph.value(np.zeros(len(steps)), np.int8),
        graph.value(target[0]),
        graph.value(target[1], np.uint8),
        graph.weight(f"{name}.bias", bias),
    ]
    shape = {"kernel_shape": [1, weight.shape[3]], "dilations": [1, layer.dilation], "pads": [0, layer.left, 0, layer.right]}
    return graph.op("QLinearConv", x, *inputs, channels_last=1, **shape, domain=MICROSOFT)


def scaled(layer: Convolution, inputs: Floats | None, outputs: Floats | None) -> Convolution:
    """The layer for an input that is divided by `inputs` (channels,), with its output divided by `outputs`."""
    weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
    if inputs is not None:
        weight = weight * inputs[None, :, None]
    if outputs is not None:
        weight, bias = weight / outputs[:, None, None], bias / outputs
    return replace(layer, weight=weight.astype(np.float32), bias=bias.astype(np.float32))


def channels_last(graph: StreamGraph, x: Stream, profile: Floats) -> Stream:
    """(batch, channels, 1, time) -> (batch, 1, time, channels), of a signal that is divided by `profile`."""
    return replace(x, value=graph.op("Transpose", x.value, perm=[0, 2, 3, 1]), encoding=Encoding(profile, channels_last=True))


def channels_first(graph: StreamGraph, x: Stream) -> Stream:
    """(batch, 1, time, channels) -> (batch, channels, 1, time)."""
    return replace(x, value=graph.op("Transpose", x.value, perm=[0, 3, 1, 2]), encoding=PLAIN)
