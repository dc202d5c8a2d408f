"""One stream as the scheduler sees it: its task, its playback clock, and where it is between two graph runs."""

import itertools
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf
from typing import Any

from server.client import LOCAL_CLIENT, Client
from server.logs.context import RequestContext, current_request
from server.scheduling.graph_run import GraphRun
from server.scheduling.input_queue import InputWait
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import RunResult, Task


class Place(Enum):
    """Whether a stream has a place on the workers."""

    WAITING = auto()
    """It has not begun, and waits for one."""
    HELD = auto()
    STALLED = auto()
    """It has lost its place, because its client does not read."""
    RETURNING = auto()
    """Its client reads again, and it waits for a new one."""
    LEFT = auto()
    """It has ended, or was cancelled."""


@dataclass(eq=False, slots=True)
class Stream:
    """The state of one stream.

    `place`, `paused`, `input_wait`, `cancelled` and `unconsumed_chunks` are guarded by the scheduler's lock. Everything
    else belongs to the worker that has taken the stream from the ready list, and the clock to nobody else while the
    stream is paused.
    """

    voice: str
    task: Task[Any]
    clock: PlaybackClock
    expected_seconds: float
    """A guess at the audio's length."""
    on_chunk: Callable[[Any], None]
    """Called by a worker with every chunk."""
    on_end: Callable[[Exception | None], None]
    """Called by a worker, once, after the last chunk: with the error that ended the stream, None at its regular end and
    when it was cancelled."""
    client: Client = LOCAL_CLIENT
    is_probe: bool = False
    """Measures a voice's cost and has no client: always admitted, never paused, its late chunks do not count."""
    batched: bool = True
    """Whether its runs may share batches with other streams."""
    background: bool = False
    """Has no listener: computed only while no other stream needs the workers."""
    on_admitted: Callable[[], None] | None = None
    """Called when it gets its first place, also at once. Without it, the stream does not wait for a place."""
    place: Place = Place.WAITING
    is_reserved: bool = False
    """Whether it has a place beyond the predicted load."""
    place_since: float = 0.0
    """When it got its place; 0 before its first one."""
    context: RequestContext | None = field(default_factory=current_request.get)
    """The request that it is computed for, for the log."""
    number: int = field(default_factory=itertools.count().__next__)
    """In the order of arrival."""
    pending_run: GraphRun | None = None
    """The run that it waits for; None before its start, and after a chunk."""
    result: RunResult | None = None
    """Of the last run; None before the start, and after a chunk."""
    unconsumed_chunks: int = 0
    paused: bool = False
    """Whether it waits for its client: to consume a chunk, or to send input."""
    input_wait: InputWait | None = None
    """What it waits for while it is paused for input."""
    cancelled: bool = False
    failure: Exception | None = None
    """Ends it instead of a result."""
    computing_seconds: float = 0.0
    """Of workers, for all of it so far."""
    observed_computing_seconds: float = 0.0
    """Part of `computing_seconds` that has been observed, with its audio."""
    observed_audio_seconds: float = 0.0
    """Computed audio whose cost has been observed."""
    batch_key: Hashable = None
    """Of the pending run; computed on first use."""
    last_chunk: float = field(default_factory=time.monotonic)
    """When it produced its last chunk, or started."""

    @property
    def deadline(self) -> float:
        """When the next chunk is due; a cancelled stream comes first, since ending it costs nothing.

        Background streams, which compete only with each other, take turns chunk by chunk.
        """
        if self.cancelled:
            return -inf
        return self.last_chunk if self.background else self.clock.underrun_at

    def can_batch_with(self, other: "Stream") -> bool:
        """Whether the pending runs of both can be executed as one batch."""
        if self.pending_run is None or other.pending_run is None or self.cancelled:
            return False
        if not (self.batched and other.batched) or self.background is not other.background:
            return False
        return self.pending_run.graph is other.pending_run.graph and self.pending_key() == other.pending_key()

    def advance(self) -> Any:
        """Resumes the task up to its next graph run (returns None), wait for input or chunk (returns that).

        Raises `StopAsyncIteration` at the end, and the errors of the task.
        """
        item = self.task.resume(self.result)
        self.batch_key, self.result = None, None
        if isinstance(item, GraphRun):
            self.pending_run = item
            return None
        self.pending_run = None
        return item

    def pending_key(self) -> Hashable:
        """The batch key of the pending run, computed once."""
        if self.batch_key is None and self.pending_run is not None:
            self.batch_key = self.pending_run.batch_key
        return self.batch_key
