"""The residual blocks of a generator's stage: chains of x + plain(leaky(dilated(leaky(x)))), and their sum.

There are two ways to continue a chain in the next chunk. In a stage of a low rate every convolution keeps its past as a
state. In a stage of a high rate all blocks share one state, the input as far back as the longest of them reaches: what
they compute of it is computed in two chunks, but there is no other state to join and to cut. Their convolutions have
padding, which is the zero padding at the ends of the signal; at the ends of a chunk it makes samples that are cut off.
"""

from dataclasses import replace
from typing import Protocol

from convert.graph.builder import Value
from convert.graph.streaming import Encoding, History, Stream, StreamGraph, Window
from convert.models.hifigan_layers import Convolution, Pair, Stage


class Arithmetic(Protocol):
    """How the blocks compute."""

    def activate(self, graph: StreamGraph, x: History, reader: str) -> History:
        """Leaky ReLU of x, as the dilated convolution of that name reads it. ONNX Runtime computes equal ones once."""

    def dilated(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> tuple[Value, Encoding]:
        """Leaky ReLU of the dilated convolution of a window, as the other convolution reads it."""

    def plain(self, graph: StreamGraph, name: str, x: Value, layer: Convolution) -> Value:
        """The other convolution of a window, as it is added to x."""


def residual_sum(graph: StreamGraph, index: int, stage: Stage, x: Stream, arithmetic: Arithmetic) -> Stream:
    """The sum of the blocks."""
    build = recomputed_blocks if stage.recomputes else stateful_blocks
    return build(graph, index, stage, x, arithmetic)


def recomputed_blocks(graph: StreamGraph, index: int, stage: Stage, x: Stream, arithmetic: Arithmetic) -> Stream:
    """The sum of the blocks, which share one state."""
    left, right = stage.reach
    history = graph.history(f"{index}.in", x, Window(wait=left + right))
    total = None
    for block, pairs in enumerate(stage.blocks):
        y = history
        for number, pair in enumerate(pairs):
            name = f"{index}.{block}.{number}"
            activated = arithmetic.activate(graph, y, f"{name}.dilated").stream.value
            inner, _ = arithmetic.dilated(graph, f"{name}.dilated", activated, pair.dilated)
            y = y.map(y.stream.value + arithmetic.plain(graph, f"{name}.plain", inner, pair.plain))
        total = y.stream.value if total is None else total + y.stream.value
    assert total is not None
    return graph.cut(history.map(total), right)


def stateful_blocks(graph: StreamGraph, index: int, stage: Stage, x: Stream, arithmetic: Arithmetic) -> Stream:
    """The sum of the blocks, each convolution with its state. Blocks that are ahead of others start late."""
    history = graph.history(f"{index}.in", x, *stage.windows)
    total = None
    for block, (pairs, wait) in enumerate(zip(stage.blocks, stage.waits, strict=True)):
        y = _stateful_block(graph, f"{index}.{block}", pairs, history, wait, arithmetic)
        total = y if total is None else total.map(total.value + y.value)
    assert total is not None
    return total


def _stateful_block(
    graph: StreamGraph, name: str, pairs: tuple[Pair, ...], history: History, wait: int, arithmetic: Arithmetic
) -> Stream:
    """A chain of pairs, from the history of x."""
    x = _stateful_pair(graph, f"{name}.0", pairs[0], history, wait, arithmetic)
    for number, pair in enumerate(pairs[1:], 1):
        history = graph.history(f"{name}.{number}.in", x, *pair.windows())
        x = _stateful_pair(graph, f"{name}.{number}", pair, history, 0, arithmetic)
    return x


def _stateful_pair(
    graph: StreamGraph, name: str, pair: Pair, history: History, wait: int, arithmetic: Arithmetic
) -> Stream:
    """The sum of x and plain(leaky(dilated(leaky(x)))), from the history of x."""
    x = history.stream
    for_dilated, for_sum = pair.windows(wait)
    window = graph.read(arithmetic.activate(graph, history, f"{name}.dilated"), for_dilated)
    inner, encoding = arithmetic.dilated(graph, f"{name}.dilated", window, pair.dilated.without_padding)
    stream = Stream(inner, x.channels, x.delay + wait + pair.dilated.right, encoding)
    window = graph.history(f"{name}.plain", stream, pair.plain.window).stream.value
    added = arithmetic.plain(graph, f"{name}.plain", window, pair.plain.without_padding)
    return replace(x, value=graph.read(history, for_sum) + added, delay=stream.delay + pair.plain.right)
