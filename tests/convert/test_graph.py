"""What `convert.graph` builds beyond single operators: steps that a graph repeats."""

import numpy as np
import onnxruntime
import pytest

from convert.graph.builder import Graph


def running_total() -> Graph:
    """values (batch, places, 2) -> totals: each is twice the one before, and the value."""
    graph = Graph("totals")
    values = graph.input("values", ["batch", "places", 2])
    step = Graph("place", within=graph)
    before = step.state("total", ["batch", 2])
    factor = step.weight("factor", np.full(2, 2, np.float32))
    total = before * factor + step.input("value", ["batch", 2])
    step.next_state("total", total, ["batch", 2])
    step.output("total", total, ["batch", 2])
    graph.output("totals", graph.scan(step, values), ["batch", "places", 2])
    return graph


def run(graph: Graph, values: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph.build().SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["totals"], {"values": values})[0]


@pytest.mark.parametrize(("batch", "places"), [(1, 1), (1, 7), (3, 5)])
def test_a_repeated_step_hands_its_state_from_place_to_place(batch: int, places: int) -> None:
    values = np.random.default_rng(0).standard_normal((batch, places, 2)).astype(np.float32)
    total, expected = np.zeros((batch, 2), np.float32), []
    for place in range(places):
        total = 2 * total + values[:, place]
        expected.append(total)
    np.testing.assert_allclose(run(running_total(), values), np.stack(expected, axis=1), rtol=1e-6)


def test_the_weights_of_a_step_belong_to_the_graph() -> None:
    graph = running_total()
    assert graph.parameters == 2
    assert [weight.name for weight in graph.build().graph.initializer if weight.name == "factor"] == ["factor"]


def test_the_states_of_a_step_are_none_of_the_graph() -> None:
    graph = running_total()
    model = graph.build()
    assert [value.name for value in model.graph.input] == ["values"]
    assert graph.fact("initial_state") == {}
