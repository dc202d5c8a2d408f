"""Which streams share the next batch: the most urgent first, those that match, as many as fit."""

from collections.abc import Mapping

import numpy as np
import pytest

from server.runtime.tensors import Array
from server.scheduling.batch_policy import MAX_BATCH_SECONDS, BatchPolicy
from server.scheduling.graph_run import GraphRun
from server.scheduling.playback import PlaybackClock
from server.scheduling.stream import Stream
from server.scheduling.task import Chunks, Task


class Idle:
    """A graph that is never run here."""

    batch_axes: Mapping[str, int | None] = {"x": 0}
    next_states: Mapping[str, str] = {}

    def run(self, inputs: Mapping[str, Array], *, keep_states: bool = False) -> Mapping[str, Array]:
        raise AssertionError


async def _no_chunks() -> Chunks[bytes]:
    for chunk in ():
        yield chunk


def stream(graph: Idle | None, buffered: float = 0.0, width: int = 1) -> Stream:
    clock = PlaybackClock(lambda: 0.0)
    clock.push(buffered)
    made = Stream("", Task(_no_chunks()), clock, 0.0, lambda chunk: None, lambda error: None)
    made.pending_run = GraphRun(graph, {"x": np.zeros((1, width))}) if graph else None
    return made


def measured(policy: BatchPolicy, graph: Idle, seconds: float = 1e-6) -> BatchPolicy:
    policy.record_duration(graph, seconds)
    return policy


def test_the_earliest_deadline_is_served_with_matching_streams_in_the_order_of_arrival() -> None:
    graph, other = Idle(), Idle()
    late, urgent, unrelated, wide = stream(graph, 9), stream(graph, 1), stream(other, 5), stream(graph, 2, width=3)
    policy = measured(BatchPolicy(16), graph)
    assert policy.select([late, unrelated, wide, urgent], idle_workers=0) == [late, urgent]
    assert policy.select([late, unrelated, wide], idle_workers=0) == [wide]


def test_a_stream_without_a_pending_run_goes_first_and_alone() -> None:
    graph = Idle()
    fresh = stream(None, 99)
    assert BatchPolicy(16).select([stream(graph), fresh, stream(graph)], idle_workers=0) == [fresh]


def test_a_cancelled_stream_is_ended_at_once() -> None:
    graph = Idle()
    cancelled = stream(graph, 99)
    cancelled.cancelled = True
    assert measured(BatchPolicy(16), graph).select([stream(graph), stream(graph), cancelled], 0) == [cancelled]


@pytest.mark.parametrize("first_is_alone", [True, False])
def test_a_stream_that_is_not_batched_runs_alone(first_is_alone: bool) -> None:
    graph = Idle()
    streams = [stream(graph, 1), stream(graph, 2)]
    streams[0 if first_is_alone else 1].batched = False
    assert measured(BatchPolicy(16), graph).select(streams, idle_workers=0) == streams[:1]


def test_idle_workers_get_their_share() -> None:
    graph = Idle()
    streams = [stream(graph, buffered) for buffered in (4, 3, 2, 1)]
    assert measured(BatchPolicy(16), graph).select(streams, idle_workers=1) == streams[2:]


@pytest.mark.parametrize(("seconds", "size"), [(MAX_BATCH_SECONDS / 2.5, 2), (MAX_BATCH_SECONDS * 2, 1), (1e-6, 3)])
def test_a_batch_is_limited_by_its_predicted_duration_and_by_max_batch(seconds: float, size: int) -> None:
    graph = Idle()
    policy = measured(BatchPolicy(3), graph, seconds)
    assert len(policy.select([stream(graph) for _ in range(5)], idle_workers=0)) == size


def test_a_size_that_did_not_fit_is_halved() -> None:
    graph = Idle()
    policy = measured(BatchPolicy(16), graph)
    policy.record_failure(graph, 5)
    assert len(policy.select([stream(graph) for _ in range(5)], idle_workers=0)) == 2
