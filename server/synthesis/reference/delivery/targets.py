"""Recorded syllables -> targets for the units of a sentence, in the range of a voice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.synthesis.acoustic.prosody_targets import CONTOUR_POINTS, ProsodyTargets
from server.synthesis.reference.delivery.recorded_prosody import RecordedSyllable, Values
from server.synthesis.reference.delivery.sentence_syllables import SentenceSyllables

HIGH_PERCENTILE = 98
"""Of the contour: what has to be below the highest F0 of the voice."""


@dataclass(frozen=True, slots=True)
class VoiceRange:
    """What of a voice the targets depend on."""

    f0: float
    """Hz: the middle of its speech."""
    highest_f0: float
    """Hz: of a harmonic source, whose highest harmonic must stay below half the rate."""
    frames_per_second: float


def prosody_targets(
    syllables: SentenceSyllables,
    recorded: Sequence[RecordedSyllable | None],
    voice: VoiceRange,
    final_pause: float | None,
) -> ProsodyTargets:
    """The targets of a sentence; a syllable that was not recorded keeps what is predicted.

    `final_pause` is the silence at its end in seconds, None: as predicted.
    """
    count = len(syllables.breaks)
    seconds, pauses, levels = np.full(count, np.nan), np.zeros(count), np.full(count, np.nan)
    semitones = np.full((count, CONTOUR_POINTS), np.nan)
    before: RecordedSyllable | None = None
    for number, (part, syllable) in enumerate(zip(syllables.units, recorded, strict=True)):
        between = syllables.break_before(number)
        if syllable:
            units = slice(part.start, part.stop)
            seconds[units], semitones[units], levels[units] = syllable.durations, syllable.semitones, syllable.levels
        if syllable and before:
            if between is None:
                pauses[part.start] = syllable.pause
            else:
                seconds[between : part.start] = 0.0
                seconds[between] = syllable.pause
        before = syllable
    final = syllables.units[-1].stop
    if final_pause is not None and final < count:
        seconds[final:] = 0.0
        seconds[-1] = final_pause
    frames, silence = _whole_frames(seconds * voice.frames_per_second, pauses * voice.frames_per_second)
    hertz = _in_range(semitones, voice)
    silent = count - 1 if syllables.breaks[-1] else None
    return ProsodyTargets(frames, silence, hertz.mean(axis=1), levels, hertz, silent)


def _whole_frames(durations: Values, pauses: Values) -> tuple[Values, Values]:
    """Rounds so that the units begin where they should: errors do not add up."""
    each = np.nan_to_num(np.column_stack([pauses, durations]).ravel())
    ends = np.floor(np.cumsum(each) + 0.5)
    whole = np.diff(ends, prepend=0.0).reshape(-1, 2)
    return np.where(np.isnan(durations), np.nan, whole[:, 1]), whole[:, 0]


def _in_range(semitones: Values, voice: VoiceRange) -> Values:
    """Hz. The contour is around the middle of the voice, narrower where the voice does not reach as high."""
    if np.isnan(semitones).all():
        return semitones
    top = float(np.nanpercentile(semitones, HIGH_PERCENTILE))
    limit = 12 * np.log2(voice.highest_f0 / voice.f0)
    scale = min(1.0, max(0.0, limit) / top) if top > 0 else 1.0
    hertz: Values = voice.f0 * 2 ** (scale * semitones / 12)
    return hertz
