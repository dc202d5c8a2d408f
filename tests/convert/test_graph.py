"""Loops (Scan) in graphs built by `convert.graph`."""

import numpy as np
import onnxruntime
import pytest

from convert.graph.builder import Graph


def running_total() -> Graph:
    """`values` (batch, steps, 2) -> `totals`: twice the previous total plus the value."""
    graph = Graph("totals")
    values = graph.input("values", ["batch", "steps", 2])
    step = Graph("step", parent=graph)
    before = step.state("total", ["batch", 2])
    factor = step.weight("factor", np.full(2, 2, np.float32))
    total = before * factor + step.input("value", ["batch", 2])
    step.next_state("total", total, ["batch", 2])
    step.output("total", total, ["batch", 2])
    graph.output("totals", graph.scan(step, values), ["batch", "steps", 2])
    return graph


def run(graph: Graph, values: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph.build().SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["totals"], {"values": values})[0]


@pytest.mark.parametrize(("batch", "steps"), [(1, 1), (1, 7), (3, 5)])
def test_the_state_of_a_loop_is_carried_from_step_to_step(batch: int, steps: int) -> None:
    values = np.random.default_rng(0).standard_normal((batch, steps, 2)).astype(np.float32)
    total, expected = np.zeros((batch, 2), np.float32), []
    for index in range(steps):
        total = 2 * total + values[:, index]
        expected.append(total)
    np.testing.assert_allclose(run(running_total(), values), np.stack(expected, axis=1), rtol=1e-6)


def test_the_weights_of_a_loop_body_belong_to_the_graph() -> None:
    graph = running_total()
    assert graph.parameters == 2
    assert [weight.name for weight in graph.build().graph.initializer if weight.name == "factor"] == ["factor"]


def test_the_states_of_a_loop_body_are_not_states_of_the_graph() -> None:
    graph = running_total()
    model = graph.build()
    assert [value.name for value in model.graph.input] == ["values"]
    assert graph.metadata("initial_state") == {}
