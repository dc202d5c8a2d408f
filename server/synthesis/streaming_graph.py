"""A graph that takes a signal chunk by chunk: it waits until a first chunk is long enough, and ends the signal once."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.runtime.session import Session
from server.runtime.tensors import Arrays
from server.scheduling.task import Work, advance

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a signal stands: an argument and a result of `StreamingGraph.advance`."""

    state: dict[str, Array]
    held: dict[str, Array] = field(default_factory=dict)
    """What came in before the first run."""
    started: bool = False


class StreamingGraph:
    """One graph whose layers carry their own past, such as the postnet and the vocoder.

    What it puts out is `lookahead` frames behind, so the first chunk must be longer than that; shorter ones wait.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.lookahead: int = session.metadata["lookahead"]

    def start(self) -> Progress:
        return Progress(self._session.initial_state())

    def advance(
        self, progress: Progress, chunk: Arrays, *, final: bool, fixed: Arrays | None = None
    ) -> Work[tuple[dict[str, Array] | None, Progress]]:
        """Takes a chunk of at least one frame; `final` says that it is the last one.

        `chunk` holds arrays (1, time, ...), the first of which counts the frames; `fixed` ones have no time. Returns
        what comes out (None as long as the graph waits) and the progress for the next call.
        """
        if progress.held:
            chunk = {name: np.concatenate([progress.held[name], array], axis=1) for name, array in chunk.items()}
        frames = next(iter(chunk.values())).shape[1]
        if not (progress.started or final or frames > self.lookahead):
            return None, Progress(progress.state, dict(chunk))
        inputs = {**chunk, **(fixed or {}), "final": np.array([final], np.int64)}
        outputs, state = yield from advance(self._session, inputs, progress.state, size=frames)
        return outputs, Progress(state, started=True)
