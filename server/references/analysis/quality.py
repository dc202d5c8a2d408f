"""How good a recording is: the noise in it, and what to say about what is wrong."""

import numpy as np

from server.references.analysis.contours import Contours
from server.references.analysis.frames import SILENCE, Contour
from server.references.analysis.recording_analysis import RecordingAnalysis

QUIETEST_SHARE = 0.1
"""Of the frames that are not voiced: those from which the noise is estimated."""
FEWEST = 5
"""Frames, for an estimate of the noise."""
HIGHEST = 80.0
"""Decibels: what cannot be told from a recording without noise."""


def signal_to_noise(contours: Contours) -> float | None:
    """Decibels, at most 80: the speech over the quietest frames that are not voiced; None with too few of them."""
    quiet = np.sort(contours.level[~contours.voiced])
    loud = contours.level[contours.speech & contours.voiced]
    if len(quiet) < FEWEST or not len(loud):
        return None
    noise = _power(quiet[: max(FEWEST, round(len(quiet) * QUIETEST_SHARE))])
    total = _power(loud)
    return float(np.clip(10 * np.log10(max(total / noise - 1, 1e-3)), 0, HIGHEST))


def _power(level: Contour) -> float:
    return float(np.mean(10 ** (np.maximum(level, SILENCE) / 10)))


def warnings(analysis: RecordingAnalysis) -> tuple[str, ...]:
    """What makes the recording a bad reference, in plain words, with the figure and the remedy."""
    found = []
    if analysis.seconds < 3:
        found.append(f"only {analysis.seconds:.1f} s of speech; 3 to 10 s are recommended")
    if analysis.signal_to_noise is not None and analysis.signal_to_noise < 20:
        noise = f"{analysis.signal_to_noise:.0f} dB below the speech"
        found.append(f"background noise at {noise}; record in a quieter room, closer to the microphone")
    if analysis.clipped_share > 0.0005:
        found.append(f"{analysis.clipped_share:.1%} of the samples are clipped; record with a lower gain")
    if analysis.level < -45:
        found.append(f"the speech is at {analysis.level:.0f} dBFS; record louder, closer to the microphone")
    if analysis.f0_median is None:
        found.append("no voiced speech was found (silence, whisper or noise); record one person who speaks aloud")
    return tuple(found)
