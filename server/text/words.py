"""Syllables, words and prosodic words: the data that the stages of the front end pass on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Syllable:
    """One spoken syllable, Mandarin or English."""

    text: str
    """Its characters: one, two with erhua (点儿), a spelled letter, or some letters of an English word."""
    pinyin: str
    """With its tone digit and v for ü: `lv4`, `dianr3`; empty for an English syllable."""
    start: int
    """Index of the first character of `text` in the normalized sentence."""
    end: int
    explicit: bool = False
    """Whether the user gave the reading. Tone sandhi does not change its tone."""
    phones: tuple[str, ...] = ()
    """English only: ARPAbet in small letters, `("hh", "ah")`."""
    stressed: bool = False
    """English only: whether it carries the primary stress of its word."""


@dataclass(frozen=True, slots=True)
class Word:
    """Up to four Chinese characters that stay together, one letter, or an English word of any length."""

    syllables: tuple[Syllable, ...]
    break_level: int = 0
    """Of the break after it: 0 not decided, 1 a word boundary, 2 to 4 a pause."""
    no_break_after: bool = False
    """Whether the user forbids a break after it."""
    is_latin: bool = False
    """Whether it is written in Latin letters."""
    continues_compound: bool = False
    """Whether it belongs to the same dictionary entry as the word before it: 今天 + 天气."""
    boundary: int = 2
    """Index of the boundary between the two constituents of a word of three characters: 1 in 小|老虎, 2 in 展览|馆."""

    @property
    def text(self) -> str:
        """Its characters."""
        return "".join(syllable.text for syllable in self.syllables)


@dataclass(frozen=True, slots=True)
class ProsodicWord:
    """Words that are spoken without a break, and the level of the break after them."""

    words: tuple[Word, ...]
    break_level: int
    """1 between prosodic words, 2 between phrases, 3 at an audible pause, 4 at the end of the sentence."""

    @property
    def syllables(self) -> tuple[Syllable, ...]:
        """The syllables of all its words."""
        return tuple(syllable for word in self.words for syllable in word.syllables)


def mandarin_pinyin(prosodic_words: Iterable[ProsodicWord]) -> tuple[str, ...]:
    """Returns the pinyin of all Mandarin syllables, in order."""
    return tuple(syllable.pinyin for word in prosodic_words for syllable in word.syllables if syllable.pinyin)


def words_from(prosodic_words: Iterable[ProsodicWord], start: int) -> list[ProsodicWord]:
    """Returns the prosodic words that begin at or after `start`, which becomes the beginning of the sentence."""
    return [
        replace(prosodic_word, words=tuple(_shifted(prosodic_word.words, -start)))
        for prosodic_word in prosodic_words
        if prosodic_word.syllables[0].start >= start
    ]


def _shifted(words: Iterable[Word], offset: int) -> Iterator[Word]:
    for word in words:
        syllables = (replace(each, start=each.start + offset, end=each.end + offset) for each in word.syllables)
        yield replace(word, syllables=tuple(syllables))
