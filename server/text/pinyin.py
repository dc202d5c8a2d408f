"""Spoken Chinese -> words with the pinyin that a dictionary gives them.

Words come from rjieba, except for numerals, which a segmenter tears apart. A word is read by the first that knows it:
the user's lexicon, the rules for `particle`s, the dictionary, and where no phrase of the dictionary has a character of
several readings, the sentence around it (`polyphones`). 一 and 不 keep their citation tones: sandhi is decided later,
in context. Tones are digits, neutral is 5.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from server.text import polyphones
from server.text.entries import NONE, Entries
from server.text.letters import LETTERS
from server.text.lexicon import BINDERS
from server.text.particles import particle
from server.text.readings import doubtful, look_up, read
from server.text.rules.written import HAN

NUMERALS = "零〇一二两三四五六七八九十百千万亿点幺"
_TOKENS = re.compile(rf"(?P<han>[{HAN}]+)|(?P<latin>[A-Za-z]+)|(?P<pause>[，。？！；：、…—（）])|(?P<space> +)")
_DIGIT = "零一二三四五六七八九"
_NUMERAL = rf"(?:[〇两十百万亿幺{_DIGIT}]|千(?![克米瓦赫卡]))"
_DECIMALS = rf"点[{_DIGIT}]+(?![十{_DIGIT}])"
_WHOLE = re.compile(
    rf"(?P<numeral>(?<![{NUMERALS}])[{_DIGIT}]比[{_DIGIT}](?![{NUMERALS}])|{_NUMERAL}{{3,}}(?:{_DECIMALS})?|[十{_DIGIT}]+{_DECIMALS}|[{_DIGIT}]十[{_DIGIT}]?|十[{_DIGIT}])"
    rf"|(?<!一)(?P<verb>[^{NUMERALS}])[一不](?P=verb)"
)
"""What a segmenter tears: numerals and scores, and a verb doubled around 一 or 不 (看一看, but not 一天一天)."""
_PAUSES = {"、": 2, "（": 2, "）": 2} | dict.fromkeys("，；：…—", 3) | dict.fromkeys("。？！", 4)
_READABLE = re.compile(r"[a-z]+[1-5]")


class Syllable(NamedTuple):
    char: str
    """The character; a letter for a spelled one."""
    pinyin: str
    """With its tone digit and v for ü: `lv4`."""


@dataclass(frozen=True, slots=True)
class Word:
    """Up to four characters that are never torn apart, or one letter."""

    syllables: tuple[Syllable, ...]
    pause: int = 0
    """The break after it: 0 not known yet, 1 a boundary of words, 2 to 4 a pause."""
    latin: bool = False
    glued: bool = False
    """Part of the same entry of the dictionary as the word before it: 今天 + 天气."""
    fixed: bool = False
    """Given by the user: its tones are those that are spoken."""
    seam: int = 2
    """Three characters fall into two parts here: 1 in 小|老虎, 2 in 展览|馆."""

    @property
    def text(self) -> str:
        return "".join(syllable.char for syllable in self.syllables)


def read_words(normalized: str, entries: Entries = NONE) -> tuple[list[Word], tuple[str, ...]]:
    """The words of a normalised sentence, and the characters for which no dictionary has a reading.

    `entries` come before every dictionary and every rule.
    """
    words: list[Word] = []
    unread: dict[str, None] = {}
    for match in _TOKENS.finditer(normalized):
        token = match.group()
        if match.lastgroup == "han":
            new = list(_read_run(normalized, match.start(), match.end(), entries, unread))
        elif match.lastgroup == "latin":
            new = [_spell(letter) for letter in token.upper()]
        else:
            if words:
                words[-1] = replace(words[-1], pause=max(words[-1].pause, _PAUSES.get(token, 1)))
            continue
        if words and new and words[-1].latin != new[0].latin:
            words[-1] = replace(words[-1], pause=max(words[-1].pause, 1))
        words += new
    return words, tuple(unread)


def _spell(letter: str) -> Word:
    return Word(tuple(Syllable(letter, name) for name in LETTERS[letter]), latin=True)


def _read_run(sentence: str, start: int, end: int, entries: Entries, unread: dict[str, None]) -> Iterator[Word]:
    """The words of a run of Chinese characters."""
    segments = list(_segment(sentence[start:end], entries))
    starts = list(accumulate((len(segment) for segment, _ in segments), initial=start))
    places = [
        starts[place] + offset
        for place, (segment, kind) in enumerate(segments)
        if kind is _Kind.WORD
        for offset in doubtful(segment)
    ]
    decided = polyphones.decide(sentence, places)
    for place, (segment, kind) in enumerate(segments):
        if kind is _Kind.NUMERAL:
            yield from _cut(segment, [digit for char in segment for digit in look_up(char)], _numeral_pieces(segment))
            continue
        if kind is _Kind.ENTRY:
            parts = _cut(segment, list(entries.readings[segment]), _pieces(segment))
            yield from (replace(part, fixed=True) for part in parts)
            continue
        before = segments[place - 1][0] if place else ""
        after = segments[place + 1][0] if place + 1 < len(segments) else ""
        guesses = {offset: decided[at] for offset in range(len(segment)) if (at := starts[place] + offset) in decided}
        reading = particle(segment, before, after, guesses.get(0))
        readings = [reading] if reading else read(segment, guesses, final=not after)
        known = [pair for pair in zip(segment, readings, strict=True) if _READABLE.fullmatch(pair[1])]
        unread |= dict.fromkeys(char for char in segment if char not in dict(known))
        if known:
            text = "".join(char for char, _ in known)
            yield from _cut(text, [reading for _, reading in known], _pieces(text))


def _cut(text: str, readings: list[str], pieces: Sequence[int]) -> Iterator[Word]:
    start = 0
    for length in pieces:
        pairs = zip(text[start : start + length], readings[start : start + length], strict=True)
        syllables = tuple(Syllable(char, reading) for char, reading in pairs)
        yield Word(syllables, glued=start > 0, seam=_seam(text) if length == len(text) == 3 else 2)
        start += length


class _Kind(Enum):
    WORD = auto()
    NUMERAL = auto()
    ENTRY = auto()


def _segment(run: str, entries: Entries) -> Iterator[tuple[str, _Kind]]:
    """The words of a run, and what each is."""
    start = 0
    for first, end in entries.find(run):
        yield from _segment_rest(run[start:first])
        yield run[first:end], _Kind.ENTRY
        start = end
    yield from _segment_rest(run[start:])


def _segment_rest(run: str) -> Iterator[tuple[str, _Kind]]:
    start = 0
    for match in _WHOLE.finditer(run):
        yield from ((word, _Kind.WORD) for word in _words(run[start : match.start()]))
        yield match.group(), _Kind.NUMERAL if match["numeral"] else _Kind.WORD
        start = match.end()
    yield from ((word, _Kind.WORD) for word in _words(run[start:]))


def _words(text: str) -> Iterator[str]:
    """What rjieba cuts, but where it guessed a word around a particle (地说, 草长 before 得), its parts."""
    import rjieba

    words = rjieba.cut(text)
    for word, after in zip(words, [*words, ""][1:], strict=True):
        if len(word) > 1 and (after in ("得", "着") or not BINDERS.isdisjoint(word)):
            yield from rjieba.cut(word, False)
        elif word.endswith("一下") and len(word) == 3:
            yield from (word[0], "一下")
        else:
            yield word


@lru_cache(maxsize=4096)
def _seam(word: str) -> int:
    import rjieba

    known = set(rjieba.cut_for_search(word))  # with the shorter words inside it
    return 1 if word[1:] in known and word[:2] not in known else 2


@lru_cache(maxsize=4096)
def _pieces(word: str) -> tuple[int, ...]:
    """How a long word falls into parts of up to three characters: 今天天气 -> 2 + 2."""
    if len(word) <= 3:
        return (len(word),)
    import rjieba

    known = set(rjieba.cut_for_search(word))
    pieces: list[int] = []
    while (rest := len(word) - (start := sum(pieces))) > 3:
        part = {size: word[start : start + size] in known for size in (2, 3)}
        alone = not part[2] and word[start + 1 : start + 3] in known
        pieces.append(3 if rest != 4 and part[3] else 1 if alone else 2)
    return (*pieces, rest)


def _numeral_pieces(numeral: str) -> list[int]:
    """Digit strings by twos, cardinals after their places: 三百|二十五, 二零|二四."""
    pieces: list[int] = []
    for part in re.findall(r"[^百千万亿点]*[百千万亿点]+|[^百千万亿点]+", numeral):
        is_cardinal = any(char in "十百千万亿点" for char in part)
        odd = [len(part)] if len(part) < 3 or (len(part) == 4 and is_cardinal) else [3] * (len(part) % 2)
        pieces += odd + [2] * ((len(part) - sum(odd)) // 2)
    return pieces
