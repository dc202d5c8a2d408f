"""Decoder memory -> mel frames before the postnet, autoregressively in steps of r frames."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from server.errors import LostStateError
from server.runtime.session import Session
from server.runtime.tensors import Array
from server.scheduling.graph_run import GraphRun, run_with_state
from server.types import Floats, Ids

RUN_STEPS = 4
"""Steps of one run of the graph. Runs begin at multiples of it, whatever the chunks are: a variant in 8 bits rounds, so
not even the last bits of a sum may depend on chunk sizes."""
WINDOW_MULTIPLE = 16
"""Attention windows are multiples of this, so that nearly all streams share one shape, and can share a batch."""
MASKED = np.float32(-1e9)
"""Added to the attention scores of keys that do not exist."""
TIME_AXIS = 3
"""Of keys and values."""


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
    """The next one to compute."""
    states: Mapping[str, Array]
    memory_window: Floats
    """(1, 2 * layers, heads, steps, width): keys and values of the memory from `step` on, as far as projected."""
    waiting: Floats
    """(steps, r, channels): frames that are computed, but were not part of a chunk."""

    @property
    def remaining_steps(self) -> int:
        """Steps to the end of the utterance that were not part of a chunk."""
        return len(self.waiting) + len(self.memory) - self.step

    @property
    def independent_steps(self) -> int:
        """Of the remaining ones, those whose run does not reach the end of the memory."""
        runs = max(0, len(self.memory) - self.step - self.window) // RUN_STEPS
        return len(self.waiting) + runs * RUN_STEPS


class Decoder:
    """Runs the decoder. Its past is a window as long as the band, not the whole utterance."""

    def __init__(self, memory_session: Session, step_session: Session) -> None:
        self._memory_session = memory_session
        self._step_session = step_session

    def start(self, memory: Floats, band: int, *, is_whole: bool = True) -> DecoderState:
        """The state before the first step.

        A memory that is not whole goes on (`extend`) before steps other than the independent ones are run.
        """
        window, steps = _window(band), np.arange(len(memory))
        states = self._step_session.initial_state(window=window)
        return DecoderState(
            memory,
            back=np.minimum(band, steps),
            ahead=np.minimum(band, steps[::-1]) if is_whole else np.full(len(memory), band),
            window=window,
            step=0,
            states=states,
            memory_window=states["state.window"][:, :, :, :0],
            waiting=np.zeros((0, 1, 1), np.float32),
        )

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
        past = _padded(state.states["state.window"], in_front=window - state.window)
        return replace(
            state,
            memory=memory,
            back=np.concatenate([state.back, np.minimum(band, reached + new)]),
            ahead=np.minimum(ahead, np.arange(len(memory))[::-1]),
            window=window,
            states={**state.states, "state.window": past},
        )

    async def advance(self, state: DecoderState, steps: int) -> tuple[Floats, DecoderState]:
        """The frames (steps * r, channels) of up to `steps` more steps, and the state after them.

        Within the chunk the states stay on the device; if they are lost with it, its steps are run again elsewhere.
        """
        steps = min(steps, state.remaining_steps)
        state = await self._project_memory(state, steps - len(state.waiting))
        while True:
            try:
                frames, following = await self._run_steps(state, steps)
                break
            except LostStateError:
                continue
        chunk = frames[:steps].reshape(-1, frames.shape[2])
        return chunk, replace(following, waiting=frames[steps:].copy())  # a view would keep the whole chunk alive

    async def _run_steps(self, state: DecoderState, steps: int) -> tuple[Floats, DecoderState]:
        """Frames (steps, r, channels) of at least `steps` steps, those that were waiting first."""
        frames = [state.waiting] if len(state.waiting) else []
        missing = steps - len(state.waiting)
        while missing > 0:
            count = min(RUN_STEPS, len(state.memory) - state.step)
            missing -= count
            computed, state = await self._run(state, count, keep_states=missing > 0)
            frames.append(computed)
        return np.concatenate(frames), state

    async def _run(self, state: DecoderState, count: int, *, keep_states: bool) -> tuple[Floats, DecoderState]:
        """One run of `count` steps: frames (count, r, channels)."""
        inputs = {
            "memory": state.memory[None, state.step : state.step + count],
            "mask": attention_mask(state, count),
            "ahead": state.memory_window[:, :, :, : count + state.window],
        }
        outputs, states = await run_with_state(
            self._step_session, inputs, state.states, size=count, keep_states=keep_states
        )
        following = replace(
            state, step=state.step + count, states=states, memory_window=state.memory_window[:, :, :, count:]
        )
        return outputs["frames"][0], following

    async def _project_memory(self, state: DecoderState, steps: int) -> DecoderState:
        """With the keys and values of all memory within reach of `steps` steps; any numbers beyond its end.

        Always those of a multiple of `RUN_STEPS`: a product of one row is rounded in another way than that of several.
        """
        known = state.memory_window.shape[TIME_AXIS]
        missing = ceil(steps / RUN_STEPS) * RUN_STEPS + state.window - known
        if steps <= 0 or missing <= 0:
            return state
        memory = state.memory[state.step + known : state.step + known + missing]
        if not len(memory):
            return replace(state, memory_window=_padded(state.memory_window, behind=missing))
        memory = np.pad(memory, ((0, missing - len(memory)), (0, 0)))
        outputs = await GraphRun(self._memory_session, {"memory": memory[None]}, missing)
        window = np.concatenate([state.memory_window, outputs["window"]], axis=TIME_AXIS)
        return replace(state, memory_window=window)


def attention_mask(state: DecoderState, count: int) -> Floats:
    """(1, count, 2, keys): 0 for the keys that each step attends to, in the past and in the memory.

    The keys are those of the memory ahead (count + window), of the past (window), and of the steps themselves.
    """
    steps = np.arange(count)[:, None]
    back, ahead = (reach[state.step : state.step + count, None] for reach in (state.back, state.ahead))
    in_memory = np.arange(count + state.window)
    in_past = np.arange(-state.window, count)
    size = len(in_memory)
    mask = np.full((1, count, 2, size + len(in_past)), MASKED)
    mask[0, :, 0, size:][(in_past >= steps - back) & (in_past <= steps)] = 0
    mask[0, :, 1, :size][(in_memory >= steps) & (in_memory <= steps + ahead)] = 0
    return mask


def _window(band: int) -> int:
    return ceil(band / WINDOW_MULTIPLE) * WINDOW_MULTIPLE


def _padded(window: Array, in_front: int = 0, behind: int = 0) -> Array:
    """Keys and values with zeros before the first or after the last step."""
    return np.pad(window, [(in_front, behind) if axis == TIME_AXIS else (0, 0) for axis in range(window.ndim)])
