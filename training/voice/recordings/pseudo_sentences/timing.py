"""Durations of a pseudo-sentence: those of the recorded words, shortened from citation speed to that of read speech."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.voice.analysis.features import FRAME_RATE, HOP_LENGTH
from training.voice.corpus.labels import GLOTTAL_ONSETS
from training.voice.recordings.alignment import is_initial
from training.voice.recordings.pseudo_sentences.erhua import recorded_phone
from training.voice.recordings.pseudo_sentences.script import PseudoSentence
from training.voice.recordings.style import HumanEmotion
from training.voice.recordings.word import FRAME_SAMPLES, FRAME_SECONDS, RecordedWord

SYLLABLES_PER_SECOND = 4.3
"""Of neutral speech, pauses left out."""
RATE_DEVIATION = 0.04
PAUSE_SECONDS = {1: (0.0, 0.0), 2: (0.0, 0.06), 3: (0.26, 0.42), 4: (0.3, 0.45)}
"""Shortest and longest, by break level."""
LEADING_SECONDS = 0.05
"""Silence that belongs to the first phone."""
INITIAL_SHARE, FINAL_SHARE = 0.85, 0.6
"""Of the recorded duration, before the scaling to the rate: finals are shortened more."""
INDIVIDUALITY = 0.6
"""Exponent on the duration of this recording relative to the mean of its phone."""
LENGTHENING = {1: 1.0, 2: 1.12, 3: 1.3, 4: 1.3}
"""Of the final before a break, by level."""
NEUTRAL_TONE_FACTOR, FOCUS_FACTOR = 0.72, 1.12
MIN_INITIAL_SECONDS, MIN_FINAL_SECONDS = 0.03, 0.06


@dataclass(frozen=True, slots=True)
class PhoneSpan:
    """One phone of a pseudo-sentence, and where it comes from."""

    word: RecordedWord
    index: int
    """In the word's phones."""
    start: int
    end: int
    """In frames of 12.5 ms."""
    prosodic_word: int
    follows_pause: bool

    @property
    def joins_words(self) -> bool:
        """Whether another recorded word comes directly before."""
        return self.index == 0 and not self.follows_pause


@dataclass(frozen=True, slots=True)
class Timing:
    """All phones, and the pauses between them."""

    spans: tuple[PhoneSpan, ...]
    break_frames: tuple[int, ...]
    """Frames of the pause after each prosodic word."""
    length: int
    """Frames."""

    @property
    def length_5_ms(self) -> int:
        """Frames of 5 ms."""
        return math.ceil(self.length * HOP_LENGTH / FRAME_SAMPLES)


def frame_5_ms(frame: int) -> int:
    """Returns the frame of 5 ms that is nearest to the start of a frame of 12.5 ms."""
    return round(frame * HOP_LENGTH / FRAME_SAMPLES)


class DurationModel:
    """Mean durations of phones, by their position in the recorded word."""

    def __init__(self, words: Sequence[RecordedWord]) -> None:
        logs: dict[tuple[str, str], list[float]] = {}
        for word in words:
            for index, phone in enumerate(word.phones):
                seconds = max(1, word.bounds[index + 1] - word.bounds[index]) * FRAME_SECONDS
                for position in (_position(word, index), "any"):
                    logs.setdefault((phone, position), []).append(np.log(seconds))
        self._means: Mapping[tuple[str, str], float] = {key: float(np.exp(np.mean(each))) for key, each in logs.items()}

    def timing(self, sentence: PseudoSentence, emotion: HumanEmotion) -> Timing:
        """Returns the timing of a sentence."""
        rng = np.random.default_rng([11, sentence.seed])
        phones = list(_phones(sentence))
        seconds = np.array([self._seconds(sentence, *phone) for phone in phones])
        mandarin = np.array([not word.is_english for _, word, _ in phones])
        rate = emotion.rate * rng.normal(1, RATE_DEVIATION)
        factor = mandarin.sum() / 2 / SYLLABLES_PER_SECOND / max(seconds[mandarin].sum(), MIN_FINAL_SECONDS)
        scaled = seconds * np.where(mandarin, factor, 1.0) / rate
        pauses = [rng.uniform(*PAUSE_SECONDS[word.break_level]) * emotion.pause for word in sentence.prosodic_words]
        spans: list[PhoneSpan] = []
        break_frames: list[int] = []
        time, frame, paused = 0.0, 0, True
        for number, (owner, word, index) in enumerate(phones):
            time += scaled[number] + (LEADING_SECONDS if number == 0 else 0)
            end = max(frame, round(time * FRAME_RATE))
            spans.append(PhoneSpan(word, index, frame, end, owner, paused and index == 0))
            frame, paused = end, False
            if number + 1 == len(phones) or phones[number + 1][0] != owner:
                time += pauses[owner]
                break_frames.append(round(time * FRAME_RATE) - frame)
                frame += break_frames[-1]
                paused = break_frames[-1] > 0
        return Timing(tuple(spans), tuple(break_frames), frame)

    def _seconds(self, sentence: PseudoSentence, owner: int, word: RecordedWord, index: int) -> float:
        phone = recorded_phone(word, index)
        if phone in GLOTTAL_ONSETS:
            return 0.0
        recorded = max(1, word.bounds[index + 1] - word.bounds[index]) * FRAME_SECONDS
        if word.is_english:
            return float(recorded)
        mean = self._means[phone, "any"]
        individual = (recorded / self._means.get((phone, _position(word, index)), mean)) ** INDIVIDUALITY
        seconds = mean * individual * (INITIAL_SHARE if is_initial(phone) else FINAL_SHARE)
        group = sentence.prosodic_words[owner]
        if not is_initial(phone) and word is group.words[-1] and index == len(word.phones) - 1:
            seconds *= LENGTHENING[group.break_level]
        if word.tone(index) == "5":
            seconds *= NEUTRAL_TONE_FACTOR
        if owner == sentence.focus:
            seconds *= FOCUS_FACTOR
        return max(seconds, MIN_INITIAL_SECONDS if is_initial(phone) else MIN_FINAL_SECONDS)


def _phones(sentence: PseudoSentence) -> Iterator[tuple[int, RecordedWord, int]]:
    """Yields prosodic word, recorded word and index of every phone."""
    for owner, group in enumerate(sentence.prosodic_words):
        for word in group.words:
            yield from ((owner, word, index) for index in range(len(word.phones)))


def _position(word: RecordedWord, index: int) -> str:
    return "first" if index == 0 else "last" if index == len(word.phones) - 1 else "inner"
