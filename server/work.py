"""Computing as data: work is a generator that yields the graph runs it needs, and whoever drives it computes them.

The command line runs each at once (`finished`, `at_once`); the scheduler gathers runs of one form from many streams and
computes them as one batch (`together`). The work itself knows nothing of the difference.
"""

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
U = TypeVar("U")
Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = Mapping[str, Array]
Outputs: TypeAlias = dict[str, Array]


class Graph(Protocol):
    """What can be run: a `runtime.Session`."""

    @property
    def batch_axes(self) -> Mapping[str, int | None]:
        """By input and output: the axis along which a run may hold several streams, None for what they share."""

    def run(self, inputs: Arrays) -> Outputs:
        """One run; every output by its name."""


class Ragged(NamedTuple):
    """An axis along which the rows of a batch may differ: shorter ones get `fill` in front."""

    axis: int
    fill: np.float32 = np.float32(0)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run of a graph for one stream: a batch of one row."""

    graph: Graph
    inputs: Arrays
    size: int = 1
    """Frames or units in it: what its duration grows with."""
    ragged: Mapping[str, Ragged] = field(default_factory=dict)

    @property
    def form(self) -> Hashable:
        """Runs of equal form can share a batch: one graph, shapes that agree, equal inputs where there is no batch."""
        return (self.graph, *(self._form(name, array) for name, array in self.inputs.items()))

    def _form(self, name: str, array: Array) -> Hashable:
        if self.graph.batch_axes[name] is None:
            return name, array.shape, array.tobytes()
        if name in self.ragged:
            axis = self.ragged[name].axis
            return name, array.shape[:axis], array.shape[axis + 1 :]
        return name, array.shape


Work: TypeAlias = Generator[Run, Outputs, T]
"""Work whose result is a T."""
Speech: TypeAlias = Generator[Run | T, Outputs, None]
"""Work that also yields finished pieces of sound; what it is sent after one of those is empty."""


def run(graph: Graph, inputs: Arrays, *, size: int = 1, ragged: Mapping[str, Ragged] | None = None) -> Work[Outputs]:
    """One run; every output by its name."""
    return (yield Run(graph, inputs, size, ragged or {}))


def advance(
    graph: Graph, inputs: Arrays, state: Arrays, *, size: int = 1, ragged: Mapping[str, Ragged] | None = None
) -> Work[tuple[Outputs, Outputs]]:
    """One run of a graph with states: the outputs, and the states for the next run."""
    results = yield Run(graph, {**inputs, **state}, size, ragged or {})
    following = {name: results.pop(f"next_{name}") for name in state}
    return results, following


def finished(work: Work[T]) -> T:
    """Does the work, run by run, here and now."""
    try:
        request = next(work)
        while True:
            request = work.send(request.graph.run(request.inputs))
    except StopIteration as end:
        result: T = end.value
        return result


def at_once(speech: Speech[T]) -> Generator[T, None, None]:
    """What `speech` yields besides its runs, which are computed as it asks for them. Closing it closes `speech`."""
    try:
        item = next(speech)
        while True:
            if isinstance(item, Run):
                item = speech.send(item.graph.run(item.inputs))
            else:
                yield item
                item = speech.send({})
    except StopIteration:
        return
    finally:
        speech.close()


def each(speech: Speech[T], change: Callable[[T], U | None]) -> Speech[U]:
    """`speech` with every finished piece changed, or left out where that is None."""
    try:
        item = next(speech)
        while True:
            piece = item if isinstance(item, Run) else change(item)
            item = speech.send({} if piece is None else (yield piece))
    except StopIteration:
        return
    finally:
        speech.close()


def between(speech: Speech[T], other: Callable[[], Work[None]]) -> Speech[T]:
    """`speech`, and after each of its finished pieces the `other` work."""
    try:
        item = next(speech)
        while True:
            answer = yield item
            if not isinstance(item, Run):
                yield from other()
            item = speech.send(answer)
    except StopIteration:
        return
    finally:
        speech.close()


def together(runs: Sequence[Run]) -> list[Outputs]:
    """Runs of one form as one batch, each with the outputs that it would have had alone."""
    graph = runs[0].graph
    if len(runs) == 1:
        return [graph.run(runs[0].inputs)]
    padding = {name: _padding(runs, name, ragged.axis) for name, ragged in runs[0].ragged.items()}
    stacked = graph.run({name: _stacked(runs, name, padding.get(name)) for name in runs[0].inputs})
    rows: list[Outputs] = [{} for _ in runs]
    for name, array in stacked.items():
        source = name.removeprefix("next_")  # a state has come back as wide as it was made
        for index, row in enumerate(rows):
            piece = _row(array, graph.batch_axes[name], index)
            if name != source and source in padding:
                piece = _without(piece, runs[0].ragged[source].axis, padding[source][index])
            row[name] = piece
    return rows


def _padding(runs: Sequence[Run], name: str, axis: int) -> list[int]:
    lengths = [run.inputs[name].shape[axis] for run in runs]
    return [max(lengths) - length for length in lengths]


def _stacked(runs: Sequence[Run], name: str, padding: list[int] | None) -> Array:
    axis = runs[0].graph.batch_axes[name]
    if axis is None:
        return runs[0].inputs[name]
    rows = [run.inputs[name] for run in runs]
    if padding and any(padding):
        ragged = runs[0].ragged[name]
        rows = [_widened(row, ragged, extra) for row, extra in zip(rows, padding, strict=True)]
    return np.concatenate(rows, axis=axis)


def _widened(row: Array, ragged: Ragged, extra: int) -> Array:
    shape = [*row.shape[: ragged.axis], extra, *row.shape[ragged.axis + 1 :]]
    return np.concatenate([np.full(shape, ragged.fill, row.dtype), row], axis=ragged.axis)


def _row(array: Array, axis: int | None, index: int) -> Array:
    if axis is None:
        return array
    place: list[Any] = [slice(None)] * array.ndim
    place[axis] = slice(index, index + 1)
    row: Array = array[tuple(place)]
    return row


def _without(array: Array, axis: int, count: int) -> Array:
    """Without the first `count` along `axis`."""
    rest: Array = array[(slice(None),) * axis + (slice(count, None),)]
    return rest
