"""VITS' flow, in the direction of synthesis: samples of the prior -> what the generator reads."""

from bench.piper.layers import VitsGraph
from bench.piper.sizes import PiperSizes
from convert.graph.builder import Value


def flow(graph: VitsGraph, sizes: PiperSizes, z: Value, mask: Value) -> Value:
    """(batch, channels, frames) -> the same shape: couplings, each of which changes half of the channels."""
    half = sizes.channels // 2
    for index in reversed(range(sizes.flows)):
        z = graph.slice(z, -1, -1 - sizes.channels, 1, -1)
        first, second = graph.ops("Split", 2, z, axis=1, num_outputs=2)
        h = graph.convolve(f"flow.{index}.pre", first, half, sizes.channels) * mask
        h = _wavenet(graph, f"flow.{index}", sizes, h, mask)
        means = graph.convolve(f"flow.{index}.post", h, sizes.channels, half) * mask
        z = graph.op("Concat", first, (second - means) * mask, axis=1)
    return z


def _wavenet(graph: VitsGraph, name: str, sizes: PiperSizes, x: Value, mask: Value) -> Value:
    """Gated convolutions with residuals; the sum of what each layer contributes."""
    channels, total = sizes.channels, None
    for layer in range(sizes.wavenet_layers):
        is_last = layer == sizes.wavenet_layers - 1
        gates = graph.convolve(f"{name}.{layer}.in", x, channels, 2 * channels, sizes.wavenet_kernel)
        signal, gate = (graph.slice(gates, start, start + channels, 1) for start in (0, channels))
        y = graph.op("Tanh", signal) * graph.op("Sigmoid", gate)
        y = graph.convolve(f"{name}.{layer}.out", y, channels, channels if is_last else 2 * channels)
        if not is_last:
            x = (x + graph.slice(y, 0, channels, 1)) * mask
            y = graph.slice(y, channels, 2 * channels, 1)
        total = y if total is None else total + y
    assert total is not None
    return total * mask
