"""A recording -> how it is spoken."""

from dataclasses import replace

import numpy as np

from server.references.analysis.contours import Contours, contours
from server.references.analysis.formants import tract_scale
from server.references.analysis.frames import SHIFT_SECONDS, SILENCE, Contour
from server.references.analysis.pauses import stretches
from server.references.analysis.quality import signal_to_noise
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.analysis.recording_warnings import recording_warnings
from server.references.analysis.spectrum import spectral_tilt
from server.references.recording import Recording

FEWEST = 10
"""Voiced frames, for figures of F0."""


def analyze(recording: Recording) -> RecordingAnalysis:
    """Measures a recording. Raises `MissingReferencesError` if the library for F0 is not installed."""
    return analyze_contours(recording, contours(recording.audio))


def analyze_contours(recording: Recording, found: Contours) -> RecordingAnalysis:
    """As `analyze`, from the contours of the recording."""
    audio = recording.audio
    seconds = len(audio.samples) / audio.rate
    voiced = found.voiced & found.speech
    level = found.level[found.speech]
    semitones = 12 * np.log2(found.f0[voiced]) if voiced.sum() >= FEWEST else None
    speech_seconds = float(found.speech.sum()) * SHIFT_SECONDS
    pauses = [pause.seconds for pause in found.pauses]
    measured = RecordingAnalysis(
        seconds=seconds,
        f0_median=None if semitones is None else float(2 ** (np.median(semitones) / 12)),
        f0_range=None if semitones is None else float(np.diff(np.percentile(semitones, (5, 95)))[0]),
        f0_movement=None if semitones is None else _movement(found.f0),
        syllable_rate=len(found.nuclei) / speech_seconds if found.nuclei else None,
        pause_share=min(sum(pauses) / seconds, 1.0) if pauses else 0.0,
        pause_seconds=float(np.mean(pauses)) if pauses else 0.0,
        level=float(10 * np.log10(np.mean(10 ** (level / 10)))) if len(level) else SILENCE,
        dynamics=float(np.diff(np.percentile(level, (10, 90)))[0]) if len(level) else None,
        tilt=spectral_tilt(audio, voiced),
        voiced_share=float(found.voiced[found.speech].mean()) if len(level) else 0.0,
        tract_scale=tract_scale(audio, voiced),
        signal_to_noise=signal_to_noise(found),
        clipped_share=recording.clipped_share,
    )
    return replace(measured, warnings=tuple(message for _, message in recording_warnings(measured)))


def _movement(f0: Contour) -> float | None:
    """Semitones a second: the mean absolute slope of F0, smoothed over 50 ms, within voiced stretches."""
    slopes = []
    for begin, stop in stretches(f0 > 0):
        if stop - begin >= 8:
            smooth = np.convolve(12 * np.log2(f0[begin:stop]), np.full(5, 0.2), "valid")
            slopes.append(np.abs(np.diff(smooth)) / SHIFT_SECONDS)
    return float(np.concatenate(slopes).mean()) if slopes else None
