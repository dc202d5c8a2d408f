"""A graph run of one stream, as a value that a stage awaits."""

from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from server.runtime.tensors import Array, BatchTensor

Outputs: TypeAlias = dict[str, Any]
"""By name: arrays; next states of a run with `keep_states` are `StateRow`s."""


@dataclass(frozen=True, slots=True, eq=False)
class StateRow:
    """One stream's row of a state tensor that is still part of its batch, in host or in device memory."""

    batch: BatchTensor
    axis: int
    row: int

    @property
    def shape(self) -> tuple[int, ...]:
        """As the array of one stream: 1 along the batch axis."""
        shape = self.batch.shape
        return (*shape[: self.axis], 1, *shape[self.axis + 1 :])


StreamTensor: TypeAlias = Array | StateRow
"""An input of one stream: 1 along the batch axis."""


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
    keep_states: bool = False
    """Whether next states may stay on the device, for a run that follows soon."""

    def __await__(self) -> Generator["GraphRun", Outputs, Outputs]:
        """Suspends up to the driver of the task, which executes the run."""
        return (yield self)

    @property
    def batch_key(self) -> Hashable:
        """Runs with equal keys can share a batch: one graph, equal shapes, equal shared inputs."""
        return (self.graph, *(self._input_key(name, value) for name, value in self.inputs.items()))

    def _input_key(self, name: str, value: StreamTensor) -> Hashable:
        if self.graph.batch_axes[name] is None and not isinstance(value, StateRow):  # a StateRow has a batch axis
            return name, value.shape, value.tobytes()
        return name, value.shape


async def run_with_state(
    graph: Graph,
    inputs: Mapping[str, StreamTensor],
    state: Mapping[str, StreamTensor],
    *,
    size: int = 1,
    keep_states: bool = False,
) -> tuple[Outputs, Outputs]:
    """One run of a graph with states. Returns its outputs, and the states for the next run.

    States are arrays, unless `keep_states` is set: then they may be on a device, and the next run raises
    `LostStateError` when that is gone.
    """
    outputs = await GraphRun(graph, {**inputs, **state}, size, keep_states)
    # The run may have changed the graph's precision, and the names of its states with it.
    next_state = {name: outputs.pop(output) for name, output in graph.next_states.items() if output in outputs}
    return outputs, next_state
