"""Executes the matching graph runs of several streams as one batch.

Inputs are stacked along the batch axis, outputs are split into rows again. Next states of runs with `keep_states` are
not split at once: as long as the same streams stay together, the next run gets the batch tensor as it is, on the device
that holds it. Otherwise it is copied to host memory once and split there.
"""

from collections.abc import Sequence

import numpy as np

from server.runtime.tensors import Array, BatchTensor, to_host
from server.scheduling.graph_run import GraphRun, Outputs, StateRow, StreamTensor


def run_batch(runs: Sequence[GraphRun]) -> list[Outputs]:
    """Executes runs with equal `batch_key`s as one batch. Returns for each the outputs that it would have alone."""
    graph = runs[0].graph
    inputs = {name: stack([run.inputs[name] for run in runs], graph.batch_axes[name]) for name in runs[0].inputs}
    outputs = graph.run(inputs, keep_states=any(run.keep_states for run in runs))
    # Read after the run: names of another precision are added when it falls back to that.
    axes, states = graph.batch_axes, set(graph.next_states.values())
    rows: list[Outputs] = [{} for _ in runs]
    for name, tensor in outputs.items():
        axis, is_state = axes[name], name in states
        is_kept = [is_state and run.keep_states and axis is not None for run in runs]
        array = None if all(is_kept) else to_host(tensor)
        for index, row in enumerate(rows):
            if axis is not None and (array is None or is_kept[index]):
                row[name] = StateRow(tensor, axis, index)
            elif array is not None:
                view = select_row(array, axis, index)
                row[name] = view.copy() if is_state and len(runs) > 1 else view  # a view would keep the batch alive
    return rows


def stack(tensors: Sequence[StreamTensor], axis: int | None) -> BatchTensor:
    """The batch tensor of several streams; without a batch `axis` all of them share the first one's."""
    first = tensors[0]
    if isinstance(first, StateRow) and _is_whole_batch(first.batch, tensors):
        return first.batch
    on_host: dict[int, Array] = {}  # one copy of each batch that rows are taken from
    arrays = []
    for tensor in tensors:
        if isinstance(tensor, StateRow):
            if id(tensor.batch) not in on_host:
                on_host[id(tensor.batch)] = to_host(tensor.batch)
            tensor = select_row(on_host[id(tensor.batch)], tensor.axis, tensor.row)
        arrays.append(tensor)
    if axis is None or len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays, axis=axis)


def select_row(array: Array, axis: int | None, row: int) -> Array:
    """A view of one row, (1, ...) along `axis`; the whole array if there is no batch axis."""
    if axis is None:
        return array
    selected: Array = array[(slice(None),) * axis + (slice(row, row + 1),)]
    return selected


def _is_whole_batch(batch: BatchTensor, tensors: Sequence[StreamTensor]) -> bool:
    """Whether the tensors are all rows of `batch`, in their order."""
    first = tensors[0]
    return (
        all(isinstance(each, StateRow) and each.batch is batch and each.row == row for row, each in enumerate(tensors))
        and isinstance(first, StateRow)
        and batch.shape[first.axis] == len(tensors)
    )
