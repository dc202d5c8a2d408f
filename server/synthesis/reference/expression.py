"""How a recording is spoken -> an emotion of a voice, and the style that is missing to it.

docs/reference-emotion.md describes the mapping for users.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp
from typing import Protocol

from server.references.analysis.recording_analysis import RecordingAnalysis
from server.synthesis.reference.speech_features import (
    PauseDurations,
    SpeechFeatures,
    expected_level,
    features_of_recording,
    features_of_voice,
)
from server.synthesis.reference.voice_profile import EmotionProfile, MeasurableVoice, VoiceProfile
from server.synthesis.reference.voice_profiles import VoiceProfiles
from server.types import Style

STYLE_RANGE = {
    "speed": (0.6, 1.6),
    "pitch": (-1.5, 1.5),
    "energy": (-2.0, 2.0),
    "pitch_range": (0.4, 1.8),
    "pauses": (0.4, 2.5),
}
"""Within `STYLE_LIMITS`: beyond, syllables are swallowed or drawl, the voice sounds like another one, the tones vanish
or leap, and pauses are no longer heard, or are heard as an end."""
PITCH_CERTAINTY = 0.2
"""The share of a difference in F0 that is taken for emotion. The rest is the speaker: the vocal tract tells little."""
ENERGY_FOR_TILT = 0.5
"""Decibels of energy for a spectrum that is flatter by 1 dB an octave: microphones differ in that as well."""
RELIABLE_SECONDS = 3.0
"""Of speech; what a shorter recording shows is followed in proportion."""
TEMPERATURE = 4.0
"""Of the confidence. With independent features it would be 2, but they are not independent."""
FEWEST_FEATURES = 3
"""For the choice of an emotion."""


class VoiceToMeasure(MeasurableVoice, Protocol):
    """What is needed of a `Synthesizer`."""

    profiles: VoiceProfiles
    sentence_silence: float
    """Seconds"""


@dataclass(frozen=True, slots=True)
class Expression:
    """What a voice takes over from a recording: plain settings."""

    emotion: str
    """One of the voice's emotions."""
    confidence: float
    """Of the choice among them, 0 to 1; 1 for an emotion that was given."""
    style: Style
    """Two decimals, so that the settings can be written down."""
    distances: Mapping[str, float]
    """Emotion of the voice -> how far it is from the recording, in standard deviations; empty at strength 0."""
    words: tuple[str, ...]
    """What was applied: `happy`, `12% faster`, `shorter pauses (x 0.7)`."""


def express(
    analysis: RecordingAnalysis,
    synthesizer: VoiceToMeasure,
    speaker: str,
    strength: float,
    emotion: str | None = None,
) -> Expression:
    """Chooses the voice's emotion that is nearest to a recording; what remains becomes style.

    `strength` is 0, which changes nothing, to 1; every setting moves with it in one direction. A given `emotion` is
    kept. The first call for a voice and a speaker takes seconds: the voice is measured.

    Raises what `VoiceProfiles.profile` raises, and `UnknownNameError` for an unknown speaker or emotion.
    """
    voice = synthesizer.voice
    speaker, given = voice.speaker(speaker), voice.emotion(emotion)
    if not strength:
        return Expression(given, 1.0 if emotion else 0.0, Style(), {}, ())
    profile = synthesizer.profiles.profile(synthesizer, speaker)
    neutral = profile.neutral
    heard = features_of_recording(analysis, PauseDurations.of(neutral, synthesizer.sentence_silence))
    distances, features = _distances(heard, profile)
    chosen, confidence = given, 1.0
    if emotion is None:
        chosen, confidence = _nearest(distances, given, features)
    missing = _missing(analysis, heard, profile.emotions[chosen], neutral, synthesizer.sentence_silence)
    weight = strength * min(1.0, analysis.seconds / RELIABLE_SECONDS)
    style = Style(**{name: round(_scaled(name, value, weight), 2) for name, value in missing.items()})
    words = tuple(_words(chosen if chosen != profile.default else None, style))
    return Expression(chosen, confidence, style, distances, words)


def _distances(heard: SpeechFeatures, profile: VoiceProfile) -> tuple[dict[str, float], int]:
    """Of each emotion, and the number of features that were compared."""
    found = {name: heard.distance(features_of_voice(each, profile.neutral)) for name, each in profile.emotions.items()}
    return {name: distance for name, (distance, _) in found.items()}, min(count for _, count in found.values())


def _nearest(distances: Mapping[str, float], default: str, features: int) -> tuple[str, float]:
    """The nearest emotion and its confidence; the default one if too little is known."""
    if features < FEWEST_FEATURES:
        return default, 0.0
    nearest = min(distances, key=lambda name: (distances[name], name != default))
    weights = [exp((distances[nearest] ** 2 - distance**2) / TEMPERATURE) for distance in distances.values()]
    return nearest, 1 / sum(weights)


def _missing(
    analysis: RecordingAnalysis,
    heard: SpeechFeatures,
    chosen: EmotionProfile,
    neutral: EmotionProfile,
    sentence_silence: float,
) -> dict[str, float]:
    """The settings that bring an emotion of the voice to the recording, within `STYLE_RANGE`."""
    voice = features_of_voice(chosen, neutral)
    speed = _within("speed", _ratio(heard.rate, voice.rate))
    pauses = PauseDurations.of(chosen, sentence_silence).ratio(analysis)
    level = expected_level(analysis.f0_median, analysis.tract_scale)
    return {
        "speed": speed,
        "pitch": _within("pitch", PITCH_CERTAINTY * _difference(level, voice.level)),
        "energy": _within("energy", ENERGY_FOR_TILT * _difference(heard.tilt, voice.tilt)),
        "pitch_range": _within("pitch_range", _ratio(heard.pitch_range, voice.pitch_range)),
        "pauses": _within("pauses", 1.0 if pauses is None else pauses * speed**0.5),  # some pauses follow the speed
    }


def _ratio(heard: float | None, voice: float | None) -> float:
    return exp(_difference(heard, voice))


def _difference(heard: float | None, voice: float | None) -> float:
    return 0.0 if heard is None or voice is None else heard - voice


def _within(name: str, value: float) -> float:
    low, high = STYLE_RANGE[name]
    return min(max(value, low), high)


def _scaled(name: str, value: float, weight: float) -> float:
    """Part of a setting: factors in proportion to their logarithm."""
    return value * weight if STYLE_RANGE[name][0] < 0 else value**weight


def _words(emotion: str | None, style: Style) -> Iterator[str]:
    if emotion:
        yield emotion
    if style.speed != 1:
        yield f"{abs(style.speed - 1):.0%} {'faster' if style.speed > 1 else 'slower'}"
    if style.pitch:
        yield f"{abs(style.pitch):g} semitones {'higher' if style.pitch > 0 else 'lower'}"
    if style.pitch_range != 1:
        yield f"{'wider' if style.pitch_range > 1 else 'narrower'} range of the pitch (x {style.pitch_range:g})"
    if style.pauses != 1:
        yield f"{'longer' if style.pauses > 1 else 'shorter'} pauses (x {style.pauses:g})"
    if style.energy:
        yield f"{abs(style.energy):g} dB {'more' if style.energy > 0 else 'less'} energy"
