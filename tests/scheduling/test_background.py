"""Background streams: computed while no listener needs the workers, in turns, and never refused."""

import threading
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from server.config import SchedulerSection
from server.runtime.tensors import Array
from server.scheduling.graph_run import GraphRun
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import Scheduler
from server.scheduling.task import Chunks


class Steps:
    """A graph whose runs wait for a permit each, and are recorded by the name of their stream."""

    batch_axes: Mapping[str, int | None] = {"x": 0, "y": 0}
    next_states: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.order: list[str] = []
        self.permits = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)
        self.names: list[str] = []

    def run(self, inputs: Mapping[str, Array], *, keep_states: bool = False) -> Mapping[str, Array]:
        self.order.append("+".join(sorted(self.names[int(number)] for number in inputs["x"][:, 0])))
        self.entered.release()
        assert self.permits.acquire(timeout=30)
        return {"y": inputs["x"]}

    def chunks(self, name: str, count: int, seconds: float = 1000.0) -> Callable[[PlaybackClock], Chunks[bytes]]:
        number = len(self.names)
        self.names.append(name)

        async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
            for _ in range(count):
                await GraphRun(self, {"x": np.array([[float(number)]])})
                clock.push(seconds)
                yield b"x"

        return chunks

    def wait_for_a_run(self) -> None:
        assert self.entered.acquire(timeout=30)


class Reader:
    """Starts a stream and consumes its chunks at once."""

    def __init__(self, scheduler: Scheduler, chunks: Callable[[PlaybackClock], Chunks[bytes]], *, background: bool):
        self.ended, self._started = threading.Event(), threading.Event()
        self.error: Exception | None = None
        self._scheduler = scheduler
        self.stream = scheduler.start("", chunks, self._consume, self._end, background=background)
        self._started.set()

    def _consume(self, chunk: bytes) -> None:
        assert self._started.wait(30)
        self._scheduler.chunk_consumed(self.stream)

    def _end(self, error: Exception | None) -> None:
        self.error = error
        self.ended.set()

    def wait(self) -> None:
        assert self.ended.wait(30)
        assert self.error is None


def scheduler_of(workers: int, max_streams: int = 1) -> Scheduler:
    return Scheduler(SchedulerSection(workers=workers, max_streams=max_streams))


def test_a_listener_goes_before_background_streams_at_the_next_run() -> None:
    scheduler, graph = scheduler_of(1), Steps()
    jobs = [Reader(scheduler, graph.chunks("job", 3), background=True) for _ in range(2)]
    graph.wait_for_a_run()
    live = Reader(scheduler, graph.chunks("live", 4), background=False)
    graph.permits.release(100)
    for reader in (live, *jobs):
        reader.wait()
    scheduler.close()
    assert graph.order[0] == "job"
    assert graph.order[1:5] == ["live"] * 4
    assert set(graph.order[5:]) <= {"job", "job+job"}


@pytest.mark.parametrize(("buffered", "beside"), [(1000.0, True), (0.1, False)])
def test_a_background_stream_runs_beside_a_listener_only_when_that_has_audio_buffered(
    buffered: float, beside: bool
) -> None:
    scheduler, graph, other = scheduler_of(3), Steps(), Steps()
    live = Reader(scheduler, graph.chunks("live", 2, buffered), background=False)
    graph.wait_for_a_run()
    job = Reader(scheduler, other.chunks("job", 1), background=True)
    assert not other.order  # the listener has no audio yet
    graph.permits.release()
    graph.wait_for_a_run()
    if beside:
        other.wait_for_a_run()
    assert bool(other.order) is beside
    graph.permits.release()
    other.permits.release()
    live.wait()
    job.wait()
    scheduler.close()


def test_background_streams_leave_a_worker_to_the_listeners_while_there_are_any() -> None:
    scheduler, live, graphs = scheduler_of(2, max_streams=2), Steps(), [Steps(), Steps()]
    paused = scheduler.start("", live.chunks("live", 9), lambda chunk: None, lambda error: None)
    for _ in range(3):
        live.wait_for_a_run()
        live.permits.release()
    while not scheduler.is_idle:
        pass
    jobs = [Reader(scheduler, graph.chunks("job", 1), background=True) for graph in graphs]
    graphs[0].wait_for_a_run()
    Reader(scheduler, live.chunks("live", 1), background=False)
    live.wait_for_a_run()  # both jobs cannot have taken both workers
    assert [len(graph.order) for graph in graphs] == [1, 0]
    live.permits.release()
    scheduler.cancel(paused)
    graphs[1].wait_for_a_run()  # nobody listens any more
    assert [len(graph.order) for graph in graphs] == [1, 1]
    for graph in graphs:
        graph.permits.release()
    for job in jobs:
        job.wait()
    scheduler.close()


def test_background_streams_share_the_idle_time_in_turns() -> None:
    scheduler, graphs = scheduler_of(1), [Steps(), Steps()]
    order: list[str] = []
    for graph in graphs:
        graph.order = order
        graph.permits.release(100)
    blocker = Steps()
    first = Reader(scheduler, blocker.chunks("live", 1), background=False)
    blocker.wait_for_a_run()
    jobs = [
        Reader(scheduler, graph.chunks(name, 5, seconds), background=True)
        for (name, seconds), graph in zip((("a", 100.0), ("b", 0.1)), graphs, strict=True)
    ]
    blocker.permits.release()
    for reader in (first, *jobs):
        reader.wait()
    scheduler.close()
    assert order == ["a", "b"] * 5


def test_background_streams_are_not_refused_and_take_no_place_of_a_listener() -> None:
    scheduler, graph = scheduler_of(1), Steps()
    jobs = [Reader(scheduler, graph.chunks("job", 1), background=True) for _ in range(5)]
    live = Reader(scheduler, graph.chunks("live", 1), background=False)
    assert scheduler.load().streams == 1
    graph.permits.release(100)
    for reader in (live, *jobs):
        reader.wait()
    assert scheduler.load().late_chunks == 0
    scheduler.close()
