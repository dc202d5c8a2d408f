"""Recordings by espeak-ng: speakers that the embedded voice has never heard, in its four emotions."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from server.audio.resampler import resampled
from server.references.recording import RATE, Recording
from server.synthesis.synthesizer import Synthesizer
from server.text.sentence import Sentence
from server.text.words import ProsodicWord
from server.types import Audio, Floats
from training.voice.corpus.espeak import Espeak
from training.voice.corpus.speakers import EMOTIONS, Speaker, Style

BREAK_SECONDS = {1: 0.0, 2: 0.05, 3: 0.22, 4: 0.28}
"""By level, before the factor of the emotion."""
SENTENCE_SECONDS = 0.28
"""Between two sentences, besides the last break."""
STRESS = "pitch='+8%' rate='-12%'"
"""Of the first syllable of a word, where the emotion has stress."""

TUNING = (
    Speaker("alto", 165, 235, 110, "gender female\nroughness 0"),
    Speaker("bass", 70, 100, 95),
    Speaker("tenor", 100, 150, 102, "roughness 1"),
    Speaker("soprano", 175, 250, 116, "gender female\nbreath 0 2 3 3 3 3"),
)
"""Speakers on which the mapping was tuned."""
HELD_OUT = (
    Speaker("mezzo", 150, 205, 113, "gender female"),
    Speaker("baritone", 88, 132, 103, "roughness 2"),
    Speaker("girl", 190, 262, 119, "gender female\nroughness 0"),
    Speaker("elder", 76, 108, 98, "breath 0 1 2 2 2 2"),
    Speaker("youth", 125, 180, 107),
)
"""Speakers of the figures."""


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A text as espeak-ng is told to speak it."""

    sentences: tuple[tuple[ProsodicWord, ...], ...]

    @classmethod
    def of(cls, text: str, synthesizer: Synthesizer) -> "SpokenText":
        """The words and breaks of the front end. Mandarin only."""
        sentences = (each for each in synthesizer.sentences(text) if isinstance(each, Sentence))
        return cls(tuple(sentence.prosodic_words for sentence in sentences))


class EspeakRecordings:
    """Speaks texts as any of the speakers, in any of the emotions; one object a process."""

    def __init__(self, speakers: Sequence[Speaker]) -> None:
        styles = [Style(speaker, emotion) for speaker in speakers for emotion in EMOTIONS.values()]
        self._styles: Mapping[str, Style] = {style.name: style for style in styles}
        self._espeak = Espeak({name: style.variant_file() for name, style in self._styles.items()})

    def record(self, speaker: str, emotion: str, text: SpokenText) -> Recording:
        """A recording. Raises `SystemExit` if espeak-ng is missing."""
        style = self._styles[f"{speaker}-{emotion}"]
        samples = np.concatenate([self._sentence(words, style) for words in text.sentences])
        audio = Audio((style.emotion.gain * samples).astype(np.float32), RATE)
        return Recording(
            digest=hashlib.sha256(audio.samples.tobytes()).hexdigest(),
            audio=audio,
            format="wav",
            source_rate=RATE,
            channels=1,
            seconds=len(samples) / RATE,
            begin=0.0,
        )

    def _sentence(self, words: Sequence[ProsodicWord], style: Style) -> Floats:
        factor = style.emotion.break_factor
        pieces = []
        for phrase in _phrases(words):
            speech = self._espeak.synthesize(_ssml(phrase, stressed=style.emotion.stress), style.mandarin())
            pieces += [_trimmed(resampled(Audio(speech.samples, speech.sample_rate), RATE).samples)]
            pieces += [np.zeros(round(factor * BREAK_SECONDS[phrase[-1].break_level] * RATE), np.float32)]
        return np.concatenate([*pieces, np.zeros(round(factor * SENTENCE_SECONDS * RATE), np.float32)])


def _phrases(words: Sequence[ProsodicWord]) -> Iterator[list[ProsodicWord]]:
    """What is spoken at once: up to a break of level 2."""
    phrase: list[ProsodicWord] = []
    for word in words:
        phrase.append(word)
        if word.break_level >= 2:
            yield phrase
            phrase = []


def _ssml(words: Sequence[ProsodicWord], *, stressed: bool) -> str:
    parts = []
    for word in words:
        for index, syllable in enumerate(word.syllables):
            pinyin = spelled(syllable.pinyin)
            has_stress = stressed and index == 0 and len(word.syllables) > 1
            parts.append(f"<prosody {STRESS}>{pinyin}</prosody>" if has_stress else pinyin)
    return f"<speak>{' '.join(parts)}</speak>"


def spelled(pinyin: str) -> str:
    """A syllable as espeak-ng reads it, `ju3`, `nü3`; erhua is left out."""
    base, tone = pinyin[:-1], pinyin[-1]
    base = base if base in ("er", "r") else base.removesuffix("r")
    return re.sub("^([jqxy])v", r"\1u", base).replace("v", "ü") + tone


def _trimmed(samples: Floats) -> Floats:
    """Without the silence that espeak-ng adds before and after."""
    loud = np.flatnonzero(np.abs(samples) > 0.005)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples
