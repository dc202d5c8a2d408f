"""Generates the recording script: random sentences of real words and rare syllables, with breaks, erhua and English.

Tones are surface tones, as the server's front end writes them: within a clause no third tone precedes another.
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
from training.voice.corpus.erhua import FINALS, INITIALS
from training.voice.corpus.speakers import Style

CJK_IDEOGRAPHS = range(0x4E00, 0x9FA6)
PARTICLES = ("de5", "le5", "zhe5", "guo5", "men5", "zi5", "tou5", "li5", "shang5", "ba5", "ne5", "ma5", "a5")
LENGTH_WEIGHTS = {3: 2, 5: 4, 8: 5, 11: 5, 14: 4, 20: 2, 28: 1}
"""Minimum syllables of a sentence -> weight in the random choice."""
DICTIONARY_STRIDE = 4
"""Every fourth word of the English dictionary is a candidate."""
MIN_WORDS_PER_POSITION = 10
"""A phone's position (first, last, inside) that fewer words have is not balanced."""


@dataclass(frozen=True, slots=True)
class Word:
    """A prosodic word and the break after it."""

    syllables: tuple[str, ...]
    """Pinyin with tone (`hao3`); or one English word."""
    break_level: int
    """1 to 4"""
    english: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """One utterance of the script."""

    name: str
    style: Style
    words: tuple[Word, ...]
    held_out: bool

    @property
    def is_question(self) -> bool:
        """Whether the sentence ends in 吗."""
        return self.words[-1].syllables[-1] == "ma5"


def random_sentence(name: str, style: Style, held_out: bool, seed: int) -> Sentence:
    """Returns a sentence whose words depend on the seed alone."""
    rng = random.Random(seed)
    (length,) = rng.choices(list(LENGTH_WEIGHTS), list(LENGTH_WEIGHTS.values()))
    kind = rng.random()
    words: list[Word] = []
    while sum(len(word.syllables) for word in words) < length:
        if kind < 0.12 or (kind < 0.55 and rng.random() < 0.4):
            words.append(Word((_english_word(rng),), 1, english=True))
        else:
            words.append(Word(_mandarin_word(rng), 1))
    if not words[-1].english and rng.random() < 0.12:
        words[-1] = replace(words[-1], syllables=(*words[-1].syllables, "ma5"))
    return Sentence(name, style, tuple(_with_surface_tones(_with_breaks(rng, words))), held_out)


def _mandarin_word(rng: random.Random) -> tuple[str, ...]:
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(_phrases())
    if kind < 0.6:
        return (*_random_syllables(rng, 1), _erhua_syllable(rng)) if rng.random() < 0.5 else (_erhua_syllable(rng),)
    word = _random_syllables(rng, rng.choices((1, 2, 3), (2, 5, 2))[0])
    return (*word, rng.choice(PARTICLES[:-2])) if rng.random() < 0.25 else word


def _random_syllables(rng: random.Random, count: int) -> tuple[str, ...]:
    """Draws from all syllables with tones uniformly, so that rare ones occur as often as frequent ones."""
    return tuple(rng.choices(_sorted_syllables(), k=count))


def _erhua_syllable(rng: random.Random) -> str:
    return f"{rng.choice(_erhua_bases())}r{rng.choice('1234')}"


def _with_breaks(rng: random.Random, words: list[Word]) -> list[Word]:
    """A phrase (#2) has 2 or 3 words, a clause (#3) 1 to 3 phrases; the last break is #4."""
    result = []
    until_phrase, until_clause = rng.choice((2, 2, 3)), rng.choice((1, 2, 2, 3))
    for word in words:
        until_phrase -= 1
        level = 1
        if until_phrase == 0:
            until_phrase, until_clause, level = rng.choice((2, 2, 3)), until_clause - 1, 2
            if until_clause == 0:
                until_clause, level = rng.choice((1, 2, 2, 3)), 3
        result.append(replace(word, break_level=level))
    return [*result[:-1], replace(result[-1], break_level=4)]


