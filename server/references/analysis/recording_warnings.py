"""What makes a recording a bad reference."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from server.references.analysis.recording_analysis import RecordingAnalysis

WarningCode = Literal["short", "noisy", "clipped", "quiet", "unvoiced"]


class RecordingWarning(NamedTuple):
    """One thing that is wrong with a recording."""

    code: WarningCode
    message: str
    """In plain words, with the figure and the remedy."""


def recording_warnings(analysis: RecordingAnalysis) -> Iterator[RecordingWarning]:
    """Yields what is wrong, by the figures of the analysis."""
    if analysis.seconds < 3:
        yield RecordingWarning("short", f"only {analysis.seconds:.1f} s of speech; 3 to 10 s are recommended")
    if analysis.signal_to_noise is not None and analysis.signal_to_noise < 20:
        noise = f"{analysis.signal_to_noise:.0f} dB below the speech"
        message = f"background noise at {noise}; record in a quieter room, closer to the microphone"
        yield RecordingWarning("noisy", message)
    if analysis.clipped_share > 0.0005:
        message = f"{analysis.clipped_share:.1%} of the samples are clipped; record with a lower gain"
        yield RecordingWarning("clipped", message)
    if analysis.level < -45:
        message = f"the speech is at {analysis.level:.0f} dBFS; record louder, closer to the microphone"
        yield RecordingWarning("quiet", message)
    if analysis.f0_median is None:
        message = "no voiced speech was found (silence, whisper or noise); record one person who speaks aloud"
        yield RecordingWarning("unvoiced", message)
