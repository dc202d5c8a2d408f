"""Computing as data: work is a generator that yields the graph runs it needs, and whoever drives it computes them.

The command line runs each at once (`finished`, `at_once`); the scheduler gathers runs of one form from many streams and
computes them as one batch (`together`). The work itself knows nothing of the difference.
"""

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from server.runtime.tensors import BatchTensor, to_host
from server.scheduling.batching import Kept, Ragged, Value, row_of, stacked, without_front

T = TypeVar("T")
U = TypeVar("U")
Outputs: TypeAlias = dict[str, Any]
"""By name: arrays; of a run that keeps its states, those are `Kept`."""


class Graph(Protocol):
    """What can be run: a `runtime.Session`."""

    @property
    def batch_axes(self) -> Mapping[str, int | None]:
        """By input and output: the axis along which a run may hold several streams, None for what they share."""

    def run(self, inputs: Mapping[str, BatchTensor], *, keep_states: bool = False) -> Mapping[str, BatchTensor]:
        """One run; every output by its name. `keep_states` lets states stay where they are computed."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run of a graph for one stream: a batch of one row."""

    graph: Graph
    inputs: Mapping[str, Value]
    size: int = 1
    """Frames or units in it: what its duration grows with."""
    ragged: Mapping[str, Ragged] = field(default_factory=dict)
    keep: bool = False
    """Whether its states may stay as the run leaves them, for a next run that follows soon."""

    @property
    def form(self) -> Hashable:
        """Runs of equal form can share a batch: one graph, shapes that agree, equal inputs where there is no batch."""
        return (self.graph, *(self._form(name, value) for name, value in self.inputs.items()))

    def _form(self, name: str, value: Value) -> Hashable:
        if self.graph.batch_axes[name] is None and not isinstance(value, Kept):
            return name, value.shape, value.tobytes()
        if name in self.ragged:
            axis = self.ragged[name].axis
            return name, value.shape[:axis], value.shape[axis + 1 :]
        return name, value.shape


Work: TypeAlias = Generator[Run, Outputs, T]
"""Work whose result is a T."""
Speech: TypeAlias = Generator[Run | T, Outputs, None]
"""Work that also yields finished pieces of sound; what it is sent after one of those is empty."""


def run(
    graph: Graph, inputs: Mapping[str, Value], *, size: int = 1, ragged: Mapping[str, Ragged] | None = None
) -> Work[Outputs]:
    """One run; every output by its name."""
    return (yield Run(graph, inputs, size))


def advance(
    graph: Graph,
    inputs: Mapping[str, Value],
    state: Mapping[str, Value],
    *,
    size: int = 1,
    ragged: Mapping[str, Ragged] | None = None,
    keep: bool = False,
) -> Work[tuple[Outputs, Outputs]]:
    """One run of a graph with states: the outputs, and the states for the next run, arrays unless they are to `keep`.

    Kept states are for a run that follows soon; where they are lost with their device, that run is answered with a
    `LostStateError`.
    """
    results = yield Run(graph, {**inputs, **state}, size, ragged or {}, keep)
    following = {name: results.pop(f"next_{name}") for name in state}
    return results, following


def finished(work: Work[T]) -> T:
    """Does the work, run by run, here and now."""
    try:
        request = next(work)
        while True:
            request = tell(work, _computed(request))
    except StopIteration as end:
        result: T = end.value
        return result


def at_once(speech: Speech[T]) -> Generator[T, None, None]:
    """What `speech` yields besides its runs, which are computed as it asks for them. Closing it closes `speech`."""
    try:
        item = next(speech)
        while True:
            if isinstance(item, Run):
                item = tell(speech, _computed(item))
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
            item = tell(speech, {} if piece is None else (yield from _asked(piece)))
    except StopIteration:
        return
    finally:
        speech.close()


def between(speech: Speech[T], other: Callable[[], Work[None]]) -> Speech[T]:
    """`speech`, and after each of its finished pieces the `other` work."""
    try:
        item = next(speech)
        while True:
            answer = yield from _asked(item)
            if not isinstance(item, Run):
                yield from other()
            item = tell(speech, answer)
    except StopIteration:
        return
    finally:
        speech.close()


Answer: TypeAlias = Outputs | Exception
"""What work is given for a run: outputs, or why there are none."""


def tell(work: Generator[T, Outputs, Any], answer: Answer) -> T:
    """What the work yields next. An error is raised inside of it, where it may know what to do."""
    return work.throw(answer) if isinstance(answer, Exception) else work.send(answer)


def _computed(request: Run) -> Answer:
    try:
        return together([request])[0]
    except Exception as error:
        return error


def _asked(item: T) -> Generator[T, Outputs, Answer]:
    """Yields an item of other work, and returns what it was told."""
    try:
        return (yield item)
    except Exception as error:
        return error


def together(runs: Sequence[Run]) -> list[Outputs]:
    """Runs of one form as one batch, each with the outputs that it would have had alone."""
    first = runs[0]
    axes, keep = first.graph.batch_axes, any(run.keep for run in runs)
    inputs = {name: stacked([run.inputs[name] for run in runs], axes[name], first.ragged.get(name))
              for name in first.inputs}  # fmt: skip
    outputs = first.graph.run(inputs, keep_states=keep)
    padding = {f"next_{name}": _padding(runs, name, ragged.axis) for name, ragged in first.ragged.items()}
    rows: list[Outputs] = [{} for _ in runs]
    for name, whole in outputs.items():
        axis, extra = axes[name], padding.get(name, [])
        is_state = name.startswith("next_")
        for index, (run, row) in enumerate(zip(runs, rows, strict=True)):
            if is_state and run.keep and axis is not None and not any(extra):
                row[name] = Kept(whole, axis, index)
                continue
            piece = row_of(to_host(whole), axis, index)
            if any(extra):  # a state has come back as wide as it was made
                piece = without_front(piece, first.ragged[name.removeprefix("next_")].axis, extra[index])
            row[name] = piece.copy() if is_state and len(runs) > 1 else piece  # a view would hold the whole batch
    return rows


def _padding(runs: Sequence[Run], name: str, axis: int) -> list[int]:
    lengths = [run.inputs[name].shape[axis] for run in runs]
    return [max(lengths) - length for length in lengths]
