"""Speakers and emotions, and their espeak-ng variants, rates and breaks; the name of the human speaker.

The vocoder's excitation has `HARMONICS` harmonics. The highest must stay below 8 kHz, so F0 must stay below 400 Hz.
"""

from dataclasses import dataclass, replace

from training.voice.corpus.espeak import VoiceSettings

HARMONICS = 20
"""The fundamental and 19 overtones."""
HUMAN_SPEAKER = "natural"
"""The speaker of training.voice.recordings."""
WORD_EMOTION = "calm"
"""The emotion of the human speaker's single words, which were read slowly and with full tones. It is for training and
evaluation only: a voice does not offer it."""
MANDARIN_PITCH, MANDARIN_PITCH_RANGE = 60, 99
"""In espeak-ng's units. Its default range of 50 compresses the four tones into 20 Hz."""
ENGLISH_PITCH, ENGLISH_PITCH_RANGE = 40, 60
"""English has no tones: the range for Mandarin would exaggerate its intonation."""


@dataclass(frozen=True, slots=True)
class Emotion:
    """How an emotion changes a speaker's voice."""

    name: str
    min_f0_factor: float
    max_f0_factor: float
    """Factors on the ends of the speaker's F0 range."""
    rate: int
    """Words per minute, as espeak-ng counts them."""
    break_factor: float
    """Factor on the duration of breaks."""
    gain: float
    """Factor on the amplitude."""
    upper_formant_strength: int
    """Strength of the formants from the third on, percent."""
    formant_shift: int
    """Formant frequencies, percent."""
    stress: bool = False
    """Whether the first syllable of each word is stressed."""


EMOTIONS = {
    emotion.name: emotion
    for emotion in (
        Emotion("neutral", 1, 1, 160, 1, 1, upper_formant_strength=100, formant_shift=100),
        Emotion("happy", 1.12, 1.20, 190, 0.7, 1.1, upper_formant_strength=115, formant_shift=104),
        Emotion("sad", 0.87, 0.80, 132, 1.4, 0.7, upper_formant_strength=70, formant_shift=98),
        Emotion("angry", 1.02, 1.18, 194, 0.35, 1.25, upper_formant_strength=150, formant_shift=100, stress=True),
    )
}


@dataclass(frozen=True, slots=True)
class Speaker:
    """A speaker's neutral voice."""

    name: str
    min_f0: int
    max_f0: int
    """Hz, approximate range when neutral."""
    formant_shift: int
    """Formant frequencies in percent of espeak-ng's default male voice."""
    variant_lines: str = ""
    """Further lines of the variant file."""


SPEAKERS = {
    speaker.name: speaker
    for speaker in (
        Speaker("female", 138, 196, formant_shift=112, variant_lines="gender female\nroughness 0\nconsonants 115 115"),
        Speaker("male", 80, 118, formant_shift=100),
    )
}


@dataclass(frozen=True, slots=True)
class Style:
    """A speaker with an emotion."""

    speaker: Speaker
    emotion: Emotion

    @property
    def name(self) -> str:
        """Speaker-emotion, which is also the name of the espeak-ng variant."""
        return f"{self.speaker.name}-{self.emotion.name}"

    @property
    def f0_range(self) -> tuple[int, int]:
        """Minimum and maximum, Hz."""
        minimum = round(self.speaker.min_f0 * self.emotion.min_f0_factor)
        return minimum, round(self.speaker.max_f0 * self.emotion.max_f0_factor)

    def variant_file(self) -> str:
        """Returns the content of the espeak-ng variant file."""
        frequency = round(self.speaker.formant_shift * self.emotion.formant_shift / 100)
        strength = self.emotion.upper_formant_strength
        lines = [self.speaker.variant_lines, "pitch {} {}".format(*self.f0_range)]
        if (frequency, strength) != (100, 100):
            lines += [f"formant {n} {frequency} {strength if n >= 3 else 100} 100" for n in range(9)]
        return "\n".join(line for line in lines if line)

    def mandarin(self) -> VoiceSettings:
        """Returns espeak-ng's settings for Mandarin in this style."""
        return VoiceSettings(f"cmn-latn-pinyin+{self.name}", self.emotion.rate, MANDARIN_PITCH, MANDARIN_PITCH_RANGE)

    def english(self) -> VoiceSettings:
        """Returns espeak-ng's settings for English in this style."""
        settings = replace(self.mandarin(), voice=f"en-us+{self.name}")
        return replace(settings, pitch=ENGLISH_PITCH, pitch_range=ENGLISH_PITCH_RANGE)


STYLES = {style.name: style for style in (Style(s, e) for s in SPEAKERS.values() for e in EMOTIONS.values())}
