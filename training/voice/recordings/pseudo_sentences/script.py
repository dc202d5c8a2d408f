"""The script of pseudo-sentences: which recorded words follow each other, with which breaks, emotion and focus."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.voice.corpus.labels import Unit, break_unit, mandarin_units
from training.voice.corpus.utterance_file import word_text
from training.voice.recordings.pseudo_sentences.erhua import rhotic_syllables, vowel_class, with_erhua
from training.voice.recordings.word import RecordedWord

EMOTION_WEIGHTS = {"neutral": 0.4, "happy": 0.2, "sad": 0.2, "angry": 0.2}
MIN_PROSODIC_WORDS, MAX_PROSODIC_WORDS = 3, 8
MAX_JOINED_SYLLABLES = 4
"""Of a prosodic word that is made of two recorded words."""
JOIN_PROBABILITY, QUESTION_PROBABILITY, FOCUS_PROBABILITY = 0.35, 0.12, 0.25
SUFFIX_PROBABILITY, FUNCTION_WORD_PROBABILITY = 0.35, 0.3
"""Of a prosodic word that ends with a suffix, or begins with a function word."""
ERHUA_PROBABILITY, ENGLISH_PROBABILITY = 0.1, 0.15
"""Of a prosodic word that contains erhua, or is English."""
SUFFIXES = {
    "de5": 10, "le5": 8, "men5": 4, "zhe5": 3, "ge5": 3, "shang5": 2, "li5": 2, "zi5": 2, "ba5": 2, "ne5": 1, "a5": 1,
    "tou5": 1,
}  # fmt: skip
FUNCTION_WORDS = {
    "shi4": 6, "zai4": 6, "ta1": 5, "wo3": 5, "you3": 5, "ni3": 4, "zhe4": 4, "jiu4": 4, "he2": 4, "dou1": 3, "ye3": 3,
    "ge4": 3, "dao4": 3, "shuo1": 3, "yao4": 3, "na4": 3, "guo4": 3, "hen3": 2, "hui4": 2, "neng2": 2, "qu4": 2,
    "lai2": 2, "ba3": 2, "dui4": 2, "hai2": 2, "mei2": 2, "xiang3": 2, "bei4": 1, "gei3": 1, "cong2": 1, "zui4": 1,
}  # fmt: skip
"""Relative frequencies. Texts consist of these syllables to a third, lists of words do not: most are cut out of longer
words."""
PARTICLES = ("的", "吧", "呢", "着", "啊", "了")
"""Not drawn as words."""
QUESTION_PARTICLE = "吗"
UNSUITABLE = ("一", "不")
"""Their tone depends on the next syllable, so they do not end a recorded word inside a sentence."""
PHRASE_WORDS, CLAUSE_PHRASES = (2, 2, 3), (1, 2, 2, 3)
"""Prosodic words of a phrase (#2) and phrases of a clause (#3); one is drawn."""


@dataclass(frozen=True, slots=True)
class ProsodicWord:
    """Recorded words that follow each other without a break, and the break after them. English words are alone."""

    words: tuple[RecordedWord, ...]
    break_level: int

    @property
    def syllables(self) -> tuple[str, ...]:
        """Those of all words."""
        return tuple(syllable for word in self.words for syllable in word.syllables)

    @property
    def units(self) -> list[Unit]:
        """The units of all phones and of the break."""
        if self.words[0].is_english:
            return [*self.words[0].english_units, break_unit(self.break_level)]
        return mandarin_units(self.syllables, self.break_level)


@dataclass(frozen=True, slots=True)
class PseudoSentence:
    """A sequence of recorded words that is spoken as a sentence."""

    name: str
    emotion: str
    prosodic_words: tuple[ProsodicWord, ...]
    focus: int | None
    """Index of the prosodic word in focus."""
    seed: int

    @property
    def is_question(self) -> bool:
        """Whether the sentence ends in 吗."""
        return self.prosodic_words[-1].words[-1].text == QUESTION_PARTICLE

    @property
    def text(self) -> str:
        """Its words, as in the corpus of espeak-ng."""
        return " ".join(word_text(word.syllables, word.break_level) for word in self.prosodic_words)


class Script:
    """Draws sentences from recorded words, some of them with erhua, and from English words."""

    def __init__(self, words: Sequence[RecordedWord], english: Sequence[RecordedWord] = ()) -> None:
        by_text = {word.text: word for word in words}
        self._question = by_text.get(QUESTION_PARTICLE)
        self._words = [word for word in words if not word.text.endswith(UNSUITABLE) and word.text not in PARTICLES]
        self._suffix = _drawer(words, SUFFIXES, only_final=True)
        self._function_word = _drawer(words, FUNCTION_WORDS)
        self._rhotic = rhotic_syllables(words)
        self._english = english

    def sentence(self, number: int) -> PseudoSentence:
        """Returns the sentence of a number; it depends on the words and the number alone."""
        rng = np.random.default_rng([7, number])
        emotion = str(rng.choice(list(EMOTION_WEIGHTS), p=list(EMOTION_WEIGHTS.values())))
        count = int(rng.integers(MIN_PROSODIC_WORDS, MAX_PROSODIC_WORDS + 1))
        levels = _break_levels(rng, count)
        groups: list[tuple[RecordedWord, ...]] = []
        for index in range(count):
            if self._english and rng.random() < ENGLISH_PROBABILITY:
                groups.append((self._english[int(rng.integers(len(self._english)))],))
                continue
            continues = index > 0 and levels[index - 1] <= 2
            groups.append(self._group(rng, groups[-1][-1] if continues else None))
        can_ask = self._question is not None and not groups[-1][-1].is_english
        if can_ask and rng.random() < QUESTION_PROBABILITY:
            groups[-1] = (*groups[-1], self._question)
        focus = int(rng.integers(count)) if rng.random() < FOCUS_PROBABILITY else None
        words = tuple(ProsodicWord(group, level) for group, level in zip(groups, levels, strict=True))
        return PseudoSentence(f"sentence-{number:05}", emotion, words, focus, number)

    def _group(self, rng: np.random.Generator, before: RecordedWord | None) -> tuple[RecordedWord, ...]:
        group: list[RecordedWord] = []
        if self._function_word and rng.random() < FUNCTION_WORD_PROBABILITY:
            group += [one for one in [self._function_word(rng)] if not _both_third(before, one)]
        first = self._word(rng, group[-1] if group else before, MAX_JOINED_SYLLABLES)
        group.append(first)
        free = MAX_JOINED_SYLLABLES - len(first.syllables)
        if free > 0 and rng.random() < JOIN_PROBABILITY:
            group.append(self._word(rng, first, free))
        rhotic = self._rhotic.get(vowel_class(group[-1]) or "")
        if rhotic and rng.random() < ERHUA_PROBABILITY:
            group[-1] = with_erhua(group[-1], rhotic[int(rng.integers(len(rhotic)))])
        if self._suffix and rng.random() < SUFFIX_PROBABILITY:
            group.append(self._suffix(rng))
        return tuple(group)

    def _word(self, rng: np.random.Generator, before: RecordedWord | None, longest: int) -> RecordedWord:
        """Draws a word; a third tone does not follow another one, which would change in fluent speech."""
        while True:
            word = self._words[int(rng.integers(len(self._words)))]
            if len(word.syllables) <= longest and not _both_third(before, word):
                return word


def _both_third(before: RecordedWord | None, word: RecordedWord) -> bool:
    return before is not None and before.last_tone == word.first_tone == "3"


def _drawer(
    words: Sequence[RecordedWord], weights: Mapping[str, float], *, only_final: bool = False
) -> Callable[[np.random.Generator], RecordedWord] | None:
    """Returns what draws a syllable by weight, and one of the words that it is cut out of; None if no word has one."""
    found: defaultdict[str, list[RecordedWord]] = defaultdict(list)
    for word in words:
        for index, syllable in enumerate(word.syllables):
            if syllable in weights and (index == len(word.syllables) - 1 or not only_final):
                found[syllable].append(word.cut(index))
    syllables = sorted(found)
    shares = np.array([weights[syllable] for syllable in syllables])

    def draw(rng: np.random.Generator) -> RecordedWord:
        choices = found[str(rng.choice(syllables, p=shares / shares.sum()))]
        return choices[int(rng.integers(len(choices)))]

    return draw if found else None


def _break_levels(rng: np.random.Generator, count: int) -> list[int]:
    levels = []
    until_phrase, until_clause = rng.choice(PHRASE_WORDS), rng.choice(CLAUSE_PHRASES)
    for _ in range(count):
        until_phrase -= 1
        level = 1
        if until_phrase == 0:
            until_phrase, until_clause, level = rng.choice(PHRASE_WORDS), until_clause - 1, 2
            if until_clause == 0:
                until_clause, level = rng.choice(CLAUSE_PHRASES), 3
        levels.append(level)
    return [*levels[:-1], 4]
