"""Async stages are driven run by run: results and errors arrive at their `await`, and closing runs `finally`."""

import threading
from collections.abc import Mapping

import numpy as np
import pytest

from server.runtime.tensors import Array
from server.scheduling.graph_run import GraphRun
from server.scheduling.input_queue import InputQueue
from server.scheduling.task import Chunks, Task, iterate, run_to_completion


class Increment:
    """Adds one; refuses 13."""

    batch_axes: Mapping[str, int | None] = {"x": 0, "y": 0}
    next_states: Mapping[str, str] = {}

    def run(self, inputs: Mapping[str, Array], *, keep_states: bool = False) -> Mapping[str, Array]:
        if 13 in inputs["x"]:
            raise ArithmeticError("13 is refused")
        return {"y": inputs["x"] + 1}


async def increment(number: float) -> float:
    outputs = await GraphRun(Increment(), {"x": np.array([[number]])})
    return float(outputs["y"].item())


async def count(*numbers: float, log: list[str] | None = None) -> Chunks[float]:
    log = [] if log is None else log
    try:
        for number in numbers:
            yield await increment(number)
    finally:
        log.append("closed")


async def nested(*numbers: float, log: list[str] | None = None) -> Chunks[float]:
    async for number in count(*numbers, log=log):
        yield await increment(number)


def test_a_coroutine_runs_to_its_result() -> None:
    assert run_to_completion(increment(1)) == 2


def test_an_error_of_a_run_is_raised_at_its_await() -> None:
    async def recovering() -> float:
        try:
            return await increment(13)
        except ArithmeticError:
            return await increment(0)

    assert run_to_completion(recovering()) == 1
    with pytest.raises(ArithmeticError, match="13 is refused"):
        run_to_completion(increment(13))


def test_chunks_are_iterated_through_nested_stages() -> None:
    assert list(iterate(nested(1, 2, 3))) == [3, 4, 5]


def test_an_error_ends_the_iteration_behind_the_chunks_before_it() -> None:
    log: list[str] = []
    chunks = iterate(nested(1, 13, log=log))
    assert next(chunks) == 3
    with pytest.raises(ArithmeticError):
        next(chunks)
    assert log == ["closed"]


def test_closing_the_iterator_runs_the_finally_blocks() -> None:
    log: list[str] = []
    chunks = iterate(nested(1, 2, log=log))
    next(chunks)
    chunks.close()
    assert log == ["closed"]
    assert list(chunks) == []


def test_a_task_stops_at_runs_and_at_chunks() -> None:
    task = Task(nested(1))
    inner = task.resume()
    assert isinstance(inner, GraphRun)
    outer = task.resume({"y": np.array([[2.0]])})
    assert isinstance(outer, GraphRun)
    assert outer.inputs["x"].item() == 2
    assert task.resume({"y": np.array([[7.0]])}) == 7
    with pytest.raises(StopAsyncIteration):
        task.resume()


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4])
def test_a_task_can_be_closed_wherever_it_is_suspended(steps: int) -> None:
    log: list[str] = []
    task, result = Task(nested(1, 2, log=log)), None
    for _ in range(steps):
        item = task.resume(result)
        result = {"y": item.inputs["x"] + 1} if isinstance(item, GraphRun) else None
    task.close()
    task.close()
    assert log == ["closed"] * (steps > 0)
    with pytest.raises(StopAsyncIteration):
        task.resume()


async def received(queue: InputQueue[float]) -> Chunks[float]:
    while (number := await queue.get()) is not None:
        yield await increment(number)


def test_a_stage_receives_input_that_arrives_while_it_waits() -> None:
    queue: InputQueue[float] = InputQueue()
    queue.put(1, 2)
    chunks = iterate(received(queue))
    assert [next(chunks), next(chunks)] == [2, 3]
    writer = threading.Timer(0.05, lambda: (queue.put(5), queue.close()))
    writer.start()
    assert list(chunks) == [6]
    writer.join()


def test_input_after_its_end_is_an_error() -> None:
    queue: InputQueue[float] = InputQueue()
    queue.close()
    queue.close()
    assert list(iterate(received(queue))) == []
    with pytest.raises(ValueError, match="closed"):
        queue.put(1)
