"""Where the speech of a recording begins and ends, by the voice activity detector of WebRTC."""

import numpy as np

from server.errors import MissingReferencesError
from server.references.recording import RATE
from server.types import Floats

MODE = 2
"""Of the detector, 0 to 3: 3 takes the least for speech."""
FRAME = RATE // 100
WINDOW = 20
"""Frames, 0.2 s."""
SHARE = 0.6
"""Of the frames of a window that begins or ends the speech."""
MARGIN = RATE // 10
"""Samples that are kept around it: quiet beginnings and ends of phones."""


def speech_bounds(samples: Floats) -> tuple[int, int] | None:
    """The first and the last sample (exclusive) of the speech, with a margin; None without any. Takes `RATE` Hz.

    Raises `MissingReferencesError` if the detector is not installed.
    """
    speech = _speech_frames(samples)
    if len(speech) < WINDOW:
        return None
    share = np.convolve(speech, np.full(WINDOW, 1 / WINDOW), "valid")
    windows = np.flatnonzero(share >= SHARE)
    if not len(windows):
        return None
    first, last = windows[0], windows[-1] + WINDOW
    first += np.argmax(speech[first:])
    last -= np.argmax(speech[:last][::-1])
    return max(0, int(first) * FRAME - MARGIN), min(len(samples), int(last) * FRAME + MARGIN)


def _speech_frames(samples: Floats) -> Floats:
    """1 for each frame with speech, else 0."""
    try:
        import webrtcvad
    except ImportError as error:
        raise MissingReferencesError(error) from error
    detector = webrtcvad.Vad(MODE)
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME)
    return np.array([detector.is_speech(frame.tobytes(), RATE) for frame in frames], np.float32)
