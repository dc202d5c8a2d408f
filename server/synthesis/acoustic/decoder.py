"""Decoder memory -> mel frames before the postnet, autoregressively in steps of r frames."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from server.errors import LostStateError
from server.runtime.session import Session
from server.runtime.tensors import Array
from server.scheduling.graph_run import GraphRun, Outputs, run_with_state
from server.types import Floats

RUN_STEPS = 4
"""Steps of one run of the graph. Runs begin at multiples of it, whatever the chunks: 8-bit variants round, and so the
last bits of a sum must not depend on chunk sizes, either. Streams with as many steps share a batch."""
WINDOW_MULTIPLE = 16
"""Attention windows are multiples of this, so that nearly all streams share one shape."""
MASKED = np.float32(-1e9)
"""Added to the attention scores of keys that do not exist."""
TIME_AXIS = 3
"""Of keys and values."""


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
    """The next one to compute."""
    states: Mapping[str, Array]
    ahead: Floats
    """(1, 2 * layers, heads, steps, width): keys and values of the memory from `step` on, as far as projected."""
    waiting: Floats
    """(steps, r, channels): frames that are computed, but not part of a chunk yet."""

    @property
    def remaining_steps(self) -> int:
        """Steps to the end of the utterance that are not part of a chunk yet."""
        return len(self.memory) - self.step + len(self.waiting)


class Decoder:
    """Runs the decoder. Its past is a window as long as the band, not the whole utterance."""

    def __init__(self, memory_session: Session, step_session: Session) -> None:
        self._memory_session = memory_session
        self._step_session = step_session

    def start(self, memory: Floats, band: int) -> DecoderState:
        """The state before the first step."""
        window = ceil(band / WINDOW_MULTIPLE) * WINDOW_MULTIPLE
        states = self._step_session.initial_state(window=window)
        ahead = states["state.window"][:, :, :, :0]
        return DecoderState(memory, band, window, 0, states, ahead, np.zeros((0, 1, 1), np.float32))

    async def advance(self, state: DecoderState, steps: int) -> tuple[Floats, DecoderState]:
        """The frames (steps * r, channels) of up to `steps` more steps, and the state after them.

        Within the chunk the states stay on the device; if they are lost with it, its steps are run again elsewhere.
        """
        steps = min(steps, state.remaining_steps)
        while True:
            try:
                frames, following = await self._run_steps(state, steps)
                break
            except LostStateError:
                continue
        chunk = frames[:steps].reshape(-1, frames.shape[2])
        return chunk, replace(following, waiting=frames[steps:])

    async def _run_steps(self, state: DecoderState, steps: int) -> tuple[Floats, DecoderState]:
        """At least `steps` steps of frames (steps, r, channels), with those that were waiting."""
        frames = [state.waiting] if len(state.waiting) else []
        missing = steps - len(state.waiting)
        while missing > 0:
            count = min(RUN_STEPS, len(state.memory) - state.step)
            missing -= count
            computed, state = await self._run(state, count, is_last=missing <= 0)
            frames.append(computed)
        return np.concatenate(frames), state

    async def _run(self, state: DecoderState, count: int, *, is_last: bool) -> tuple[Floats, DecoderState]:
        """One run of `count` steps."""
        ahead = await self._project_memory(state, count)
        inputs = {
            "memory": state.memory[None, state.step : state.step + count],
            "mask": attention_mask(state, count),
            "ahead": ahead[:, :, :, : count + state.window],
        }
        outputs, states = await run_with_state(
            self._step_session, inputs, state.states, size=count, keep_states=not is_last
        )
        following = replace(state, step=state.step + count, states=states, ahead=ahead[:, :, :, count:])
        return outputs["frames"][0], following

    async def _project_memory(self, state: DecoderState, count: int) -> Floats:
        """Keys and values of all memory within reach of the next `count` steps; any numbers beyond its end.

        Always a multiple of `RUN_STEPS`: a product of one row is rounded differently from one of several.
        """
        known = state.ahead.shape[TIME_AXIS]
        missing = ceil((count + state.window - known) / RUN_STEPS) * RUN_STEPS
        if missing <= 0:
            return state.ahead
        memory = state.memory[state.step + known : state.step + known + missing]
        if not len(memory):
            shape = [missing if axis == TIME_AXIS else size for axis, size in enumerate(state.ahead.shape)]
            return np.concatenate([state.ahead, np.zeros(shape, np.float32)], axis=TIME_AXIS)
        memory = np.pad(memory, ((0, missing - len(memory)), (0, 0)))
        outputs = await GraphRun(self._memory_session, {"memory": memory[None]}, missing)
        return np.concatenate([state.ahead, outputs["window"]], axis=TIME_AXIS)


def attention_mask(state: DecoderState, count: int) -> Floats:
    """(1, count, 2, keys): 0 for the keys that each step attends to, in the past and in the memory.

    The keys are those of the memory ahead (count + window), of the past (window), and of the steps themselves.
    """
    steps = np.arange(state.step, state.step + count)[:, None]
    ahead = np.arange(state.step, state.step + count + state.window)
    past = np.arange(state.step - state.window, state.step + count)
    in_memory = (ahead >= steps) & (ahead <= np.minimum(steps + state.band, len(state.memory) - 1))
    in_past = (past >= np.maximum(steps - state.band, 0)) & (past <= steps)
    mask = np.full((1, count, 2, len(ahead) + len(past)), MASKED)
    mask[0, :, 0, len(ahead) :][in_past] = 0
    mask[0, :, 1, : len(ahead)][in_memory] = 0
    return mask
