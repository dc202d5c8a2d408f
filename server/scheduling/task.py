"""Drives async stages from one graph run to the next, without an event loop.

A stage is an `async def` function that awaits `GraphRun`s, or an async generator that also yields chunks. Awaiting a
run suspends the whole chain of stages; the driver executes the run and resumes the chain with its outputs. The command
line executes each run at once (`run_to_completion`, `iterate`); the scheduler collects the runs of many streams and
executes those that match as one batch (`Task`). A stage cannot tell the difference. A stage may also await an
`InputWait`, for input that its client has not sent yet.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Generic, TypeAlias, TypeVar

from server.scheduling.batching import run_batch
from server.scheduling.graph_run import GraphRun, Outputs
from server.scheduling.input_queue import InputWait

T = TypeVar("T")

Chunks: TypeAlias = AsyncGenerator[T, None]
"""A stage that yields chunks between its graph runs."""
RunResult: TypeAlias = Outputs | Exception
"""What a stage is resumed with after a run: the outputs, or the error that is raised at its `await`."""


class Task(Generic[T]):
    """One async generator, driven step by step. Not safe for use by two threads at a time."""

    def __init__(self, chunks: Chunks[T]) -> None:
        self._chunks = chunks
        self._pending: Coroutine[Any, Any, T] | None = None
        """The `__anext__` that waits for a run or for input."""

    def resume(self, result: RunResult | None = None) -> GraphRun | InputWait | T:
        """Continues to the next graph run, wait or chunk. `result` is that of the last run, None after the others.

        Raises `StopAsyncIteration` at the end, and the errors of the stages.
        """
        pending, self._pending = self._pending or self._chunks.__anext__(), None
        try:
            awaited: GraphRun | InputWait
            awaited = pending.throw(result) if isinstance(result, Exception) else pending.send(result)
        except StopIteration as end:
            chunk: T = end.value
            return chunk
        self._pending = pending
        return awaited

    def close(self) -> None:
        """Ends the stages where they are suspended; their `finally` blocks run."""
        pending, self._pending = self._pending, None
        with suppress(GeneratorExit, StopIteration, StopAsyncIteration):
            if pending is not None:
                pending.throw(GeneratorExit())
            else:
                self._chunks.aclose().send(None)


def run_to_completion(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine whose runs are executed one by one."""
    result: RunResult | None = None
    try:
        while True:
            run = coroutine.throw(result) if isinstance(result, Exception) else coroutine.send(result)
            result = _execute(run)
    except StopIteration as end:
        value: T = end.value
        return value


def iterate(chunks: Chunks[T], give_input: Callable[[], None] | None = None) -> Generator[T, None, None]:
    """The chunks of an async generator whose runs are executed one by one. Closing the iterator closes the stages.

    Stages that wait for input get it by calls of `give_input`, without it from another thread.
    """
    task, result = Task(chunks), None
    try:
        while True:
            item = task.resume(result)
            result = None
            if isinstance(item, GraphRun):
                result = _execute(item)
            elif isinstance(item, InputWait):
                (give_input or item.block)()
            else:
                yield item
    except StopAsyncIteration:
        return
    finally:
        task.close()


def _execute(run: GraphRun) -> RunResult:
    try:
        return run_batch([run])[0]
    except Exception as error:  # noqa: BLE001 - it is raised inside the stage, which may handle it
        return error
