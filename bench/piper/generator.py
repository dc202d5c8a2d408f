"""The generator of Piper's medium quality: HiFi-GAN with its second kind of residual blocks."""

import numpy as np

from bench.piper.layers import VitsGraph
from bench.piper.sizes import PiperSizes
from convert.graph.builder import Value

_SLOPE, _LAST_SLOPE = 0.1, 0.01
"""Of the leaky ReLUs."""
_EDGE_KERNEL = 7
"""Of the first and the last convolution."""


def generator(graph: VitsGraph, sizes: PiperSizes, z: Value) -> Value:
    """(batch, channels, frames) -> audio (batch, 1, samples)."""
    channels = sizes.generator_channels
    x = graph.convolve("generator.pre", z, sizes.channels, channels, _EDGE_KERNEL)
    for stage, (rate, kernel) in enumerate(zip(sizes.upsample_rates, sizes.upsample_kernels, strict=True)):
        name, bound = f"generator.{stage}", (channels * kernel / rate) ** -0.5
        weight = graph.parameter(f"{name}.up.weight", channels, channels // 2, kernel, bound=bound)
        channels //= 2
        bias = graph.parameter(f"{name}.up.bias", channels, bound=bound)
        pad, x = (kernel - rate) // 2, graph.op("LeakyRelu", x, alpha=_SLOPE)
        x = graph.op("ConvTranspose", x, weight, bias, kernel_shape=[kernel], strides=[rate], pads=[pad, pad])
        x = _residual_mean(graph, name, sizes, x, channels)
    x = graph.op("LeakyRelu", x, alpha=_LAST_SLOPE)
    bound = (channels * _EDGE_KERNEL) ** -0.5
    weight = graph.parameter("generator.post.weight", 1, channels, _EDGE_KERNEL, bound=bound)
    return graph.op("Tanh", graph.op("Conv", x, weight, pads=[_EDGE_KERNEL // 2] * 2))


def _residual_mean(graph: VitsGraph, name: str, sizes: PiperSizes, x: Value, channels: int) -> Value:
    total = None
    for block, (kernel, dilations) in enumerate(zip(sizes.residual_kernels, sizes.residual_dilations, strict=True)):
        y = x
        for index, dilation in enumerate(dilations):
            active = graph.op("LeakyRelu", y, alpha=_SLOPE)
            part = f"{name}.{block}.{index}"
            y = graph.convolve(part, active, channels, channels, kernel, dilation=dilation) + y
        total = y if total is None else total + y
    assert total is not None
    return graph.op("Div", total, graph.value(np.float32(len(sizes.residual_kernels))))
