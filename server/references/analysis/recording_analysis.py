"""The result of the analysis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordingAnalysis:
    """How somebody speaks in a recording, and how good the recording is. None: cannot be measured; no figure is NaN.

    How each figure is measured, and how exact it is: docs/reference-analysis.md.
    """

    seconds: float
    """Of the speech, pauses included."""
    f0_median: float | None
    """Hz, of voiced frames."""
    f0_range: float | None
    """Semitones from the 5th to the 95th percentile."""
    f0_movement: float | None
    """Semitones a second: the mean absolute slope within voiced stretches."""
    syllable_rate: float | None
    """Syllables a second, pauses left out."""
    pause_share: float
    """Of the time, 0 to 1: pauses of at least 0.15 s within the speech."""
    pause_seconds: float
    """The mean duration of these pauses; 0 without one."""
    level: float
    """dBFS, mean square of the frames that are no pause; -100 is digital silence."""
    dynamics: float | None
    """Decibels from the 10th to the 90th percentile of the level of the frames that are no pause."""
    tilt: float | None
    """Decibels an octave: the slope of the mean spectrum of voiced frames from 200 Hz to 5 kHz."""
    voiced_share: float
    """Of the frames that are no pause, 0 to 1."""
    tract_scale: float | None
    """The length of the vocal tract, relative to that of an average adult; estimated from the formants."""
    signal_to_noise: float | None
    """Decibels, of speech over the frames without."""
    clipped_share: float
    """Of the samples, 0 to 1."""
    warnings: tuple[str, ...] = ()
    """What makes the recording a bad reference, in plain words."""
