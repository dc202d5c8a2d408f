"""The residual blocks of a generator's stage: chains of x + plain(leaky(dilated(leaky(x)))), and their sum.

There are two ways to continue a chain in the next chunk. In a stage of a low rate every convolution keeps its past as a
state. In a stage of a high rate all blocks share one state, the input as far back as the longest of them reaches: what
they compute of it is computed in two chunks, but there is no other state to join and to cut. Their convolutions have
padding, which is the zero padding at the ends of the signal; at the ends of a chunk it makes samples that are cut off.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from convert.graph.builder import Value
from convert.graph.streaming import Encoding, History, Stream, StreamGraph, Window
from convert.models.hifigan_layers import Convolution, Pair, Stage


class Arithmetic(Protocol):
    """How the blocks compute."""

    def activate(self, graph: StreamGraph, x: History, readers: Sequence[str]) -> History:
        """Leaky ReLU of x, as the dilated convolutions of these names read it."""

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
    activated = arithmetic.activate(graph, history, first_readers(index, stage))
    total = None
    for block, pairs in enumerate(stage.blocks):
        y, inner = history, activated
        for number, pair in enumerate(pairs):
            name = f"{index}.{block}.{number}"
            if number:
                inner = arithmetic.activate(graph, y, [f"{name}.dilated"])
            added, _ = arithmetic.dilated(graph, f"{name}.dilated", inner.stream.value, pair.dilated)
            y = y.map(y.stream.value + arithmetic.plain(graph, f"{name}.plain", added, pair.plain))
        total = y.stream.value if total is None else total + y.stream.value
    assert total is not None
    return graph.cut(history.map(total), right)


def stateful_blocks(graph: StreamGraph, index: int, stage: Stage, x: Stream, arithmetic: Arithmetic) -> Stream:
    """The sum of the blocks, each convolution with its state. Blocks that are ahead of others start late."""
    history = graph.history(f"{index}.in", x, *stage.windows)
    activated = arithmetic.activate(graph, history, first_readers(index, stage))
    total = None
    for block, (pairs, wait) in enumerate(zip(stage.blocks, stage.waits, strict=True)):
        y = _stateful_block(graph, f"{index}.{block}", pairs, (history, activated), wait, arithmetic)
        total = y if total is None else total.map(total.value + y.value)
    assert total is not None
    return total


def first_readers(index: int, stage: Stage) -> list[str]:
    """The convolutions that read the input of a stage's blocks."""
    return [f"{index}.{block}.0.dilated" for block in range(len(stage.blocks))]


def _stateful_block(
    graph: StreamGraph,
    name: str,
    pairs: tuple[Pair, ...],
    start: tuple[History, History],
    wait: int,
    arithmetic: Arithmetic,
) -> Stream:
    """A chain of pairs. `start` are the histories of x and of its leaky ReLU."""
    history, activated = start
    for number, pair in enumerate(pairs):
        y = _stateful_pair(graph, f"{name}.{number}", pair, (history, activated), 0 if number else wait, arithmetic)
        if number + 1 < len(pairs):
            following = f"{name}.{number + 1}"
            history = graph.history(f"{following}.in", y, *pairs[number + 1].windows())
            activated = arithmetic.activate(graph, history, [f"{following}.dilated"])
    return y


def _stateful_pair(
    graph: StreamGraph, name: str, pair: Pair, histories: tuple[History, History], wait: int, arithmetic: Arithmetic
) -> Stream:
    """The sum of x and plain(leaky(dilated(leaky(x)))), from the histories of x and of leaky(x)."""
    history, activated = histories
    x = history.stream
    for_dilated, for_sum = pair.windows(wait)
    window = graph.read(activated, for_dilated)
    inner, encoding = arithmetic.dilated(graph, f"{name}.dilated", window, pair.dilated.without_padding)
    stream = Stream(inner, x.channels, x.delay + wait + pair.dilated.right, encoding)
    window = graph.history(f"{name}.plain", stream, pair.plain.window).stream.value
    added = arithmetic.plain(graph, f"{name}.plain", window, pair.plain.without_padding)
    return replace(x, value=graph.read(history, for_sum) + added, delay=stream.delay + pair.plain.right)
