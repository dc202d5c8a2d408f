"""Decoder memory -> mel frames before the postnet, autoregressively in steps of r frames."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from server.errors import LostStateError
from server.runtime.session import Session
from server.runtime.tensors import Array
from server.scheduling.graph_run import GraphRun, Outputs, PaddedAxis, run_with_state
from server.types import Floats

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
    band: int
    """Steps that attention reaches back, and ahead (KAN-TTS: x_band_width, h_band_width)."""
    window: int
    """The band, rounded up; keys beyond the band are masked."""
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


class Decoder:
    """Runs the decoder. Its past is a window as long as the band, not the whole utterance."""

    def __init__(self, memory_session: Session, step_session: Session) -> None:
        self._memory_session = memory_session
        self._step_session = step_session

    def start(self, memory: Floats, band: int) -> DecoderState:
        """The state before the first step."""
        window = ceil(band / WINDOW_MULTIPLE) * WINDOW_MULTIPLE
        states = self._step_session.initial_state(window=window)
        past_keys, past_values = states["state.keys"], states["state.values"]
        return DecoderState(memory, band, window, 0, states, past_keys[..., :0], past_values[..., :0, :])

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
        """(1, 2, window + 1): 0 for the keys of the past (the last one is the present) and of the memory that exist."""
        positions = np.arange(state.window + 1)
        past = positions >= state.window - min(step, state.band)
        ahead = positions < min(len(state.memory) - step, state.band + 1)
        return np.where(np.stack([past, ahead]), np.float32(0), MASKED)[None]
