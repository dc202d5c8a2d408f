"""The length regulator: repeats units for their frames and folds r frames into a step of the decoder's memory."""

import numpy as np

from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.types import Floats


def regulate_length(prosody: ProsodyPrediction, frames_per_step: int) -> Floats:
    """The decoder's memory, (steps, size): per step the text of r frames, then the conditioning of the first one."""
    repeated = np.repeat(prosody.text, prosody.durations, axis=0)
    starts = np.repeat(np.cumsum(prosody.durations) - prosody.durations, prosody.durations)
    positions = np.arange(len(repeated)) - starts + 1  # 1-based within the unit
    padding = -len(repeated) % frames_per_step  # padding frames have position 0 and no text
    positions = np.pad(positions, (0, padding))
    text = np.pad(repeated, ((0, padding), (0, 0))) + position_encoding(positions, repeated.shape[1])
    text = text.reshape(-1, frames_per_step * repeated.shape[1])
    conditioning = np.repeat(prosody.conditioning, prosody.durations, axis=0)[::frames_per_step]
    return np.concatenate([text, conditioning], axis=1).astype(np.float32, copy=False)


def position_encoding(positions: np.ndarray, size: int) -> Floats:
    """(frames, size): sine (even i) and cosine (odd i) of position / 10000^(2 floor(i / 2) / size).

    Source: KAN-TTS positions.py, DurSinusoidalPositionEncoder.
    """
    angles = positions[:, None] / 10000.0 ** (2 * (np.arange(size) // 2) / size)
    encoding = np.where(np.arange(size) % 2 == 0, np.sin(angles), np.cos(angles))
    return encoding.astype(np.float32)
