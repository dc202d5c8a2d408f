"""Who speaks, and how the four emotions change that: as espeak-ng variants, rates and pauses.

The excitation of the vocoder has `HARMONICS` tones; the highest must stay below 8 kHz, so no F0 may exceed 250 Hz.
"""

from dataclasses import dataclass, replace

from training.voice.espeak import Manner

HARMONICS = 32
"""The fundamental and 31 above it."""
PITCH, RANGE = 60, 99
"""espeak-ng's settings for Mandarin. Its default range of 50 squeezes the four tones into 20 Hz."""
ENGLISH_PITCH, ENGLISH_RANGE = 40, 60
"""English has no tones; the same settings would make it sing."""


@dataclass(frozen=True, slots=True)
class Emotion:
    name: str
    low: float
    high: float
    """factors on the lower and upper end of the speaker's F0"""
    rate: int
    """espeak-ng's words per minute"""
    pauses: float
    """factor on the length of breaks"""
    loudness: float
    brightness: int
    """strength of the formants from the third on, percent"""
    smile: int
    """formant frequencies, percent"""
    stress: bool = False
    """whether the first syllable of each word is stressed"""


EMOTIONS = {
    emotion.name: emotion
    for emotion in (
        Emotion("neutral", 1, 1, rate=160, pauses=1, loudness=1, brightness=100, smile=100),
        Emotion("happy", 1.12, 1.20, rate=190, pauses=0.7, loudness=1.1, brightness=115, smile=104),
        Emotion("sad", 0.87, 0.80, rate=132, pauses=1.4, loudness=0.7, brightness=70, smile=98),
        Emotion("angry", 1.02, 1.18, rate=194, pauses=0.35, loudness=1.25, brightness=150, smile=100, stress=True),
    )
}


@dataclass(frozen=True, slots=True)
class Speaker:
    name: str
    low: int
    high: int
    """Hz, roughly where F0 moves when neutral"""
    formants: int
    """frequencies in percent of espeak-ng's own man"""
    traits: str = ""
    """further lines of the variant"""


SPEAKERS = {
    speaker.name: speaker
    for speaker in (
        Speaker("female", 138, 196, formants=112, traits="gender female\nroughness 0\nconsonants 115 115"),
        Speaker("male", 80, 118, formants=100),
    )
}


@dataclass(frozen=True, slots=True)
class Style:
    speaker: Speaker
    emotion: Emotion

    @property
    def variant(self) -> str:
        return f"{self.speaker.name}-{self.emotion.name}"

    @property
    def pitch(self) -> tuple[int, int]:
        """Hz"""
        return round(self.speaker.low * self.emotion.low), round(self.speaker.high * self.emotion.high)

    def variant_file(self) -> str:
        frequency = round(self.speaker.formants * self.emotion.smile / 100)
        lines = [self.speaker.traits, "pitch {} {}".format(*self.pitch)]
        if (frequency, self.emotion.brightness) != (100, 100):
            lines += [f"formant {n} {frequency} {self.emotion.brightness if n >= 3 else 100} 100" for n in range(9)]
        return "\n".join(line for line in lines if line)

    def mandarin(self) -> Manner:
        return Manner(f"cmn-latn-pinyin+{self.variant}", self.emotion.rate, PITCH, RANGE)

    def english(self) -> Manner:
        manner = replace(self.mandarin(), voice=f"en-us+{self.variant}")
        return replace(manner, pitch=ENGLISH_PITCH, range=ENGLISH_RANGE)


STYLES = {style.variant: style for style in (Style(s, e) for s in SPEAKERS.values() for e in EMOTIONS.values())}
