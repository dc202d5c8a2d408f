"""A graph run as a value that a stage awaits, and several of them executed as one batch."""

from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from server.runtime.tensors import BatchTensor, to_host
from server.scheduling.batching import PaddedAxis, StateRow, StreamTensor, remove_padding, select_row, stack

Outputs: TypeAlias = dict[str, Any]
"""By name: arrays; next states of a run with `keep_states` are `StateRow`s."""


class Graph(Protocol):
    """What can be run: a `server.runtime.session.Session`."""

    @property
    def batch_axes(self) -> Mapping[str, int | None]:
        """Input or output name -> the axis of its streams, None for what all streams of a run share."""

    @property
    def next_states(self) -> Mapping[str, str]:
        """State input -> the output with its value for the next run."""

    def run(self, inputs: Mapping[str, BatchTensor], *, keep_states: bool = False) -> Mapping[str, BatchTensor]:
        """One run; every output by its name. `keep_states` may leave next states on the device."""


@dataclass(frozen=True, slots=True, eq=False)
class GraphRun:
    """One run of a graph for one stream: a batch of one row. Awaiting it gives its outputs."""

    graph: Graph
    inputs: Mapping[str, StreamTensor]
    size: int = 1
    """Frames or units in it: its duration is proportional to that."""
    padded_axes: Mapping[str, PaddedAxis] = field(default_factory=dict)
    """By input: axes along which the rows of a batch may differ in length."""
    keep_states: bool = False
    """Whether next states may stay on the device, for a run that follows soon."""

    def __await__(self) -> Generator["GraphRun", Outputs, Outputs]:
        """Suspends up to the driver of the task, which executes the run."""
        return (yield self)

    @property
    def batch_key(self) -> Hashable:
        """Runs with equal keys can share a batch: one graph, compatible shapes, equal shared inputs."""
        return (self.graph, *(self._input_key(name, value) for name, value in self.inputs.items()))

    def _input_key(self, name: str, value: StreamTensor) -> Hashable:
        if self.graph.batch_axes[name] is None and not isinstance(value, StateRow):
            return name, value.shape, value.tobytes()
        if name in self.padded_axes:
            axis = self.padded_axes[name].axis
            return name, value.shape[:axis], value.shape[axis + 1 :]
        return name, value.shape


async def run_with_state(
    graph: Graph,
    inputs: Mapping[str, StreamTensor],
    state: Mapping[str, StreamTensor],
    *,
    size: int = 1,
    padded_axes: Mapping[str, PaddedAxis] | None = None,
    keep_states: bool = False,
) -> tuple[Outputs, Outputs]:
    """One run of a graph with states. Returns its outputs, and the states for the next run.

    States are arrays, unless `keep_states` is set: then they may be on a device, and the next run raises
    `LostStateError` when that is gone.
    """
    outputs = await GraphRun(graph, {**inputs, **state}, size, padded_axes or {}, keep_states)
    next_state = {name: outputs.pop(graph.next_states[name]) for name in state}
    return outputs, next_state


def run_batch(runs: Sequence[GraphRun]) -> list[Outputs]:
    """Executes runs with equal `batch_key`s as one batch. Returns for each the outputs that it would have alone."""
    graph, padded_axes = runs[0].graph, runs[0].padded_axes
    axes = graph.batch_axes
    inputs = {
        name: stack([run.inputs[name] for run in runs], axes[name], padded_axes.get(name)) for name in runs[0].inputs
    }
    outputs = graph.run(inputs, keep_states=any(run.keep_states for run in runs))
    states = {following: state for state, following in graph.next_states.items()}
    rows: list[Outputs] = [{} for _ in runs]
    for name, tensor in outputs.items():
        axis, state = axes[name], states.get(name)
        padded = padded_axes.get(state) if state else None
        padding = _padding(runs, state, padded.axis) if state and padded else [0] * len(runs)
        for index, (run, row) in enumerate(zip(runs, rows, strict=True)):
            if state and run.keep_states and axis is not None and not any(padding):
                row[name] = StateRow(tensor, axis, index)
                continue
            array = select_row(to_host(tensor), axis, index)
            if padded and padding[index]:
                array = remove_padding(array, padded.axis, padding[index])
            row[name] = array.copy() if state and len(runs) > 1 else array  # a view would hold the whole batch
    return rows


def _padding(runs: Sequence[GraphRun], state: str, axis: int) -> list[int]:
    """How much each row of a state was padded."""
    lengths = [run.inputs[state].shape[axis] for run in runs]
    return [max(lengths) - length for length in lengths]
