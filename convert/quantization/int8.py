"""A vocoder whose residual blocks compute in 8 bits.

The signal of a stage, x, stays float32 from pair to pair; what is added to it is computed in 8 bits:

    x --> leaky --> uint8 --> dilated convolution --> leaky --> convolution --> float32 --> + x

Signals are (batch, 1, time, channels), which ONNX Runtime's QLinearConv reads without a transposition, and in which
states are joined and cut by plain copies. Scales are static, and every value is rounded by itself: the audio depends
neither on the chunks nor on the rest of a batch.

QLinearConv has one scale for all channels of its input and output. Between the two convolutions each channel has its
own nevertheless: it is divided out of the weights of the first and multiplied into those of the second. Likewise x is
kept divided by a `profile` of its channels, which is divided out of the upsampling and of every block. What is added to
x is divided by the profile as well, or, with `channel_scales`, by a scale of its own for each channel: more exact, at
the price of a multiplication.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from convert.graph.builder import MICROSOFT, Graph, Value
from convert.graph.streaming import PLAIN, Encoding, History, Stream, StreamGraph
from convert.models.hifigan import FloatStages, activated_input, convolve, generator_graph
from convert.models.hifigan_layers import Convolution, Generator, Stage
from convert.models.residual_blocks import residual_sum
from convert.quantization.ranges import Floats, Range, shared_profile, union

Ranges = Mapping[str, tuple[Range, Range]]
"""Of the input and of the output of each convolution in a residual block."""
Scale = tuple[float, int]
"""Scale and zero point."""
MAX_BIAS = 2**31 - 128
"""The largest int32 that float32 represents."""
CHANNELS_LAST, CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
"""Transpositions."""


@dataclass(frozen=True, slots=True)
class Int8Choice:
    """What is computed in 8 bits, and how exactly."""

    blocks: frozenset[str]
    """Residual blocks: `<stage>.<block>`."""
    channel_scales: bool = False
    """Whether each channel of what is added to x has a scale of its own."""


def int8_vocoder(generator: Generator, ranges: Ranges, choice: Int8Choice) -> Graph:
    """The generator with the chosen blocks in 8 bits, the rest in float32."""
    return generator_graph(generator, Int8Stages(generator.slope, ranges, choice))


def block_names(generator: Generator, min_channels: int = 0) -> list[str]:
    """The residual blocks of the stages with at least as many channels."""
    return [
        f"{index}.{block}"
        for index, stage in enumerate(generator.stages)
        for block, pairs in enumerate(stage.blocks)
        if len(pairs[0].plain.weight) >= min_channels
    ]


def multiplication_share(generator: Generator, blocks: Collection[str]) -> float:
    """The share of these blocks in the multiplications of all convolutions, without those of the harmonic source."""
    counts: dict[str, int] = {}
    for name, layer in generator.convolutions:
        stage = name.split(".")[0]
        rates = {"pre": 1, "post": generator.samples_per_frame}
        rate = rates[name] if name in rates else generator.stages[int(stage)].rate
        if name.endswith(".up"):
            rate //= generator.stages[int(stage)].scale
        if not name.endswith(".source"):
            counts[name] = layer.weight.size * rate
    chosen = sum(count for name, count in counts.items() if name.rpartition(".")[0].rpartition(".")[0] in blocks)
    return chosen / sum(counts.values())


@dataclass(frozen=True)
class Int8Stages:
    """Builds the stages, with the chosen blocks in 8 bits."""

    slope: float
    ranges: Ranges
    choice: Int8Choice

    def __call__(self, graph: StreamGraph, index: int, stage: Stage, x: Stream, excitation: Stream | None) -> Stream:
        """Adds a stage."""
        names = [name for block in range(len(stage.blocks)) if (name := f"{index}.{block}") in self.choice.blocks]
        if not names:
            return FloatStages(self.slope)(graph, index, stage, x, excitation)
        first = union([self.ranges[f"{name}.0.dilated"][0] for name in names])
        ranges = {
            name: (first, output) if name.endswith(".0.dilated") else (given, output)
            for name, (given, output) in self.ranges.items()
            if name.rsplit(".", 2)[0] in names
        }
        channel_scales = self.choice.channel_scales
        rounded = [given.magnitude for name, (given, _) in ranges.items() if name.endswith(".dilated")]
        added = [output.magnitude for name, (_, output) in ranges.items() if name.endswith(".plain")]
        profile = shared_profile(rounded if channel_scales else rounded + added)
        x = upsample(graph, index, stage, activated_input(graph, x, self.slope), profile)
        if excitation is not None and stage.source is not None:
            skip = convolve(graph, f"{index}.source", excitation, scaled(stage.source, None, profile))
            x = graph.add(f"{index}.source_skip", x, channels_last(graph, skip, profile))
        total = residual_sum(graph, index, stage, x, Int8Arithmetic(self.slope, ranges, profile, channel_scales))
        mean = total.value * graph.value(profile / len(stage.blocks))
        return replace(total, value=graph.op("Transpose", mean, perm=CHANNELS_FIRST), encoding=PLAIN)


def upsample(graph: StreamGraph, index: int, stage: Stage, x: Stream, profile: Floats) -> Stream:
    """The upsampling in float32, with its outputs in the order of phases, then channels."""
    channels, scale = len(profile), stage.scale
    layer = scaled(stage.up, None, np.repeat(profile, scale))
    order = np.arange(channels * scale).reshape(channels, scale).T.ravel()
    layer = replace(layer, weight=layer.weight[order], bias=layer.bias[order])
    x = channels_last(graph, convolve(graph, f"{index}.up", x, layer), profile)
    value = graph.op("Reshape", x.value, graph.integers(0, 1, -1, channels))
    return Stream(value, channels, x.delay * scale, x.encoding)


@dataclass(frozen=True)
class Int8Arithmetic:
    """Computes the residual blocks that have `ranges` in 8 bits: an `Arithmetic`. The signal x is divided by `profile`.

    Other blocks of the stage are computed in float32, between two transpositions.
    """

    slope: float
    ranges: Ranges
    profile: Floats
    channel_scales: bool

    def activate(self, graph: StreamGraph, x: History, reader: str) -> History:
        """Leaky ReLU in float32, then rounded."""
        value = graph.op("LeakyRelu", x.stream.value, alpha=self.slope)
        if reader not in self.ranges:
            value = graph.op("Transpose", value, perm=CHANNELS_FIRST)
            return x.map(value, Encoding(self.profile))
        scale, zero = self._input_scale(reader)
        return x.map(graph.op("QuantizeLinear", value, graph.value(scale), graph.value(zero, np.uint8)))

    def dilated(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> tuple[Value, Encoding]:
        """The scale of each channel is divided out of the weights."""
        if name not in self.ranges:
            return FloatStages(self.slope).dilated(graph, name, x, scaled(layer, self.profile, None))
        scales, zero = self.ranges[name][1].channel_scales()
        layer = scaled(layer, self.profile, scales)
        value = convolve_in_8_bits(graph, name, x, layer, self._input_scale(name), (1.0, zero))
        factor, new_zero = self._activated_scale(zero)
        numbers = graph.value(1.0), graph.value(zero, np.uint8), graph.value(factor), graph.value(new_zero, np.uint8)
        value = graph.op("QLinearLeakyRelu", value, *numbers, alpha=self.slope, domain=MICROSOFT)
        return value, Encoding(scales * factor, new_zero, channels_last=True)

    def plain(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> Value:
        """The scale of each channel is multiplied into the weights; the output is float32."""
        if name not in self.ranges:
            value = FloatStages(self.slope).plain(graph, name, x, scaled(layer, None, self.profile))
            return graph.op("Transpose", value, perm=CHANNELS_LAST)
        scales, zero = self.ranges[name.replace("plain", "dilated")][1].channel_scales()
        output = self.ranges[name][1]
        if self.channel_scales:
            divisor, output_zero = output.channel_scales()
            scale = 1.0
        else:
            divisor = self.profile
            scale, output_zero = (output / divisor).scale()
        layer = scaled(layer, scales, divisor)
        value = convolve_in_8_bits(graph, name, x, layer, self._activated_scale(zero), (scale, output_zero))
        value = graph.op("DequantizeLinear", value, graph.value(scale), graph.value(output_zero, np.uint8))
        return value * graph.value(divisor / self.profile) if self.channel_scales else value

    def _input_scale(self, name: str) -> Scale:
        return (self.ranges[name][0] / self.profile).scale()

    def _activated_scale(self, zero: int) -> Scale:
        """Of leaky ReLU of a value of scale 1, so that it uses all 256 levels."""
        return Range(np.array([-zero * self.slope]), np.array([255.0 - zero])).scale()


def convolve_in_8_bits(
    graph: StreamGraph, name: str, x: Value, layer: Convolution, source: Scale, target: Scale
) -> Value:
    """A convolution (batch, 1, time, in) -> (batch, 1, time, out) of uint8."""
    largest = np.abs(layer.weight).reshape(len(layer.weight), -1).max(axis=1)
    steps = np.maximum(largest / 127, 1e-12).astype(np.float32)
    weight = np.round(layer.weight / steps[:, None, None]).astype(np.int8)[:, :, None]
    bias = np.clip(np.round(layer.bias / (steps * np.float64(source[0]))), -MAX_BIAS, MAX_BIAS).astype(np.int32)
    inputs = (
        graph.value(source[0]),
        graph.value(source[1], np.uint8),
        graph.weight(f"{name}.weight", weight),
        graph.weight(f"{name}.scale", steps),
        graph.value(np.zeros(len(steps)), np.int8),
        graph.value(target[0]),
        graph.value(target[1], np.uint8),
        graph.weight(f"{name}.bias", bias),
    )
    sizes = {
        "kernel_shape": [1, weight.shape[3]],
        "dilations": [1, layer.dilation],
        "pads": [0, layer.left, 0, layer.right],
    }
    return graph.op("QLinearConv", x, *inputs, channels_last=1, **sizes, domain=MICROSOFT)


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
    value = graph.op("Transpose", x.value, perm=CHANNELS_LAST)
    return replace(x, value=value, encoding=Encoding(profile, channels_last=True))
