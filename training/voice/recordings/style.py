"""How the human speaker differs from the recordings, and how the emotions of the pseudo-sentences differ."""

from dataclasses import dataclass

SCALE = 0.93
"""Factor on F0 and formants alike. The recordings are played slower, so that the voice is not that of the speaker who
recorded them. Below 1 the bandwidth stays sufficient: 10 kHz becomes 9.3."""


@dataclass(frozen=True, slots=True)
class HumanEmotion:
    """How an emotion changes neutral speech."""

    name: str
    f0_shift: float
    """Of the logarithm of F0."""
    f0_range: float
    """Factor on the excursions of log F0."""
    rate: float
    """Factor on the speaking rate."""
    pause: float
    """Factor on pauses."""
    tilt_db: float
    """Gain from 6 kHz on, relative to 1.5 kHz and below."""
    gain: float
    """Factor on the amplitude."""
    formants: float
    """Factor on the frequencies of the formants. A smile shortens the vocal tract, a threat lengthens it."""


HUMAN_EMOTIONS = {
    emotion.name: emotion
    for emotion in (
        HumanEmotion("neutral", 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0),
        HumanEmotion("happy", 0.22, 1.35, 1.12, 0.85, -2.0, 1.0, 1.04),
        HumanEmotion("sad", -0.15, 0.7, 0.82, 1.3, -4.0, 0.7, 1.0),
        HumanEmotion("angry", 0.12, 1.15, 1.13, 0.7, 3.0, 1.5, 0.97),
    )
}
