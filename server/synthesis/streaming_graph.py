"""A graph that processes a signal chunk by chunk with a streaming state, such as the postnet and the vocoder."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from server.runtime.session import Session
from server.runtime.tensors import Array, Arrays
from server.scheduling.graph_run import run_with_state


@dataclass(frozen=True, slots=True)
class GraphState:
    """The state of one signal between two chunks: an argument and a result of `StreamingGraph.advance`."""

    states: Mapping[str, Array]
    buffered: Mapping[str, Array] = field(default_factory=dict)
    """Input that came before the first run."""
    started: bool = False


class StreamingGraph:
    """One graph whose layers carry their own past.

    Its output is `lookahead` frames behind its input, so the first chunk must be longer than that; shorter ones are
    buffered.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.lookahead: int = session.metadata["lookahead"]

    def start(self) -> GraphState:
        """The state before a signal."""
        return GraphState(self._session.initial_state())

    async def advance(
        self, state: GraphState, chunk: Arrays, *, final: bool, constant: Arrays | None = None
    ) -> tuple[dict[str, Array] | None, GraphState]:
        """Processes a chunk of at least one frame; `final` ends the signal.

        `chunk` holds arrays (1, time, ...), the first of which counts the frames; `constant` ones have no time axis.
        Returns the outputs (None while the input is buffered) and the state for the next chunk.
        """
        if state.buffered:
            chunk = {name: np.concatenate([state.buffered[name], array], axis=1) for name, array in chunk.items()}
        frames = next(iter(chunk.values())).shape[1]
        if not (state.started or final or frames > self.lookahead):
            return None, GraphState(state.states, dict(chunk))
        inputs = {**chunk, **(constant or {}), "final": np.array([final], np.int64)}
        outputs, states = await run_with_state(self._session, inputs, state.states, size=frames)
        return outputs, GraphState(states, started=True)
