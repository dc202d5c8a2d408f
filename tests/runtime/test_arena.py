"""The arena that all graphs on the CPU share."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from convert.graph.builder import Graph
from server.runtime.memory import memory_usage, release_unused
from server.runtime.providers import open_on_cpu

SIZE = 64 * 2**20 // 4
"""64 MiB of float32."""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """`x` (count,) -> the sum of the sines of 2 x: two intermediate results of the size of `x`."""
    graph = Graph("sum")
    x = graph.input("x", ["count"])
    graph.output("y", graph.op("ReduceSum", graph.op("Sin", x + x), graph.integers(0)), [1])
    path = tmp_path / "sum.onnx"
    path.write_bytes(graph.build().SerializeToString())
    return path


def usage_of_four_sessions(graph: Path) -> tuple[int, int, bool]:
    """MiB after a run of each and when unused memory is released, and whether a run then gives the same."""
    x = np.ones(SIZE, np.float32)
    release_unused()
    before = memory_usage().current
    sessions = [open_on_cpu(graph, 1) for _ in range(4)]
    (first, *_) = [session.run(None, {"x": x})[0] for session in sessions]
    used = memory_usage().current - before
    release_unused()
    left = memory_usage().current - before
    return used, left, sessions[0].run(None, {"x": x})[0] == first


def test_graphs_share_working_memory_which_returns_to_the_system(graph: Path) -> None:
    # In a process of its own: in one that other tests have filled, memory of theirs is returned meanwhile.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        used, left, is_same = pool.submit(usage_of_four_sessions, graph).result()
    assert 0.9 * 64 < used < 3.5 * 64  # of four arenas it would be 4 x 64 at least
    assert left < 0.5 * 64
    assert is_same
