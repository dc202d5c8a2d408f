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
VOICED = 0.3
"""The confidence from which a frame is voiced. At swift-f0's own 0.5, steep falls (an angry tone 4) are lost."""
FARTHEST = 14.0
"""Semitones from the median. What is farther is creak or an error by octaves, and counts as not voiced."""


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
    semitones = np.interp(times, found.timestamps[voiced], 12 * np.log2(found.pitch_hz[voiced]))
    is_voiced = np.interp(times, found.timestamps, found.confidence) >= VOICED
    is_voiced &= np.abs(semitones - np.median(12 * np.log2(found.pitch_hz[voiced]))) <= FARTHEST
    return np.where(is_voiced, 2 ** (semitones / 12), 0.0)


@cache
def _detector() -> "SwiftF0":
    try:
        from swift_f0 import SwiftF0
    except ImportError as error:
        raise MissingReferencesError(error) from error
    return SwiftF0(threads=1, spin=False)
