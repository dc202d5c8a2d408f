"""HiFi-GAN generator: mel -> audio, causal or not, with or without a harmonic source (NSF).

conv_pre; per stage x + sin(x), an upsampling, the mean of the residual blocks; conv_post.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from convert.checkpoint.weights import Weights
from convert.graph.builder import Graph, Value
from convert.graph.streaming import PLAIN, Encoding, History, Stream, StreamGraph
from convert.models.hifigan_layers import (
    HARMONIC_AMPLITUDE,
    METADATA,
    Convolution,
    Generator,
    Source,
    Stage,
    read_generator,
)
from convert.models.residual_blocks import residual_sum

NOISE_DEVIATION = 0.003
"""Of the noise added to each harmonic (sigma of KAN-TTS's SourceModule)."""
LAST_SLOPE = 0.01
"""Of the leaky ReLU before conv_post."""

DEFAULTS = {
    "in_channels": 80,
    "channels": 512,
    "kernel_size": 7,
    "upsample_scales": [8, 8, 2, 2],
    "upsample_kernal_sizes": [16, 16, 4, 4],
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilations": [[1, 3, 5]] * 3,
    "causal": True,
    "nonlinear_activation_params": {"negative_slope": 0.1},
}
"""Defaults of a configuration, with KAN-TTS's spelling of the keys."""

StageBuilder: TypeAlias = Callable[[StreamGraph, int, Stage, Stream, Stream | None], Stream]
"""Adds a stage to a graph: its number, its layers, its input, the harmonic source -> its output."""


def hifigan(config: Mapping[str, Any], weights: Weights) -> Graph:
    """`mel` (batch, frames, mels) and the source's inputs -> `audio` (batch, samples), delayed by `delay` samples."""
    generator = read_generator(config, weights)
    return generator_graph(generator, FloatStages(generator.slope))


def generator_graph(generator: Generator, build_stage: StageBuilder) -> Graph:
    """The graph of a generator; every stage takes and returns plain float32 streams."""
    graph = StreamGraph("vocoder")
    x = graph.stream("mel", generator.pre.weight.shape[1])
    excitation = harmonic_source(graph, generator.source) if generator.source else None
    x = convolve(graph, "pre", x, generator.pre)
    for index, stage in enumerate(generator.stages):
        x = build_stage(graph, index, stage, x, excitation)
    x = x.map(graph.op("LeakyRelu", x.value, alpha=LAST_SLOPE))
    x = convolve(graph, "post", x, generator.post)
    audio = graph.op("Reshape", graph.op("Tanh", x.value), graph.integers(0, -1))

    graph.output("audio", audio, ["batch", None])
    hop = generator.samples_per_frame
    graph.set_metadata(samples_per_frame=hop, delay=x.delay, lookahead=x.delay // hop)
    graph.set_metadata(**{METADATA: generator.metadata()})
    return graph


class FloatStages:
    """Builds the stages in float32; the `Arithmetic` of their residual blocks."""

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def __call__(self, graph: StreamGraph, index: int, stage: Stage, x: Stream, excitation: Stream | None) -> Stream:
        """Adds a stage."""
        x = activated_input(graph, x, self.slope)
        x = graph.interleave(convolve(graph, f"{index}.up", x, stage.up), stage.scale)
        if excitation is not None and stage.source is not None:
            skip = convolve(graph, f"{index}.source", excitation, stage.source)
            x = graph.add(f"{index}.source_skip", x, skip)
        total = residual_sum(graph, index, stage, x, self)
        return total.map(total.value * (1 / len(stage.blocks)))

    def activate(self, graph: StreamGraph, x: History, reader: str) -> History:
        """Leaky ReLU."""
        return x.map(graph.op("LeakyRelu", x.stream.value, alpha=self.slope))

    def dilated(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> tuple[Value, Encoding]:
        """Leaky ReLU of a convolution."""
        return graph.op("LeakyRelu", self.plain(graph, name, x, layer), alpha=self.slope), PLAIN

    def plain(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> Value:
        """A convolution."""
        padding = layer.left, layer.right
        return graph.convolve_window(name, x, layer.weight, layer.bias, dilation=layer.dilation, padding=padding)


def activated_input(graph: StreamGraph, x: Stream, slope: float) -> Stream:
    """leaky(x + sin(x)): what the upsampling of a stage reads."""
    return x.map(graph.op("LeakyRelu", x.value + graph.op("Sin", x.value), alpha=slope))


def convolve(graph: StreamGraph, name: str, x: Stream, layer: Convolution) -> Stream:
    """A convolution of a stream."""
    padding = {"left": layer.left, "right": layer.right}
    return graph.convolve(name, x, layer.weight, layer.bias, dilation=layer.dilation, stride=layer.stride, **padding)


def harmonic_source(graph: StreamGraph, source: Source) -> Stream:
    """A mix of harmonics. Inputs per sample: `phase` (cycles), `voiced` (0 or 1), `noise` (standard normal).

    The original adds independent noise to every harmonic before the mix. A sum of independent normal variables is
    normal, so one noise signal with the norm of the mix as its gain has the same distribution.
    """
    count = source.mix.shape[1]
    bias = graph.weight("source.bias", source.bias)
    samples = {name: graph.input(name, ["batch", "samples"]) for name in ("phase", "voiced", "noise")}
    phase, voiced, noise = (graph.op("Unsqueeze", value, graph.integers(1, 2)) for value in samples.values())
    offsets = graph.op("Unsqueeze", graph.input("harmonic_phases", ["batch", count]), graph.integers(2, 3))

    numbers = np.arange(1, count + 1, dtype=np.float32).reshape(1, count, 1, 1)
    angle = (phase * graph.value(numbers)) * (2 * np.pi) + offsets  # (batch, harmonics, 1, samples)
    sines = graph.op("Sin", angle)
    tones = graph.op("Conv", sines, graph.weight("source.mix", source.mix[:, :, None, :]))
    gain = float(np.linalg.norm(source.mix))
    mixed_noise = noise * (gain / 3) + voiced * noise * (gain * (NOISE_DEVIATION / HARMONIC_AMPLITUDE - 1 / 3))
    graph.set_metadata(harmonics=count)
    return Stream(graph.op("Tanh", voiced * tones + mixed_noise + bias), 1)
