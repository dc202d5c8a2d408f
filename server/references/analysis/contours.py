"""A recording frame by frame: F0, level and voicing every 10 ms, its syllables and its pauses."""

from dataclasses import dataclass

from server.references.analysis.f0 import f0_contour
from server.references.analysis.frames import Contour, frame_levels
from server.references.analysis.pauses import Flags, Pause, find_pauses
from server.references.analysis.syllables import syllable_nuclei
from server.types import Audio


@dataclass(frozen=True, slots=True)
class Contours:
    """Frame n is centered n * 10 ms after the beginning of the audio; all arrays are (frames,)."""

    f0: Contour
    """Hz; 0 where the speech is not voiced."""
    level: Contour
    """dBFS, mean square of 25 ms; `frames.SILENCE` (-100) and below is digital silence."""
    voiced: Flags
    speech: Flags
    """Whether the frame is in no pause."""
    nuclei: tuple[float, ...]
    """Seconds: the loudest moment of each syllable, ascending."""
    pauses: tuple[Pause, ...]
    """Of at least 0.15 s, ascending; silence at the beginning and at the end is none."""


def contours(audio: Audio) -> Contours:
    """The contours of mono audio at 16 kHz, of any length.

    Raises `MissingReferencesError` if the library for F0 is not installed, `ValueError` for audio at another rate.
    """
    level = frame_levels(audio)
    f0 = f0_contour(audio, len(level))
    voiced = f0 > 0
    pauses, speech = find_pauses(level, voiced)
    return Contours(f0, level, voiced, speech, syllable_nuclei(audio, voiced, speech), pauses)
