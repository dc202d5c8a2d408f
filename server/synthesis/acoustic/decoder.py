"""Decoder memory -> mel frames before the postnet, one autoregressive step of r frames after the other."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from server.errors import LostStateError
from server.runtime.session import Session
from server.runtime.tensors import Array
from server.scheduling.batching import Ragged
from server.scheduling.task import Outputs, Work, advance, run
from server.types import Floats

HIDDEN = np.float32(-1e9)
"""Added to the scores of keys that do not exist."""
WINDOW_STRIDE = 4
"""Windows are multiples of this, so that most streams share one shape, and a device sees few."""
WINDOWS = {
    "memory_keys": Ragged(4),
    "memory_values": Ragged(3),
    "state.keys": Ragged(4),
    "state.values": Ragged(3),
    "mask": Ragged(2, HIDDEN),
}
"""Streams of different bands share a batch: attention does not mind where in its window a hidden key stands."""


@dataclass(frozen=True, slots=True)
class DecoderState:
    """Where the decoder stands: an argument and a result of `Decoder.advance`."""

    memory: Floats
    """(steps, size)"""
    band: int
    """Steps that attention looks back, and ahead."""
    window: int
    """Steps that there is room for; those beyond the band are hidden."""
    step: int
    state: dict[str, Array]
    keys: Floats
    """(1, layers, heads, width, known): of the memory from this step on, as far as it has been needed."""
    values: Floats
    """(1, layers, heads, known, width)"""

    @property
    def left(self) -> int:
        """Steps to go."""
        return len(self.memory) - self.step


class Decoder:
    """Runs the decoder. The past is a window as long as the band, not the whole utterance."""

    def __init__(self, memory_session: Session, step_session: Session) -> None:
        self._memory_session = memory_session
        self._step_session = step_session

    def start(self, memory: Floats, band: int) -> DecoderState:
        window = ceil(band / WINDOW_STRIDE) * WINDOW_STRIDE
        state = self._step_session.initial_state(window=window)
        past_keys, past_values = state["state.keys"], state["state.values"]
        return DecoderState(memory, band, window, 0, state, past_keys[..., :0], past_values[..., :0, :])

    def advance(self, decoding: DecoderState, steps: int) -> Work[tuple[Floats, DecoderState]]:
        """Up to `steps` steps: frames (steps * r, channels), and where the decoder stands then.

        In between, states stay on the device; should it be lost, the steps are taken again, on another one.
        """
        steps = min(steps, decoding.left)
        decoding = yield from self._look_ahead(decoding, steps)
        while True:
            try:
                frames, state = yield from self._take(decoding, steps)
                break
            except LostStateError:
                continue
        following = replace(
            decoding,
            step=decoding.step + steps,
            state=state,
            keys=decoding.keys[..., steps:],
            values=decoding.values[..., steps:, :],
        )
        return frames, following

    def _take(self, decoding: DecoderState, steps: int) -> Work[tuple[Floats, Outputs]]:
        width, rows = decoding.window + 1, []
        state: Outputs = decoding.state
        for index in range(steps):
            inputs = {
                "memory": decoding.memory[None, decoding.step + index],
                "memory_keys": decoding.keys[..., index : index + width],
                "memory_values": decoding.values[..., index : index + width, :],
                "mask": self._mask(decoding, decoding.step + index),
            }
            more = index + 1 < steps
            outputs, state = yield from advance(self._step_session, inputs, state, ragged=WINDOWS, keep=more)
            rows.append(outputs["frames"][0])
        return np.concatenate(rows), state

    def _look_ahead(self, decoding: DecoderState, steps: int) -> Work[DecoderState]:
        """Keys and values of all the memory that the next `steps` steps look at; past its end there are zeros."""
        wanted = steps + decoding.window
        known = decoding.keys.shape[4]
        fresh = decoding.memory[None, decoding.step + known : decoding.step + wanted]
        keys, values = [decoding.keys], [decoding.values]
        if fresh.shape[1]:
            outputs = yield from run(self._memory_session, {"memory": fresh}, size=fresh.shape[1])
            keys.append(outputs["keys"])
            values.append(outputs["values"])
        beyond = wanted - known - fresh.shape[1]
        if beyond > 0:
            keys.append(np.zeros((*decoding.keys.shape[:4], beyond), np.float32))
            values.append(np.zeros((*decoding.values.shape[:3], beyond, decoding.values.shape[4]), np.float32))
        return replace(decoding, keys=np.concatenate(keys, axis=4), values=np.concatenate(values, axis=3))

    @staticmethod
    def _mask(decoding: DecoderState, step: int) -> Floats:
        """(1, 2, window + 1): which keys count, of the past (its last key is the present) and of the memory."""
        places = np.arange(decoding.window + 1)
        past = places >= decoding.window - min(step, decoding.band)
        ahead = places < min(len(decoding.memory) - step, decoding.band + 1)
        exists = np.stack([past, ahead])
        return np.where(exists, np.float32(0), HIDDEN)[None]
