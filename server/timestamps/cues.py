"""Subtitle cues: a sentence each, or parts of a long one, divided where it has a break."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from server.types import SentenceTiming, SpeechTiming

MAX_CUE_WIDTH = 40
"""Of a cue, in columns: a Chinese character has two, a Latin letter one."""
MAX_CUE_SECONDS = 7.0
_PAUSE_SECONDS = 0.08
"""Silence between two words from which it is a break."""
_OPENING = ("Ps", "Pi")
"""Categories of opening brackets and quotes."""
_MIDDLE = (0.25, 0.75)
"""The part of a sentence where it is divided at the strongest break."""


@dataclass(frozen=True, slots=True)
class CueWord:
    """A word with the punctuation that belongs to it."""

    text: str
    begin: int
    """Milliseconds."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A line of text that is shown from `begin` to `end`."""

    begin: int
    """Milliseconds."""
    end: int
    """Later than `begin`."""
    words: tuple[CueWord, ...]

    @property
    def text(self) -> str:
        """What is shown: one line."""
        return "".join(word.text for word in self.words)


def cues(timing: SpeechTiming) -> Iterator[Cue]:
    """Yields the cues of a text in order; none for words without a written form."""
    for sentence in timing.sentences:
        texts = list(_word_texts(sentence))
        for first, end in _divide(sentence, texts, 0, len(texts)):
            words = sentence.words[first:end]
            shown = _one_line(texts[first:end])
            if any(map(str.strip, shown)):
                begin, after = _milliseconds(words[0].begin, sentence), _milliseconds(words[-1].end, sentence)
                parts = zip(shown, words, strict=True)
                yield Cue(
                    begin,
                    max(after, begin + 1),
                    tuple(CueWord(text, _milliseconds(word.begin, sentence)) for text, word in parts),
                )


def _word_texts(sentence: SentenceTiming) -> Iterator[str]:
    """Yields the text from each word, or its opening quotes, to the next; together they are that of the sentence."""
    borders = [0]
    for before, word in pairwise(sentence.words):
        border = word.offset
        while border > before.offset + len(before.text) and unicodedata.category(sentence.text[border - 1]) in _OPENING:
            border -= 1
        borders.append(border)
    yield from (sentence.text[start:end] for start, end in pairwise([*borders, len(sentence.text)]))


def _divide(sentence: SentenceTiming, texts: Sequence[str], first: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields the parts of the words from `first` to `end` that are short enough: (first, end)."""
    duration = sentence.words[end - 1].end - sentence.words[first].begin
    width = sum(map(_width, texts[first:end]))
    if end - first == 1 or (width <= MAX_CUE_WIDTH and duration <= MAX_CUE_SECONDS * sentence.rate):
        yield first, end
        return
    position, borders = 0, []
    for index in range(first + 1, end):
        position += _width(texts[index - 1])
        share = position / max(width, 1)
        strength = _break_strength(sentence, index) if _MIDDLE[0] <= share <= _MIDDLE[1] else -1
        borders.append((strength, -abs(share - 0.5), index))
    _, _, border = max(borders)
    yield from _divide(sentence, texts, first, border)
    yield from _divide(sentence, texts, border, end)


def _break_strength(sentence: SentenceTiming, index: int) -> int:
    """The break before a word: 2 at punctuation, 1 at a pause, 0 without either."""
    before, word = sentence.words[index - 1 : index + 1]
    between = sentence.text[before.offset + len(before.text) : word.offset]
    if between.strip():
        return 2
    return int(word.begin - before.end >= _PAUSE_SECONDS * sentence.rate)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _one_line(texts: Sequence[str]) -> list[str]:
    """The texts of one cue without line breaks, control characters, and white space around them."""
    spaced = ["".join(" " if char.isspace() else char for char in text) for text in texts]
    shown = ["".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs")) for text in spaced]
    shown[0] = shown[0].lstrip()
    shown[-1] = shown[-1].rstrip()
    return shown


def _milliseconds(samples: int, sentence: SentenceTiming) -> int:
    return round(1000 * samples / sentence.rate)
