"""Decoder memory -> mel frames before the postnet, autoregressively in steps of r frames."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from server.errors import LostStateError
from server.runtime.session import Session
from server.runtime.tensors import Array
from server.scheduling.batching import pad_front
from server.scheduling.graph_run import GraphRun, Outputs, PaddedAxis, run_with_state
from server.types import Floats, Ids

MASKED = np.float32(-1e9)
"""Added to the attention scores of keys that do not exist."""
WINDOW_MULTIPLE = 4
"""Attention windows are multiples of this, so that most streams share one shape, and a device sees few."""
PADDED_AXES = {
    "memory_keys": PaddedAxis(4),
    "memory_values": PaddedAxis(3),
    "state.keys": PaddedAxis(4),
    "state.values": PaddedAxis(3),
    "mask": PaddedAxis(2, MASKED),
}
"""Streams with different windows share a batch: attention does not depend on the position of masked keys."""


@dataclass(frozen=True, slots=True)
class DecoderState:
    """The state of the decoder between two chunks: an argument and a result of `Decoder.advance`."""

    memory: Floats
    """(steps, size)"""
    back: Ids
    """(steps,): how many steps attention reaches back from each, at most the band (KAN-TTS: x_band_width)."""
    ahead: Ids
    """(steps,): and ahead (KAN-TTS: h_band_width)."""
    window: int
    """The largest band, rounded up; keys that attention does not reach are masked."""
    step: int
    states: Mapping[str, Array]
    keys: Floats
    """(1, layers, heads, width, steps): of the memory from this step on, as far as it was projected."""
    values: Floats
    """(1, layers, heads, steps, width)"""

    @property
    def remaining_steps(self) -> int:
        """Steps to the end of the utterance."""
        return len(self.memory) - self.step

    @property
    def independent_steps(self) -> int:
        """Of the remaining ones, those whose attention does not reach the end of the memory."""
        return max(0, self.remaining_steps - self.window)


class Decoder:
    """Runs the decoder. Its past is a window as long as the band, not the whole utterance."""

    def __init__(self, memory_session: Session, step_session: Session) -> None:
        self._memory_session = memory_session
        self._step_session = step_session

    def start(self, memory: Floats, band: int, *, is_whole: bool = True) -> DecoderState:
        """The state before the first step.

        A memory that is not whole goes on (`extend`) before steps other than the independent ones are run.
        """
        window = _window(band)
        states = self._step_session.initial_state(window=window)
        past_keys, past_values = states["state.keys"], states["state.values"]
        steps = np.arange(len(memory))
        ahead = np.minimum(band, steps[::-1]) if is_whole else np.full(len(memory), band)
        back = np.minimum(band, steps)
        return DecoderState(memory, back, ahead, window, 0, states, past_keys[..., :0], past_values[..., :0, :])

    @staticmethod
    def extend(state: DecoderState, memory: Floats, band: int) -> DecoderState:
        """The same state with the whole memory, which begins with that of the state; the band is that of the new steps.

        A wider band is reached step by step, since older keys are gone: so it does not matter at which step the memory
        is extended.
        """
        new = np.arange(len(memory) - len(state.memory))
        reached = state.back[-1] + 1 if len(state.back) else 0
        ahead = np.concatenate([state.ahead, np.full(len(new), band)])
        window = max(state.window, _window(band))
        return replace(
            state,
            memory=memory,
            back=np.concatenate([state.back, np.minimum(band, reached + new)]),
            ahead=np.minimum(ahead, np.arange(len(memory))[::-1]),
            window=window,
            states={name: _padded(array, name, window - state.window) for name, array in state.states.items()},
        )

    async def advance(self, state: DecoderState, steps: int) -> tuple[Floats, DecoderState]:
        """Runs up to `steps` steps. Returns the frames (steps * r, channels) and the state after them.

        Within the chunk the states stay on the device; if they are lost with it, its steps are run again elsewhere.
        """
        steps = min(steps, state.remaining_steps)
        state = await self._project_memory(state, steps)
        while True:
            try:
                frames, states = await self._run_steps(state, steps)
                break
            except LostStateError:
                continue
        following = replace(
            state,
            step=state.step + steps,
            states=states,
            keys=state.keys[..., steps:],
            values=state.values[..., steps:, :],
        )
        return frames, following

    async def _run_steps(self, state: DecoderState, steps: int) -> tuple[Floats, Outputs]:
        width, rows = state.window + 1, []
        states: Outputs = dict(state.states)
        for index in range(steps):
            inputs = {
                "memory": state.memory[None, state.step + index],
                "memory_keys": state.keys[..., index : index + width],
                "memory_values": state.values[..., index : index + width, :],
                "mask": self._mask(state, state.step + index),
            }
            is_last = index + 1 == steps
            outputs, states = await run_with_state(
                self._step_session, inputs, states, padded_axes=PADDED_AXES, keep_states=not is_last
            )
            rows.append(outputs["frames"][0])
        return np.concatenate(rows), states

    async def _project_memory(self, state: DecoderState, steps: int) -> DecoderState:
        """Keys and values of all memory within reach of the next `steps` steps; zeros beyond its end."""
        needed = steps + state.window
        projected = state.keys.shape[4]
        fresh = state.memory[None, state.step + projected : state.step + needed]
        keys, values = [state.keys], [state.values]
        if fresh.shape[1]:
            outputs = await GraphRun(self._memory_session, {"memory": fresh}, fresh.shape[1])
            keys.append(outputs["keys"])
            values.append(outputs["values"])
        beyond = needed - projected - fresh.shape[1]
        if beyond > 0:
            keys.append(np.zeros((*state.keys.shape[:4], beyond), np.float32))
            values.append(np.zeros((*state.values.shape[:3], beyond, state.values.shape[4]), np.float32))
        return replace(state, keys=np.concatenate(keys, axis=4), values=np.concatenate(values, axis=3))

    @staticmethod
    def _mask(state: DecoderState, step: int) -> Floats:
        """(1, 2, window + 1): 0 for the keys of the past (the last one is the present) and of the memory in reach."""
        positions = np.arange(state.window + 1)
        past = positions >= state.window - state.back[step]
        ahead = positions <= state.ahead[step]
        return np.where(np.stack([past, ahead]), np.float32(0), MASKED)[None]


def _window(band: int) -> int:
    return ceil(band / WINDOW_MULTIPLE) * WINDOW_MULTIPLE


def _padded(array: Array, name: str, count: int) -> Array:
    """A state for a window that is longer by `count`."""
    padding = PADDED_AXES.get(name)
    return pad_front(array, padding, count) if padding else array
