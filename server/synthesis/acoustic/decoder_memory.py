"""A score -> the decoder's memory: units repeated for their frames, r frames folded into a step."""

import numpy as np

from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.types import Floats


def decoder_memory(score: ProsodyPrediction, frames_per_step: int) -> Floats:
    """(steps, size): per step the text of r frames, then the style of the first one."""
    repeated = np.repeat(score.text, score.durations, axis=0)
    starts = np.repeat(np.cumsum(score.durations) - score.durations, score.durations)
    places = np.arange(len(repeated)) - starts + 1  # 1-based within the unit
    padding = -len(repeated) % frames_per_step  # padding frames are at place 0 and have no text
    places = np.pad(places, (0, padding))
    text = np.pad(repeated, ((0, padding), (0, 0))) + place_code(places, repeated.shape[1])
    text = text.reshape(-1, frames_per_step * repeated.shape[1])
    style = np.repeat(score.style, score.durations, axis=0)[::frames_per_step]
    return np.concatenate([text, style], axis=1).astype(np.float32, copy=False)


def place_code(places: np.ndarray, size: int) -> Floats:
    """(frames, size): sin and cos of place / 10000^(2 floor(i / 2) / size), even and odd i (KAN-TTS positions.py)."""
    angles = places[:, None] / 10000.0 ** (2 * (np.arange(size) // 2) / size)
    code = np.where(np.arange(size) % 2 == 0, np.sin(angles), np.cos(angles))
    return code.astype(np.float32)