def _with_surface_tones(words: list[Word]) -> list[Word]:
    """Third-tone sandhi: a third tone before a third tone becomes a second tone, up to the next break of level 2."""
    result: list[Word] = []
    following = ""
    for word in reversed(words):
        if word.break_level >= 2 or word.english:
            following = ""
        syllables = []
        for syllable in () if word.english else reversed(word.syllables):
            base, tone = split_tone(syllable)
            syllables.append(base + ("2" if (tone, following) == ("3", "3") else tone))
            following = tone
        result.append(word if word.english else replace(word, syllables=tuple(reversed(syllables))))
    return result[::-1]


@cache
def _phrases() -> list[tuple[str, ...]]:
    phrases = []
    for characters, readings in PHRASES_DICT.items():
        if 2 <= len(characters) <= 4 and len(readings) == len(characters):
            syllables = tuple(_numbered_pinyin(reading[0]) for reading in readings)
            if all(syllable in _syllables() for syllable in syllables):
                phrases.append(syllables)
    return phrases


@cache
def _syllables() -> frozenset[str]:
    """Syllables with tones that are readings of characters and that KAN-TTS has phones for."""
    syllables = set()
    for code, readings in PINYIN_DICT.items():
        if code in CJK_IDEOGRAPHS:
            syllables |= {_numbered_pinyin(reading) for reading in readings.split(",")}
    return frozenset(s for s in syllables | set(PARTICLES) if s[-1] in "12345" and _has_phones(split_tone(s)[0]))


@cache
def _sorted_syllables() -> list[str]:
    return sorted(_syllables())


@cache
def _erhua_bases() -> list[str]:
    """Syllables without tone that have erhua phones, repeated so that every final is equally frequent."""
    bases = sorted({split_tone(syllable)[0] for syllable in _syllables()} - {"er"})
    by_final: dict[str, list[str]] = {}
    for base in bases:
        by_final.setdefault(to_phones(base, "PinYin")[1], []).append(base)
    longest = max(map(len, by_final.values()))
    return [base for bases in by_final.values() for base in itertools.islice(itertools.cycle(bases), longest)]


def _english_word(rng: random.Random) -> str:
    """Draws a frequent word (50 %), a word from the balanced lists (38 %), or 1 to 3 letters (12 %)."""
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(frequent_english_words())
    if kind < 0.88:
        return rng.choice(rng.choice(_words_by_phone_position()))
    return "".join(rng.choices(string.ascii_uppercase, k=rng.choice((1, 2, 3, 3))))


@cache
def frequent_english_words() -> list[str]:
    """Returns the English words that are frequent inside Chinese text."""
    return (files("training.voice.corpus") / "frequent_english_words.txt").read_text("utf-8").split()


@cache
def _words_by_phone_position() -> list[list[str]]:
    """One list for each phone and position in the word (first, last, inside)."""
    by_position: dict[tuple[str, int], list[str]] = {}
    words = [word for word in dictionary.words() if 3 <= len(word) <= 9 and word.isalpha()]
    for word in words[::DICTIONARY_STRIDE]:
        phones = [phone.rstrip("1") for phone in dictionary.look_up(word) or ()]
        last = len(phones) - 1
        for key in {(phone, (index > 0) + (index == last)) for index, phone in enumerate(phones)}:
            by_position.setdefault(key, []).append(word)
    return [words for _, words in sorted(by_position.items()) if len(words) >= MIN_WORDS_PER_POSITION]


def _numbered_pinyin(reading: str) -> str:
    """`hǎo` -> `hao3`; v for ü, 5 for the neutral tone."""
    return to_tone3(reading, neutral_tone_with_five=True, v_to_u=False).replace("ü", "v")


def _has_phones(base: str) -> bool:
    if base == "er":
        return True
    initial, final = to_phones(base, "PinYin")
    known = initial.removesuffix("_c") in INITIALS or initial in ("ga", "ge", "go")
    return known and final.removesuffix("_c") in FINALS
