"""The fundamental frequency, by swift-f0: a small network that runs in ONNX Runtime on one thread."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from server.errors import MissingReferencesError
from server.references.analysis.frames import SHIFT_SECONDS, Contour
from server.references.recording import RATE
from server.types import Audio

if TYPE_CHECKING:
    from swift_f0 import SwiftF0

LOWEST, HIGHEST = 55.0, 700.0
"""Hz, of speech."""
VOICED = 0.5
"""The confidence from which a frame is voiced; swift-f0 is calibrated for it."""


def f0_contour(audio: Audio, frames: int) -> Contour:
    """(frames,): Hz at n * 10 ms, 0 where the speech is not voiced. The audio is mono at 16 kHz.

    swift-f0 has a value every 16 ms; between two voiced ones the logarithm is interpolated. Raises
    `MissingReferencesError` if it is not installed.
    """
    if not len(audio.samples):
        return np.zeros(frames)
    found = _detector().detect(audio.samples, RATE, LOWEST, HIGHEST)
    times = np.arange(frames) * SHIFT_SECONDS
    voiced = found.confidence >= VOICED
    if not voiced.any():
        return np.zeros(frames)
    pitch = np.exp(np.interp(times, found.timestamps[voiced], np.log(found.pitch_hz[voiced])))
    return np.where(np.interp(times, found.timestamps, found.confidence) >= VOICED, pitch, 0.0)


@cache
def _detector() -> "SwiftF0":
    try:
        from swift_f0 import SwiftF0
    except ImportError as error:
        raise MissingReferencesError(error) from error
    return SwiftF0(threads=1, spin=False)
