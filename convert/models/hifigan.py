"""HiFi-GAN generator: mel -> audio, causal or not, with or without a harmonic source (NSF).

conv_pre; per stage x + sin(x), an upsampling, the mean of the residual blocks; conv_post. The original adds a nearest
upsampling + convolution to a transposed convolution, both after one leaky ReLU. Nearest upsampling repeats samples, so
both are linear maps from a few neighbouring input samples to `scale` output samples: one convolution with `scale` times
the channels, then interleaved, a third of the work.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.graph.builder import Graph
from convert.graph.streaming import Stream, StreamGraph

Array = NDArray[np.float32]
ALPHA, SIGMA = 0.1, 0.003
"""Amplitude of a harmonic, and deviation of the noise that is added to each (KAN-TTS SourceModule)."""


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
"""What a configuration may leave out (the keys are spelled as KAN-TTS spells them)."""


@dataclass(frozen=True)
class Padding:
    """How the convolutions of a generator pad: causal ones only to the left."""

    causal: bool

    def sides(self, kernel: int, dilation: int = 1) -> dict[str, int]:
        whole = (kernel - 1) * dilation
        return {"left": whole, "right": 0} if self.causal else {"left": whole // 2, "right": whole // 2}


def hifigan(config: dict, weights: Weights) -> Graph:
    """`mel` (batch, frames, mels) [, the source] -> `audio` (batch, samples), `delay` samples later."""
    check(config)
    graph, padding = StreamGraph("vocoder"), Padding(config["causal"])
    mels, channels, kernel = config["in_channels"], config["channels"], config["kernel_size"]
    scales, blocks = config["upsample_scales"], len(config["resblock_kernel_sizes"])
    slope = config["nonlinear_activation_params"].get("negative_slope", 0.01)

    x = graph.stream("mel", mels)
    excitation = source(graph, config["nsf_params"], weights / "source_module") if config.get("nsf_params") else None
    x = convolve(graph, "pre", x, weights / "conv_pre" / "conv1d", channels, kernel, padding)
    down = int(np.prod(scales))
    for stage, scale in enumerate(scales):
        channels //= 2
        down //= scale
        x = x.map(x.value + graph.op("Sin", x.value))
        x = upsample(graph, f"{stage}.up", leaky(graph, x, slope), weights, stage, channels, config, padding)
        if excitation is not None:
            x = graph.add(f"{stage}.source_skip", x, excite(graph, stage, excitation, weights, channels, down, padding))
        x = residual_mean(graph, stage, x, weights, config, slope, padding, blocks)
    x = leaky(graph, x, 0.01)
    x = convolve(graph, "post", x, weights / "conv_post" / "conv1d", 1, kernel, padding)
    audio = graph.op("Reshape", graph.op("Tanh", x.value), graph.integers(0, -1))

    graph.output("audio", audio, ["batch", None])
    hop = int(np.prod(scales))
    graph.describe(samples_per_frame=hop, delay=x.delay, lookahead=x.delay // hop)
    return graph


def check(config: dict) -> None:
    """Refuses what no released voice uses, before it becomes wrong sound."""
    if config.get("out_channels", 1) != 1:
        raise ConvertError(
            f"this vocoder puts out {config['out_channels']} sub-bands (PQMF), which is not supported; "
            "use a vocoder whose config says out_channels: 1"
        )
    if config.get("nonlinear_activation", "LeakyReLU") != "LeakyReLU":
        raise ConvertError(f"nonlinear_activation {config['nonlinear_activation']} is not supported; valid: LeakyReLU")
    if not config.get("repeat_upsample", True):
        raise ConvertError("repeat_upsample: false is not supported; KAN-TTS itself cannot run it")


def leaky(graph: Graph, x: Stream, slope: float) -> Stream:
    return x.map(graph.op("LeakyRelu", x.value, alpha=slope))


def convolve(
    graph: StreamGraph,
    name: str,
    x: Stream,
    weights: Weights,
    outputs: int,
    kernel: int,
    padding: Padding,
    dilation: int = 1,
) -> Stream:
    weight, bias = weights.folded(outputs, x.channels, kernel), weights.take("bias", outputs)
    return graph.convolve(name, x, weight, bias, dilation=dilation, **padding.sides(kernel, dilation))


def residual_mean(
    graph: StreamGraph,
    stage: int,
    x: Stream,
    weights: Weights,
    config: dict,
    slope: float,
    padding: Padding,
    blocks: int,
) -> Stream:
    """Mean of the residual blocks, each a chain of x + conv(leaky(dilated conv(leaky(x))))."""
    total: Stream | None = None
    for block, (kernel, dilations) in enumerate(
        zip(config["resblock_kernel_sizes"], config["resblock_dilations"], strict=True)
    ):
        part, y = weights / "conv_blocks" / (stage * blocks + block), x
        for index, dilation in enumerate(dilations):
            name = f"{stage}.{block}.{index}"
            inner = leaky(graph, y, slope)
            first, second = part / "convs1" / index / "conv1d", part / "convs2" / index / "conv1d"
            inner = convolve(graph, f"{name}.dilated", inner, first, x.channels, kernel, padding, dilation)
            inner = convolve(graph, f"{name}.plain", leaky(graph, inner, slope), second, x.channels, kernel, padding)
            y = graph.add(f"{name}.skip", y, inner)
        total = y if total is None else graph.add(f"{stage}.{block}.sum", total, y)
    assert total is not None
    return total.map(total.value * (1 / blocks))


def upsample(
    graph: StreamGraph, name: str, x: Stream, weights: Weights, stage: int, outputs: int, config: dict, padding: Padding
) -> Stream:
    """Both upsampling paths as one convolution over neighbouring inputs, then interleaved."""
    scale, size, kernel = (
        config["upsample_scales"][stage],
        config["upsample_kernal_sizes"][stage],
        config["kernel_size"],
    )
    repeated = weights / "repeat_upsamples" / stage / 2 / "conv1d"
    transposed = weights / "transpose_upsamples" / stage / 1 / "deconv"
    taps, left, right = polyphase(
        repeated.folded(outputs, x.channels, kernel),
        padding.sides(kernel)["left"],
        transposed.folded(x.channels, outputs, size).transpose(1, 0, 2),
        0 if padding.causal else (size - scale) // 2,
        scale,
    )
    bias = np.repeat(repeated.take("bias", outputs) + transposed.take("bias", outputs), scale)
    return graph.interleave(graph.convolve(name, x, taps, bias, left=left, right=right), scale)


def polyphase(repeated: Array, pad: int, transposed: Array, crop: int, scale: int) -> tuple[Array, int, int]:
    """Weights (outputs * scale, inputs, taps) of the merged upsampling, and how far it looks left and right.

    Output sample m * scale + p is a sum over input samples m + d. The repeating path (out, in, kernel), padded by `pad`
    to the left, reads input floor((p + j - pad) / scale) with its tap j. The transposed convolution (out, in, size),
    cropped by `crop`, adds input d with its tap p + crop - d * scale.
    """
    outputs, inputs, kernel = repeated.shape
    size = transposed.shape[2]
    reads = [(p, j, (p + j - pad) // scale) for p in range(scale) for j in range(kernel)]
    adds = [(p, p + crop - d * scale, d) for p in range(scale) for d in range(-size, size + 1)]
    adds = [(p, tap, d) for p, tap, d in adds if 0 <= tap < size]
    left = -min(d for _, _, d in reads + adds)
    right = max(d for _, _, d in reads + adds)
    merged = np.zeros((outputs, scale, inputs, left + 1 + right), np.float32)
    for p, tap, d in reads:
        merged[:, p, :, left + d] += repeated[:, :, tap]
    for p, tap, d in adds:
        merged[:, p, :, left + d] += transposed[:, :, tap]
    return merged.reshape(outputs * scale, inputs, -1), left, right


def source(graph: StreamGraph, config: dict, weights: Weights) -> Stream:
    """Mixed harmonics of the fundamental: inputs `phase` (cycles), `voiced`, `noise` (standard normal), a sample each.

    The original adds independent noise to every harmonic before the mix. A sum of independent normal variables is
    normal, so one noise with the mix's norm as its gain has the same distribution.
    """
    count = config["nb_harmonics"] + 1
    mix = (weights / "ffn" / 0).folded(1, count, 1)
    bias = graph.weight("source.bias", (weights / "ffn" / 0).take("bias", 1))
    samples = {name: graph.input(name, ["batch", "samples"]) for name in ("phase", "voiced", "noise")}
    phase, voiced, noise = (graph.op("Unsqueeze", value, graph.integers(1, 2)) for value in samples.values())
    offsets = graph.op("Unsqueeze", graph.input("harmonic_phases", ["batch", count]), graph.integers(2, 3))

    numbers = np.arange(1, count + 1, dtype=np.float32).reshape(1, count, 1, 1)
    angle = (phase * graph.value(numbers)) * (2 * np.pi) + offsets  # (batch, harmonics, 1, samples)
    tones = graph.op("Conv", graph.op("Sin", angle), graph.weight("source.mix", mix[:, :, None, :] * np.float32(ALPHA)))
    gain = float(np.linalg.norm(mix))
    hiss = noise * (gain * ALPHA / 3) + voiced * noise * (gain * (SIGMA - ALPHA / 3))
    graph.describe(harmonics=count)
    return Stream(graph.op("Tanh", voiced * tones + hiss + bias), 1)


def excite(
    graph: StreamGraph, stage: int, excitation: Stream, weights: Weights, channels: int, down: int, padding: Padding
) -> Stream:
    """The source at a stage's rate, by a strided convolution."""
    name, part = f"{stage}.source", weights / "source_downs" / stage / "conv1d"
    if down == 1:
        return graph.convolve(name, excitation, part.folded(channels, 1, 1), part.take("bias", channels))
    kernel = 2 * down
    if down % 2 and not padding.causal:
        raise ConvertError(
            f"a source downsampled by {down} does not line up with a non-causal generator; use even scales"
        )
    sides = {"left": kernel - 1, "right": 0} if padding.causal else {"left": down // 2, "right": down // 2}
    return graph.convolve(
        name, excitation, part.folded(channels, 1, kernel), part.take("bias", channels), stride=down, **sides
    )
