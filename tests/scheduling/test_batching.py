"""Runs that match share a batch, and every row of it is what the run gives alone."""

from collections.abc import Mapping

import numpy as np
import pytest

from server.runtime.tensors import Array
from server.scheduling.batching import run_batch
from server.scheduling.graph_run import GraphRun, StateRow
from server.synthesis.synthesizer import Synthesizer


class Delay:
    """Returns the sum of its window, and the window plus one: a state of any length."""

    batch_axes: Mapping[str, int | None] = {"state.window": 0, "sum": 0, "next_state.window": 0}
    next_states: Mapping[str, str] = {"state.window": "next_state.window"}

    def run(self, inputs: Mapping[str, Array], *, keep_states: bool = False) -> Mapping[str, Array]:
        window = inputs["state.window"]
        return {"sum": window.sum(axis=1, keepdims=True), "next_state.window": window + 1}


def run_of(graph: Delay, state: Array | StateRow, keep_states: bool = False) -> GraphRun:
    return GraphRun(graph, {"state.window": state}, keep_states=keep_states)


def test_runs_with_states_of_different_lengths_share_no_batch() -> None:
    graph, states = Delay(), [np.ones((1, length)) for length in (3, 1, 3)]
    keys = [run_of(graph, state).batch_key for state in states]
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_kept_states_stay_stacked_for_the_same_streams_and_are_split_for_others(order: tuple[int, int]) -> None:
    graph, states = Delay(), [np.full((1, 2), value) for value in (1.0, 5.0)]
    first = run_batch([run_of(graph, state, keep_states=True) for state in states])
    kept = [outputs["next_state.window"] for outputs in first]
    assert all(isinstance(row, StateRow) and row.batch is kept[0].batch for row in kept)
    second = run_batch([run_of(graph, kept[index]) for index in order])
    assert [outputs["sum"].item() for outputs in second] == [(4.0, 12.0)[index] for index in order]


def test_inputs_without_a_batch_axis_must_be_equal_to_share_a_batch(demo: Synthesizer) -> None:
    vocoder = demo._vocoder._generator._session
    keys = set()
    for final in (0, 1):
        inputs = {"final": np.array([final]), "mel": np.zeros((1, 8, 80), np.float32)}
        keys.add(GraphRun(vocoder, inputs).batch_key)
    assert len(keys) == 2


def test_a_batch_of_one_run_is_that_run() -> None:
    assert run_batch([run_of(Delay(), np.array([[4.0]]))])[0]["sum"].item() == 4
