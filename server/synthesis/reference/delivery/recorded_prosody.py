"""The prosody of a recording by syllable, apart from who speaks: times, semitones, decibels."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from server.references.analysis.contours import contours
from server.references.analysis.frames import SHIFT_SECONDS
from server.references.recording import Recording
from server.synthesis.acoustic.prosody_targets import CONTOUR_POINTS
from server.synthesis.reference.delivery.alignment import OwnSpeech, RecordedSpeech
from server.synthesis.reference.delivery.speech_frames import SpeechFrames
from server.synthesis.reference.delivery.unit_places import UnitPlaces

Values = NDArray[np.float64]

MAX_SEMITONES = 18.0
"""From the median: what is farther is an error of the detection."""
MAX_LEVEL = 3.0
"""Decibels by which the energy of a unit is changed, at most; more makes syllables unclear."""


@dataclass(frozen=True, slots=True)
class RecordedSyllable:
    """How one syllable is spoken in a recording. Rows are its units."""

    phones: tuple[str, ...]
    """Its units as they are compared: phone and tone."""
    durations: Values
    """(units,): seconds."""
    semitones: Values
    """(units, `CONTOUR_POINTS`): F0 above the median of the recording."""
    levels: Values
    """(units,): decibels above the voice's own level of them, each relative to the whole speech."""
    pause: float
    """Seconds of silence before it."""


@dataclass(frozen=True)
class RecordedProsody:
    """A recording, prepared for the delivery of several sentences."""

    recording: Recording
    speech: RecordedSpeech
    level: Values
    """(frames,): decibels above the mean of the speech."""

    @classmethod
    def of(cls, recording: Recording) -> Self:
        """That of a recording."""
        frames = SpeechFrames.of(recording.audio)
        return cls(recording, RecordedSpeech(frames), _relative(frames))

    @cached_property
    def semitones(self) -> Values:
        """(frames,): F0 above the median; interpolated where the speech is not voiced, zeros if it never is.

        Computed for the first sentence that was not measured before. Raises `MissingReferencesError` if the library
        for F0 is not installed.
        """
        f0, count = contours(self.recording.audio).f0, len(self.level)
        return _semitones(np.pad(f0[:count], (0, max(0, count - len(f0)))))

    def contours(self, places: UnitPlaces) -> Values:
        """(units, `CONTOUR_POINTS`): semitones."""
        within = (np.arange(CONTOUR_POINTS) + 0.5) / CONTOUR_POINTS
        times = places.begins[:, None] + within * (places.ends - places.begins)[:, None]
        frames = np.arange(len(self.semitones))
        values: Values = np.interp(times / SHIFT_SECONDS, frames, self.semitones)
        return values

    def levels(self, places: UnitPlaces, own: OwnSpeech) -> Values:
        """(units,): see `RecordedSyllable.levels`."""
        recorded = _unit_levels(self.level, places.begins, places.ends)
        spoken = _unit_levels(_relative(own.frames), own.begins, own.ends)
        difference: Values = np.clip(recorded - spoken, -MAX_LEVEL, MAX_LEVEL)
        return difference


def _semitones(f0: Values) -> Values:
    voiced = np.flatnonzero(f0 > 0)
    if not len(voiced):
        return np.zeros(len(f0))
    semitones = 12 * np.log2(f0[voiced] / np.median(f0[voiced]))
    contour: Values = np.interp(np.arange(len(f0)), voiced, np.clip(semitones, -MAX_SEMITONES, MAX_SEMITONES))
    return contour


def _relative(frames: SpeechFrames) -> Values:
    speech = frames.level[~frames.silent]
    return np.asarray(frames.level - (speech.mean() if len(speech) else 0.0), np.float64)


def _unit_levels(level: Values, begins: Values, ends: Values) -> Values:
    """(units,): the loudest frame of each; NaN where there is none."""
    levels = np.full(len(begins), np.nan)
    for unit in np.flatnonzero(~np.isnan(begins)):
        first, stop = round(begins[unit] / SHIFT_SECONDS), round(ends[unit] / SHIFT_SECONDS)
        part = level[max(0, first) : max(0, stop)]
        if len(part):
            levels[unit] = part.max()
    return levels
