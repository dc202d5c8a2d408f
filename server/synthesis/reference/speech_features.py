"""What of the way somebody speaks can be compared between speakers."""

from dataclasses import dataclass
from math import log, log2

from server.references.analysis.recording_analysis import RecordingAnalysis
from server.synthesis.reference.voice_profile import SHORT_PAUSE, EmotionProfile

AVERAGE_F0 = 159.0
"""Hz: expected of a vocal tract of average length."""
TRACT_EXPONENT = -4.3
"""Men have 120 Hz at a scale of 1.06, women 210 Hz at 0.93: F0 varies with this power of the scale."""
AVERAGE_TRACT_TILT = -12.0
"""Decibels an octave for each unit of the scale: a longer tract has its formants lower, and so a steeper spectrum."""
SYLLABLES_PER_SENTENCE = 18
"""As the analysis counts them, which is a few percent more than there are."""
SYLLABLES_WITHOUT_PAUSE = 10
"""So many of them without a pause say something."""

TOLERANCE = {
    "rate": 0.15,
    "pitch_range": 0.20,
    "movement": 1.0,
    "pauses": 0.4,
    "tilt": 1.5,
    "dynamics": 5.0,
    "level": 6.0,
}
"""How far apart two speakers may be in the same emotion: standard deviations, in the units of `SpeechFeatures`."""
FARTHEST = 3.0
"""Standard deviations: a feature that is farther away was measured badly, and counts as this."""


@dataclass(frozen=True, slots=True)
class SpeechFeatures:
    """Figures of speech without the speaker. None: not known."""

    rate: float | None
    """Logarithm of syllables a second."""
    pitch_range: float | None
    """Logarithm of semitones."""
    movement: float | None
    """Logarithm of semitones a second."""
    pauses: float | None
    """Logarithm of their duration, relative to that of a neutral voice."""
    tilt: float | None
    """Decibels an octave, as if the vocal tract were of average length."""
    dynamics: float | None
    """Decibels."""
    level: float | None
    """Semitones from the F0 that is expected of the vocal tract."""

    def distance(self, other: "SpeechFeatures") -> tuple[float, int]:
        """In standard deviations, over the features that both have, and how many these are."""
        squares = [
            min((one - another) / deviation, FARTHEST, key=abs) ** 2
            for name, deviation in TOLERANCE.items()
            if (one := getattr(self, name)) is not None and (another := getattr(other, name)) is not None
        ]
        return sum(squares) ** 0.5, len(squares)


@dataclass(frozen=True, slots=True)
class PauseDurations:
    """The pauses of a voice in a neutral text, seconds."""

    phrase: float
    sentence: float

    @classmethod
    def of(cls, profile: EmotionProfile, sentence_silence: float) -> "PauseDurations":
        """Those of an emotion, with the silence that the configuration adds between sentences."""
        return cls(profile.phrase_pause, profile.sentence_pause + sentence_silence)

    def ratio(self, analysis: RecordingAnalysis) -> float | None:
        """The pauses of a recording relative to these; None where it says nothing about them.

        A recording does not tell its sentences from its clauses: how many pauses are between sentences is a guess from
        the number of its syllables.
        """
        if analysis.syllable_rate is None:
            return None
        syllables = analysis.syllable_rate * analysis.seconds * (1 - analysis.pause_share)
        if not analysis.pause_seconds:
            return min(SHORT_PAUSE / max(self.phrase, 0.01), 1.0) if syllables >= SYLLABLES_WITHOUT_PAUSE else None
        pause = max(analysis.pause_seconds, SHORT_PAUSE)
        count = max(round(analysis.pause_share * analysis.seconds / pause), 1)
        between = min(max(syllables / SYLLABLES_PER_SENTENCE - 1, 0.0), count)
        expected = (between * self.sentence + (count - between) * max(self.phrase, SHORT_PAUSE)) / count
        return pause / expected


def features_of_recording(analysis: RecordingAnalysis, neutral: PauseDurations) -> SpeechFeatures:
    """The features of a recording; `neutral` are the pauses of the voice that it is compared with."""
    ratio = neutral.ratio(analysis)
    return SpeechFeatures(
        rate=_log(analysis.syllable_rate),
        pitch_range=_log(analysis.f0_range),
        movement=_log(analysis.f0_movement),
        pauses=_log(ratio),
        tilt=_tilt(analysis.tilt, analysis.tract_scale),
        dynamics=analysis.dynamics,
        level=expected_level(analysis.f0_median, analysis.tract_scale),
    )


def features_of_voice(profile: EmotionProfile, neutral: EmotionProfile) -> SpeechFeatures:
    """The features of an emotion of a voice, whose own neutral F0 is known."""
    pauses = _log(profile.phrase_pause), _log(neutral.phrase_pause)
    return SpeechFeatures(
        rate=_log(profile.syllable_rate),
        pitch_range=_log(profile.f0_range),
        movement=_log(profile.f0_movement),
        pauses=None if pauses[0] is None or pauses[1] is None else pauses[0] - pauses[1],
        tilt=_tilt(profile.tilt, profile.tract_scale),
        dynamics=profile.dynamics,
        level=_semitones(profile.f0_median, neutral.f0_median),
    )


def expected_level(f0: float | None, tract_scale: float | None) -> float | None:
    """Semitones from the F0 that is expected of a vocal tract."""
    return None if tract_scale is None else _semitones(f0, AVERAGE_F0 * tract_scale**TRACT_EXPONENT)


def _semitones(f0: float | None, reference: float | None) -> float | None:
    return 12 * log2(f0 / reference) if f0 and reference else None


def _tilt(tilt: float | None, tract_scale: float | None) -> float | None:
    return None if tilt is None or tract_scale is None else tilt - AVERAGE_TRACT_TILT * (tract_scale - 1)


def _log(value: float | None) -> float | None:
    return log(value) if value else None
