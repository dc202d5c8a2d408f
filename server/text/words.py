"""What passes between the rooms of the front end: words of syllables, each with its place in the sentence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syllable:
    """One spoken syllable, Mandarin or English."""

    text: str
    """What it reads: a character, two with erhua (点儿), a letter that is spelled, some letters of an English word."""
    pinyin: str
    """With its tone digit and v for ü: `lv4`, `dianr3`; empty for an English syllable."""
    start: int
    """Where `text` begins in the normalised sentence."""
    end: int
    fixed: bool = False
    """Given by the user: its tone is the one that is spoken."""
    phones: tuple[str, ...] = ()
    """English alone: ARPAbet in small letters, `("hh", "ah")`."""
    stressed: bool = False
    """English alone: the primary stress of its word."""


@dataclass(frozen=True, slots=True)
class Word:
    """Up to four characters that are never torn apart, one letter, or an English word of any length."""

    syllables: tuple[Syllable, ...]
    pause: int = 0
    """The break after it: 0 not known yet, 1 a boundary of words, 2 to 4 a pause."""
    joined: bool = False
    """The user wants no break after it."""
    latin: bool = False
    """Written in Latin letters."""
    glued: bool = False
    """Part of the same entry of the dictionary as the word before it: 今天 + 天气."""
    seam: int = 2
    """Three characters fall into two parts here: 1 in 小|老虎, 2 in 展览|馆."""

    @property
    def text(self) -> str:
        return "".join(syllable.text for syllable in self.syllables)


@dataclass(frozen=True, slots=True)
class ProsodicWord:
    """Words that are spoken in one breath, and the break after them."""

    words: tuple[Word, ...]
    level: int
    """1 between prosodic words, 2 between phrases, 3 where a pause is heard, 4 at the end of the sentence."""

    @property
    def syllables(self) -> tuple[Syllable, ...]:
        return tuple(syllable for word in self.words for syllable in word.syllables)

    @property
    def latin(self) -> bool:
        return self.words[0].latin

    @property
    def size(self) -> int:
        return sum(len(word.syllables) for word in self.words)
