"""The layers of a HiFi-GAN generator, read from a checkpoint or from the graph that was built of it.

The original adds nearest upsampling + convolution and a transposed convolution, both after one leaky ReLU. Both are
linear maps from a few neighboring input samples to `scale` output samples, so they are merged into one convolution with
`scale` times the channels, whose output is interleaved: a third of the multiplications.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.graph.streaming import Window

Array = NDArray[np.float32]
Config = Mapping[str, Any]
HARMONIC_AMPLITUDE = 0.1
"""Of each harmonic (alpha of KAN-TTS's SourceModule)."""
MAX_RECOMPUTED_FRAMES = 2
"""A chunk has 12 frames or more; computing two again takes less time than keeping the states of all layers (measured,
docs/precision.md)."""
METADATA = "generator"
"""The entry of a graph's metadata with what its weights do not tell."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution with zero padding."""

    weight: Array
    """(out, in, kernel)"""
    bias: Array
    """(out,)"""
    left: int = 0
    right: int = 0
    dilation: int = 1
    stride: int = 1

    @property
    def window(self) -> Window:
        """What it reads, unless it has a stride."""
        return Window(self.left, self.right)

    @property
    def without_padding(self) -> "Convolution":
        """The same, for a window that has the samples at both ends."""
        return replace(self, left=0, right=0)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two convolutions of a residual block: x + plain(leaky(dilated(leaky(x))))."""

    dilated: Convolution
    plain: Convolution

    @property
    def delay(self) -> int:
        """Samples that the sum is behind x."""
        return self.dilated.right + self.plain.right

    def windows(self, wait: int = 0) -> tuple[Window, Window]:
        """What the dilated convolution and the sum read of x, if the block is `wait` samples late."""
        return replace(self.dilated.window, wait=wait), Window(wait=self.delay + wait)


@dataclass(frozen=True, eq=False)
class Stage:
    """One rate of the generator: an upsampling and residual blocks."""

    scale: int
    rate: int
    """Samples a frame."""
    up: Convolution
    """Has `scale` outputs a channel: c * scale + p is phase p."""
    source: Convolution | None
    """Brings the harmonic source to this rate."""
    blocks: tuple[tuple[Pair, ...], ...]

    @property
    def reach(self) -> tuple[int, int]:
        """Samples that the blocks read before and after one that they compute."""
        ends = [[(pair.dilated.left + pair.plain.left, pair.delay) for pair in block] for block in self.blocks]
        left, right = (max(sum(pair[end] for pair in block) for block in ends) for end in (0, 1))
        return left, right

    @property
    def recomputes(self) -> bool:
        """Whether the blocks compute samples of the last chunk again instead of keeping them."""
        return sum(self.reach) <= MAX_RECOMPUTED_FRAMES * self.rate

    @property
    def waits(self) -> list[int]:
        """Samples that each block starts late, so that all blocks end together."""
        delays = [sum(pair.delay for pair in block) for block in self.blocks]
        return [max(delays) - delay for delay in delays]

    @property
    def windows(self) -> list[Window]:
        """What the blocks read of their common input."""
        return [
            window for block, wait in zip(self.blocks, self.waits, strict=True) for window in block[0].windows(wait)
        ]


@dataclass(frozen=True, eq=False)
class Source:
    """The mix of the harmonics."""

    mix: Array
    """(1, harmonics, 1), with the amplitude of the harmonics"""
    bias: Array
    """(1,)"""


@dataclass(frozen=True, eq=False)
class Generator:
    """All layers."""

    slope: float
    """Of the leaky ReLUs, except for the last one."""
    pre: Convolution
    stages: tuple[Stage, ...]
    post: Convolution
    source: Source | None

    @property
    def samples_per_frame(self) -> int:
        """The product of the scales."""
        return int(np.prod([stage.scale for stage in self.stages]))

    @property
    def convolutions(self) -> Iterator[tuple[str, Convolution]]:
        """All convolutions by their names in the graph, without the mix of the harmonics."""
        yield "pre", self.pre
        for index, stage in enumerate(self.stages):
            yield f"{index}.up", stage.up
            if stage.source is not None:
                yield f"{index}.source", stage.source
            for block, pairs in enumerate(stage.blocks):
                for number, pair in enumerate(pairs):
                    yield f"{index}.{block}.{number}.dilated", pair.dilated
                    yield f"{index}.{block}.{number}.plain", pair.plain
        yield "post", self.post

    def metadata(self) -> dict[str, Any]:
        """What the weights in the graph do not tell."""
        layers = {name: [each.left, each.right, each.dilation, each.stride] for name, each in self.convolutions}
        return {"slope": self.slope, "scales": [stage.scale for stage in self.stages], "layers": layers}


def read_generator(config: Config, weights: Weights) -> Generator:
    """The generator of a checkpoint. Raises `ConvertError` for an option that is not supported."""
    check_supported(config)
    scales, nsf = config["upsample_scales"], config.get("nsf_params")
    channels, hop = config["channels"], int(np.prod(scales))
    down = hop
    pre = _convolution(weights / "conv_pre" / "conv1d", channels, config["in_channels"], config["kernel_size"], config)
    stages = []
    for index, scale in enumerate(scales):
        down //= scale
        up = _upsampling(index, weights, channels, config)
        channels //= 2
        source = _source_convolution(index, weights, channels, down, config) if nsf else None
        stages.append(Stage(scale, hop // down, up, source, _residual_blocks(index, weights, channels, config)))
    post = _convolution(weights / "conv_post" / "conv1d", 1, channels, config["kernel_size"], config)
    slope = config["nonlinear_activation_params"].get("negative_slope", 0.01)
    return Generator(slope, pre, tuple(stages), post, _source(nsf, weights / "source_module" / "ffn" / 0))


def generator_of_graph(model: onnx.ModelProto) -> Generator:
    """The generator that a float32 graph was built of. Raises `ConvertError` for a graph of an older converter."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if METADATA not in metadata:
        raise ConvertError(
            "the vocoder's graph is of an older converter and does not describe its layers; convert again"
        )
    description = json.loads(metadata[METADATA])
    arrays = {array.name: numpy_helper.to_array(array) for array in model.graph.initializer}
    layers = {
        name: Convolution(arrays[f"{name}.weight"][:, :, 0], arrays[f"{name}.bias"], *geometry)
        for name, geometry in description["layers"].items()
    }
    rates = np.cumprod(description["scales"]).tolist()
    scales = zip(description["scales"], rates, strict=True)
    stages = tuple(_stage_of_layers(index, *sizes, layers) for index, sizes in enumerate(scales))
    source = Source(arrays["source.mix"][:, :, 0], arrays["source.bias"]) if "source.mix" in arrays else None
    return Generator(description["slope"], layers["pre"], stages, layers["post"], source)


def _stage_of_layers(index: int, scale: int, rate: int, layers: Mapping[str, Convolution]) -> Stage:
    def pairs(block: int) -> Iterator[Pair]:
        number = 0
        while (name := f"{index}.{block}.{number}.dilated") in layers:
            yield Pair(layers[name], layers[f"{index}.{block}.{number}.plain"])
            number += 1

    def blocks() -> Iterator[tuple[Pair, ...]]:
        block = 0
        while chain := tuple(pairs(block)):
            yield chain
            block += 1

    return Stage(scale, rate, layers[f"{index}.up"], layers.get(f"{index}.source"), tuple(blocks()))


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


def _padding(config: Config, kernel: int, dilation: int = 1) -> tuple[int, int]:
    """Zeros to the left and to the right; causal convolutions pad only on the left."""
    whole = (kernel - 1) * dilation
    return (whole, 0) if config["causal"] else (whole // 2, whole // 2)


def _convolution(
    weights: Weights, outputs: int, inputs: int, kernel: int, config: Config, dilation: int = 1
) -> Convolution:
    """A convolution with weight norm."""
    weight, bias = weights.fold_weight_norm(outputs, inputs, kernel), weights.take("bias", outputs)
    return Convolution(weight, bias, *_padding(config, kernel, dilation), dilation)


def _residual_blocks(stage: int, weights: Weights, channels: int, config: Config) -> tuple[tuple[Pair, ...], ...]:
    kernels, dilations = config["resblock_kernel_sizes"], config["resblock_dilations"]
    chains: list[tuple[Pair, ...]] = []
    for block, (kernel, each) in enumerate(zip(kernels, dilations, strict=True)):
        part = weights / "conv_blocks" / (stage * len(kernels) + block)

        def layer(name: str, index: int, dilation: int, part: Weights = part, kernel: int = kernel) -> Convolution:
            return _convolution(part / name / index / "conv1d", channels, channels, kernel, config, dilation)

        chains.append(tuple(Pair(layer("convs1", i, d), layer("convs2", i, 1)) for i, d in enumerate(each)))
    return tuple(chains)


def _upsampling(stage: int, weights: Weights, inputs: int, config: Config) -> Convolution:
    """Both upsampling paths as one convolution."""
    scale, size = config["upsample_scales"][stage], config["upsample_kernal_sizes"][stage]
    kernel, outputs = config["kernel_size"], inputs // 2
    repeated = weights / "repeat_upsamples" / stage / 2 / "conv1d"
    transposed = weights / "transpose_upsamples" / stage / 1 / "deconv"
    repeated_weight = repeated.fold_weight_norm(outputs, inputs, kernel)
    transposed_weight = transposed.fold_weight_norm(inputs, outputs, size).transpose(1, 0, 2)
    pad, crop = _padding(config, kernel)[0], 0 if config["causal"] else (size - scale) // 2
    taps, left, right = polyphase(repeated_weight, pad, transposed_weight, crop, scale)
    bias = np.repeat(repeated.take("bias", outputs) + transposed.take("bias", outputs), scale)
    return Convolution(taps, bias, left, right)


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


def _source(config: Config | None, weights: Weights) -> Source | None:
    if not config:
        return None
    mix = weights.fold_weight_norm(1, config["nb_harmonics"] + 1, 1) * np.float32(HARMONIC_AMPLITUDE)
    return Source(mix, weights.take("bias", 1))


def _source_convolution(stage: int, weights: Weights, channels: int, down: int, config: Config) -> Convolution:
    """The source at the rate of a stage: a strided convolution."""
    kernel, left, right = 2 * down, down // 2, down // 2
    if down == 1:
        kernel, left, right = 1, 0, 0
    elif config["causal"]:
        left, right = kernel - 1, 0
    elif down % 2:
        raise ConvertError(
            f"a source downsampled by {down} does not align with a non-causal generator; use even scales"
        )
    part = weights / "source_downs" / stage / "conv1d"
    return Convolution(part.fold_weight_norm(channels, 1, kernel), part.take("bias", channels), left, right, 1, down)
