"""What the emotions of a voice sound like: a short text, spoken in each of them and measured as recordings are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from server.audio.resampler import resampled
from server.references.analysis.measurement import analyze
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.recording import RATE, Recording
from server.text.sentence import Pause as TextPause
from server.text.sentence import Sentence, SentenceEnd
from server.types import Audio, Ids, Units

if TYPE_CHECKING:
    from server.voices.voice import Voice

TEXT = "他买了两斤苹果和一条鱼，准备晚上做饭。我们坐船过江，两岸的灯光倒映在水里。"
"""Two sentences of two clauses each, with pauses of both kinds. Their rate, range and tilt are average ones: nasals and
diphthongs make other sentences of the same voice up to a tenth slower."""
SENTENCE_SILENCE = 0.28
"""Seconds between the two, whatever the configuration says."""
SHORT_PAUSE = 0.12
"""Seconds, of a pause that is not measured."""


class PredictedDurations(Protocol):
    """A `ProsodyPrediction`."""

    @property
    def durations(self) -> NDArray[np.int64]:
        """(rows,): frames."""

    @property
    def unit_indices(self) -> Ids:
        """(rows,): the unit that each belongs to."""


class SynthesizedUtterance(Protocol):
    """A `Trace`."""

    @property
    def prosody(self) -> PredictedDurations:
        """Of its units."""

    @property
    def audio(self) -> Audio:
        """The utterance at the voice's rate."""


class MeasurableVoice(Protocol):
    """What the measurement needs of a `Synthesizer`."""

    @property
    def voice(self) -> "Voice":
        """Its speakers and emotions."""

    def sentences(self, script: str, *, speaker: str, emotion: str) -> Iterator[Sentence | TextPause | SentenceEnd]:
        """The sentences of a text. Raises `RequestError` for a voice that does not speak Mandarin."""

    def synthesize(self, units: Units) -> SynthesizedUtterance:
        """One sentence."""


@dataclass(frozen=True, slots=True)
class EmotionProfile:
    """What an emotion of a speaker sounds like; see `RecordingAnalysis` for what is not described here."""

    f0_median: float | None
    f0_range: float | None
    f0_movement: float | None
    syllable_rate: float | None
    dynamics: float | None
    tilt: float | None
    tract_scale: float | None
    phrase_pause: float
    """Seconds, of a pause between two clauses."""
    sentence_pause: float
    """Seconds, of a pause between two sentences, without the silence that the configuration adds."""


@dataclass(frozen=True, slots=True)
class VoiceProfile:
    """The emotions of one speaker."""

    default: str
    """The emotion of a request that names none."""
    emotions: Mapping[str, EmotionProfile]

    @property
    def neutral(self) -> EmotionProfile:
        """The default emotion."""
        return self.emotions[self.default]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"default": self.default, "emotions": {name: asdict(each) for name, each in self.emotions.items()}}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "VoiceProfile":
        """The inverse of `document`. Raises `KeyError`, `TypeError` or `ValueError` for another document."""
        emotions = {name: EmotionProfile(**figures) for name, figures in document["emotions"].items()}
        if document["default"] not in emotions:
            raise ValueError("the default emotion has no figures")
        return cls(document["default"], emotions)


def measure_voice(voice: MeasurableVoice, speaker: str) -> VoiceProfile:
    """Speaks `TEXT` in every trained emotion and measures it, which takes about a second for each.

    Raises `RequestError` for a voice that does not speak Mandarin, `MissingReferencesError` without the library for F0.
    """
    emotions = voice.voice.emotions
    profiles = {emotion: measure_emotion(voice, speaker, emotion) for emotion in emotions}
    return VoiceProfile(voice.voice.emotion(None), profiles)


def measure_emotion(voice: MeasurableVoice, speaker: str, emotion: str) -> EmotionProfile:
    """As `measure_voice`, for one emotion."""
    items = voice.sentences(TEXT, speaker=speaker, emotion=emotion)
    sentences = [each for each in items if isinstance(each, Sentence)]
    spoken = [voice.synthesize(each.units) for each in sentences]
    rate = spoken[0].audio.rate
    measured = _analyze([each.audio for each in spoken])
    pauses = [_pauses(sentence, utterance) for sentence, utterance in zip(sentences, spoken, strict=True)]
    return EmotionProfile(
        f0_median=measured.f0_median,
        f0_range=measured.f0_range,
        f0_movement=measured.f0_movement,
        syllable_rate=measured.syllable_rate,
        dynamics=measured.dynamics,
        tilt=measured.tilt if rate >= RATE else None,
        tract_scale=measured.tract_scale,
        phrase_pause=mean(within for within, _ in pauses),
        sentence_pause=mean(after for _, after in pauses),
    )


def _analyze(sentences: Sequence[Audio]) -> RecordingAnalysis:
    """Of the sentences as one recording."""
    silence = np.zeros(round(SENTENCE_SILENCE * RATE), np.float32)
    pieces = [piece for audio in sentences for piece in (resampled(audio, RATE).samples, silence)][:-1]
    audio = Audio(np.concatenate(pieces), RATE)
    seconds = len(audio.samples) / RATE
    return analyze(Recording("", audio, "wav", sentences[0].rate, channels=1, seconds=seconds, begin=0.0))


def _pauses(sentence: Sentence, utterance: SynthesizedUtterance) -> tuple[float, float]:
    """Seconds: of the longest break within a sentence, and of its end, by the durations of their units.

    Of a voice that reads bytes, whose units do not tell, they are `SHORT_PAUSE`.
    """
    prosody = utterance.prosody
    frame = len(utterance.audio.samples) / utterance.audio.rate / max(int(prosody.durations.sum()), 1)
    last_rows = np.flatnonzero(np.diff(prosody.unit_indices, append=-1))
    seconds = prosody.durations[last_rows] * frame
    breaks = [float(each) for unit, each in zip(sentence.unit_symbols, seconds, strict=True) if unit.is_break]
    return (max(breaks[:-1]), breaks[-1]) if len(breaks) > 1 else (SHORT_PAUSE, SHORT_PAUSE)
