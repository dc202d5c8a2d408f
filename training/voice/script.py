"""What the voices say: random sentences of real words and rare syllables, with breaks, erhua and English.

Tones are surface tones, as the server's front end writes them: within a clause no third tone stands before another.
"""

import itertools
import random
import string
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_tone3

from server.text.english import dictionary
from server.text.units.syllables import split_tone, to_phones
from training.voice.erhua import FINALS, INITIALS
from training.voice.speakers import Style

COMMON = range(0x4E00, 0x9FA6)
PARTICLES = ("de5", "le5", "zhe5", "guo5", "men5", "zi5", "tou5", "li5", "shang5", "ba5", "ne5", "ma5", "a5")
LENGTHS = {3: 2, 5: 4, 8: 5, 11: 5, 14: 4, 20: 2, 28: 1}
"""Syllables of a sentence -> how often."""
RARE_WORDS_TAKEN, FEWEST_WORDS = 4, 10
"""Every fourth word of the dictionary; a place of a phone that fewer words than ten have is not asked for."""


@dataclass(frozen=True, slots=True)
class Word:
    """A prosodic word and the break behind it."""

    syllables: tuple[str, ...]
    """`hao3`; or English words"""
    level: int
    english: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    style: Style
    words: tuple[Word, ...]
    held_out: bool

    @property
    def question(self) -> bool:
        return self.words[-1].syllables[-1] == "ma5"


def write_line(name: str, style: Style, held_out: bool, seed: int) -> Line:
    """The line depends on its seed alone."""
    dice = random.Random(seed)
    (length,) = dice.choices(list(LENGTHS), list(LENGTHS.values()))
    kind = dice.random()
    words: list[Word] = []
    while sum(len(word.syllables) for word in words) < length:
        if kind < 0.12 or (kind < 0.55 and dice.random() < 0.4):
            words.append(Word((_english(dice),), 1, english=True))
        else:
            words.append(Word(_mandarin(dice), 1))
    if not words[-1].english and dice.random() < 0.12:
        words[-1] = replace(words[-1], syllables=(*words[-1].syllables, "ma5"))
    return Line(name, style, tuple(_with_surface_tones(_with_breaks(dice, words))), held_out)


def _mandarin(dice: random.Random) -> tuple[str, ...]:
    kind = dice.random()
    if kind < 0.5:
        return dice.choice(_phrases())
    if kind < 0.6:
        return (*_rare(dice, 1), _erhua_syllable(dice)) if dice.random() < 0.5 else (_erhua_syllable(dice),)
    word = _rare(dice, dice.choices((1, 2, 3), (2, 5, 2))[0])
    return (*word, dice.choice(PARTICLES[:-2])) if dice.random() < 0.25 else word


def _rare(dice: random.Random, count: int) -> tuple[str, ...]:
    """Every syllable in every tone is as likely as any other."""
    return tuple(dice.choices(_inventory(), k=count))


def _erhua_syllable(dice: random.Random) -> str:
    return f"{dice.choice(_erhua())}r{dice.choice('1234')}"


def _with_breaks(dice: random.Random, words: list[Word]) -> list[Word]:
    """A phrase has 2 or 3 words, two or three phrases make a clause; the last break is #4."""
    found = []
    until_phrase, until_clause = dice.choice((2, 2, 3)), dice.choice((1, 2, 2, 3))
    for word in words:
        until_phrase -= 1
        level = 1
        if until_phrase == 0:
            until_phrase, until_clause, level = dice.choice((2, 2, 3)), until_clause - 1, 2
            if until_clause == 0:
                until_clause, level = dice.choice((1, 2, 2, 3)), 3
        found.append(replace(word, level=level))
    return [*found[:-1], replace(found[-1], level=4)]


def _with_surface_tones(words: list[Word]) -> list[Word]:
    """A third tone before a third tone is a second tone, up to the next break of level 2."""
    found: list[Word] = []
    follows = ""
    for word in reversed(words):
        if word.level >= 2 or word.english:
            follows = ""
        syllables = []
        for syllable in () if word.english else reversed(word.syllables):
            base, tone = split_tone(syllable)
            syllables.append(base + ("2" if (tone, follows) == ("3", "3") else tone))
            follows = tone
        found.append(word if word.english else replace(word, syllables=tuple(reversed(syllables))))
    return found[::-1]


@cache
def _phrases() -> list[tuple[str, ...]]:
    phrases = []
    for characters, readings in PHRASES_DICT.items():
        if 2 <= len(characters) <= 4 and len(readings) == len(characters):
            syllables = tuple(_plain(reading[0]) for reading in readings)
            if all(syllable in _spoken() for syllable in syllables):
                phrases.append(syllables)
    return phrases


@cache
def _spoken() -> frozenset[str]:
    """Syllables with tones that characters have and KAN-TTS has phones for."""
    found = set()
    for code, readings in PINYIN_DICT.items():
        if code in COMMON:
            found |= {_plain(reading) for reading in readings.split(",")}
    return frozenset(s for s in found | set(PARTICLES) if s[-1] in "12345" and _has_phones(split_tone(s)[0]))


@cache
def _inventory() -> list[str]:
    return sorted(_spoken())


@cache
def _erhua() -> list[str]:
    """Syllables without tone whose erhua form has phones of its own; each final is as frequent as it has initials."""
    bases = sorted({split_tone(syllable)[0] for syllable in _spoken()} - {"er"})
    by_final: dict[str, list[str]] = {}
    for base in bases:
        by_final.setdefault(to_phones(base, "PinYin")[1], []).append(base)
    longest = max(map(len, by_final.values()))
    return [base for bases in by_final.values() for base in itertools.islice(itertools.cycle(bases), longest)]


def _english(dice: random.Random) -> str:
    """Frequent words, as they are; words for phones that are rare in them; letters."""
    kind = dice.random()
    if kind < 0.5:
        return dice.choice(frequent_english())
    if kind < 0.88:
        return dice.choice(dice.choice(_words_by_phone()))
    return "".join(dice.choices(string.ascii_uppercase, k=dice.choice((1, 2, 3, 3))))


@cache
def frequent_english() -> list[str]:
    """What people mix into Chinese."""
    return (files("training.voice") / "english.txt").read_text("utf-8").split()


@cache
def _words_by_phone() -> list[list[str]]:
    """For each phone the words that begin with it, that end with it, and that have it elsewhere."""
    found: dict[tuple[str, int], list[str]] = {}
    words = [word for word in dictionary.words() if 3 <= len(word) <= 9 and word.isalpha()]
    for word in words[::RARE_WORDS_TAKEN]:
        phones = [phone.rstrip("1") for phone in dictionary.look_up(word) or ()]
        last = len(phones) - 1
        for key in {(phone, (place > 0) + (place == last)) for place, phone in enumerate(phones)}:
            found.setdefault(key, []).append(word)
    return [words for _, words in sorted(found.items()) if len(words) >= FEWEST_WORDS]


def _plain(reading: str) -> str:
    return to_tone3(reading, neutral_tone_with_five=True, v_to_u=False).replace("ü", "v")


def _has_phones(base: str) -> bool:
    if base == "er":
        return True
    initial, final = to_phones(base, "PinYin")
    known = initial.removesuffix("_c") in INITIALS or initial in ("ga", "ge", "go")
    return known and final.removesuffix("_c") in FINALS
