"""HiFi-GAN generator: mel -> audio, causal or not, with or without a harmonic source (NSF).

conv_pre; per stage x + sin(x), an upsampling, the mean of the residual blocks; conv_post. The original adds nearest
upsampling + convolution and a transposed convolution, both after one leaky ReLU. Both are linear maps from a few
neighboring input samples to `scale` output samples, so they are merged into one convolution with `scale` times the
channels, whose output is interleaved: a third of the multiplications.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.graph.builder import Graph
from convert.graph.streaming import Stream, StreamGraph

Array = NDArray[np.float32]
Config = Mapping[str, Any]
HARMONIC_AMPLITUDE, NOISE_DEVIATION = 0.1, 0.003
"""Of each harmonic, and of the noise added to it (alpha and sigma of KAN-TTS's SourceModule)."""

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


def hifigan(config: Config, weights: Weights) -> Graph:
    """`mel` (batch, frames, mels) and the source's inputs -> `audio` (batch, samples), delayed by `delay` samples."""
    check_supported(config)
    graph, kernel, scales = StreamGraph("vocoder"), config["kernel_size"], config["upsample_scales"]
    channels = config["channels"]

    x = graph.stream("mel", config["in_channels"])
    nsf = config.get("nsf_params")
    excitation = harmonic_source(graph, nsf, weights / "source_module") if nsf else None
    x = convolve(graph, "pre", x, weights / "conv_pre" / "conv1d", channels, kernel, 1, config)
    hop = down = int(np.prod(scales))
    for stage, scale in enumerate(scales):
        channels //= 2
        down //= scale
        x = x.map(x.value + graph.op("Sin", x.value))
        x = upsample(graph, stage, leaky(graph, x, config), weights, channels, config)
        if excitation is not None:
            skip = downsample_source(graph, stage, excitation, weights, channels, down, config)
            x = graph.add(f"{stage}.source_skip", x, skip)
        x = residual_mean(graph, stage, x, weights, config)
    x = x.map(graph.op("LeakyRelu", x.value, alpha=0.01))
    x = convolve(graph, "post", x, weights / "conv_post" / "conv1d", 1, kernel, 1, config)
    audio = graph.op("Reshape", graph.op("Tanh", x.value), graph.integers(0, -1))

    graph.output("audio", audio, ["batch", None])
    graph.set_metadata(samples_per_frame=hop, delay=x.delay, lookahead=x.delay // hop)
    return graph


def check_supported(config: Config) -> None:
    """Raises `ConvertError` for options that no released voice uses and that are not implemented."""
    if config.get("out_channels", 1) != 1:
        raise ConvertError(
            f"this vocoder outputs {config['out_channels']} sub-bands (PQMF), which is not supported; "
            "use a vocoder with out_channels: 1 in its config.yaml"
        )
    if config.get("nonlinear_activation", "LeakyReLU") != "LeakyReLU":
        raise ConvertError(f"nonlinear_activation {config['nonlinear_activation']} is not supported; valid: LeakyReLU")
    if not config.get("repeat_upsample", True):
        raise ConvertError("repeat_upsample: false is not supported; KAN-TTS itself cannot run it")


def leaky(graph: Graph, x: Stream, config: Config) -> Stream:
    """Leaky ReLU with the slope of the configuration."""
    slope = config["nonlinear_activation_params"].get("negative_slope", 0.01)
    return x.map(graph.op("LeakyRelu", x.value, alpha=slope))


def padding(config: Config, kernel: int, dilation: int = 1) -> dict[str, int]:
    """The arguments `left` and `right` of `StreamGraph.convolve`; causal convolutions pad only on the left."""
    whole = (kernel - 1) * dilation
    return {"left": whole, "right": 0} if config["causal"] else {"left": whole // 2, "right": whole // 2}


def convolve(
    graph: StreamGraph, name: str, x: Stream, weights: Weights, outputs: int, kernel: int, dilation: int, config: Config
) -> Stream:
    """A convolution with weight norm."""
    weight, bias = weights.fold_weight_norm(outputs, x.channels, kernel), weights.take("bias", outputs)
    return graph.convolve(name, x, weight, bias, dilation=dilation, **padding(config, kernel, dilation))


def residual_mean(graph: StreamGraph, stage: int, x: Stream, weights: Weights, config: Config) -> Stream:
    """Mean of the residual blocks, each a chain of x + conv(leaky(dilated conv(leaky(x))))."""
    blocks = list(zip(config["resblock_kernel_sizes"], config["resblock_dilations"], strict=True))
    total: Stream | None = None
    for block, (kernel, dilations) in enumerate(blocks):
        part, y = weights / "conv_blocks" / (stage * len(blocks) + block), x
        for index, dilation in enumerate(dilations):
            name, first, second = f"{stage}.{block}.{index}", part / "convs1" / index, part / "convs2" / index
            inner = leaky(graph, y, config)
            inner = convolve(graph, f"{name}.dilated", inner, first / "conv1d", x.channels, kernel, dilation, config)
            inner = leaky(graph, inner, config)
            inner = convolve(graph, f"{name}.plain", inner, second / "conv1d", x.channels, kernel, 1, config)
            y = graph.add(f"{name}.skip", y, inner)
        total = y if total is None else graph.add(f"{stage}.{block}.sum", total, y)
    assert total is not None
    return total.map(total.value * (1 / len(blocks)))


def upsample(graph: StreamGraph, stage: int, x: Stream, weights: Weights, outputs: int, config: Config) -> Stream:
    """Both upsampling paths as one convolution, whose output is interleaved."""
    scale, size = config["upsample_scales"][stage], config["upsample_kernal_sizes"][stage]
    kernel = config["kernel_size"]
    repeated = weights / "repeat_upsamples" / stage / 2 / "conv1d"
    transposed = weights / "transpose_upsamples" / stage / 1 / "deconv"
    repeated_weight = repeated.fold_weight_norm(outputs, x.channels, kernel)
    transposed_weight = transposed.fold_weight_norm(x.channels, outputs, size).transpose(1, 0, 2)
    pad, crop = padding(config, kernel)["left"], 0 if config["causal"] else (size - scale) // 2
    taps, left, right = polyphase(repeated_weight, pad, transposed_weight, crop, scale)
    bias = np.repeat(repeated.take("bias", outputs) + transposed.take("bias", outputs), scale)
    return graph.interleave(graph.convolve(f"{stage}.up", x, taps, bias, left=left, right=right), scale)


def polyphase(repeated: Array, pad: int, transposed: Array, crop: int, scale: int) -> tuple[Array, int, int]:
    """Weights (outputs * scale, inputs, taps) of the merged upsampling, and its padding to the left and right.

    Output sample m * scale + p is a sum over input samples m + d. The repeating path (out, in, kernel), padded by `pad`
    on the left, multiplies input floor((p + j - pad) / scale) by its tap j. The transposed convolution (out, in, size),
    cropped by `crop`, multiplies input d by its tap p + crop - d * scale.
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


def harmonic_source(graph: StreamGraph, config: Config, weights: Weights) -> Stream:
    """A mix of harmonics. Inputs per sample: `phase` (cycles), `voiced` (0 or 1), `noise` (standard normal).

    The original adds independent noise to every harmonic before the mix. A sum of independent normal variables is
    normal, so one noise signal with the norm of the mix as its gain has the same distribution.
    """
    count = config["nb_harmonics"] + 1
    mix = (weights / "ffn" / 0).fold_weight_norm(1, count, 1)
    bias = graph.weight("source.bias", (weights / "ffn" / 0).take("bias", 1))
    samples = {name: graph.input(name, ["batch", "samples"]) for name in ("phase", "voiced", "noise")}
    phase, voiced, noise = (graph.op("Unsqueeze", value, graph.integers(1, 2)) for value in samples.values())
    offsets = graph.op("Unsqueeze", graph.input("harmonic_phases", ["batch", count]), graph.integers(2, 3))

    numbers = np.arange(1, count + 1, dtype=np.float32).reshape(1, count, 1, 1)
    angle = (phase * graph.value(numbers)) * (2 * np.pi) + offsets  # (batch, harmonics, 1, samples)
    sines = graph.op("Sin", angle)
    tones = graph.op("Conv", sines, graph.weight("source.mix", mix[:, :, None, :] * np.float32(HARMONIC_AMPLITUDE)))
    gain = float(np.linalg.norm(mix))
    unvoiced = HARMONIC_AMPLITUDE / 3
    mixed_noise = noise * (gain * HARMONIC_AMPLITUDE / 3) + voiced * noise * (gain * (NOISE_DEVIATION - unvoiced))
    graph.set_metadata(harmonics=count)
    return Stream(graph.op("Tanh", voiced * tones + mixed_noise + bias), 1)


def downsample_source(
    graph: StreamGraph, stage: int, excitation: Stream, weights: Weights, channels: int, down: int, config: Config
) -> Stream:
    """The source at the rate of a stage: a strided convolution."""
    part = weights / "source_downs" / stage / "conv1d"
    kernel, left, right = 2 * down, down // 2, down // 2
    if down == 1:
        kernel, left, right = 1, 0, 0
    elif config["causal"]:
        left, right = kernel - 1, 0
    elif down % 2:
        raise ConvertError(
            f"a source downsampled by {down} does not align with a non-causal generator; use even scales"
        )
    weight, bias = part.fold_weight_norm(channels, 1, kernel), part.take("bias", channels)
    return graph.convolve(f"{stage}.source", excitation, weight, bias, left=left, right=right, stride=down)
