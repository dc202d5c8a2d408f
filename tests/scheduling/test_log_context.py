"""Workers run with the context of the request that they compute for, in graph runs as well as in stages."""

import threading

import numpy as np
import pytest

from server.config import SchedulerSection
from server.logs.context import RequestContext, current_request
from server.scheduling.graph_run import GraphRun
from server.scheduling.scheduler import Scheduler


class RecordingGraph:
    """Remembers the context of each run."""

    batch_axes = {"x": 0, "y": 0}  # noqa: RUF012
    next_states: dict[str, str] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.contexts: list[RequestContext | None] = []

    def run(self, inputs, *, keep_states=False):
        self.contexts.append(current_request.get())
        return {"y": inputs["x"]}


@pytest.fixture
def scheduler():
    started = Scheduler(SchedulerSection(workers=1))
    yield started
    started.close()


@pytest.mark.parametrize("context", [RequestContext("id-1"), None])
def test_a_stream_is_computed_in_the_context_in_which_it_was_started(scheduler, context):
    graph, stages, ended = RecordingGraph(), [], threading.Event()

    async def chunks(clock):
        stages.append(current_request.get())
        await GraphRun(graph, {"x": np.zeros((1, 1), np.float32)})
        stages.append(current_request.get())
        yield b""

    token = current_request.set(context)
    scheduler.start("demo", chunks, lambda chunk: None, lambda error: ended.set())
    current_request.reset(token)
    assert ended.wait(30)
    assert graph.contexts == [context]
    assert stages == [context, context]
