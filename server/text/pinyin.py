"""Spoken Chinese -> words with the pinyin that a dictionary gives them.

Words come from rjieba, readings from pypinyin (phrases first, then single characters). On top of these lie only
what both are known to miss: 一 and 不 in their citation tones (sandhi is decided later, in context), 地 得 as
particles, a short list of neutral tones, and numerals, which a segmenter tears apart. Tones are digits, neutral is 5.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, cast

from server.text.letters import LETTERS
from server.text.lexicon import FULL, KIN, NEUTRAL, OBLIGED, READINGS
from server.text.rules.written import HAN

NUMERALS = "零〇一二两三四五六七八九十百千万亿点幺"
_TOKENS = re.compile(rf"(?P<han>[{HAN}]+)|(?P<latin>[A-Za-z]+)|(?P<pause>[，。？！；：、…—（）])|(?P<space> +)")
_DIGIT = "零一二三四五六七八九"
_NUMERAL = rf"(?:[〇两十百万亿幺{_DIGIT}]|千(?![克米瓦赫卡]))"
_DECIMALS = rf"点[{_DIGIT}]+(?![十{_DIGIT}])"
_WHOLE = re.compile(
    rf"(?P<numeral>{_NUMERAL}{{3,}}(?:{_DECIMALS})?|[十{_DIGIT}]+{_DECIMALS}|[{_DIGIT}]十[{_DIGIT}]?|十[{_DIGIT}])"
    rf"|(?<!一)(?P<verb>[^{NUMERALS}])[一不](?P=verb)"
)
"""What a segmenter tears: numerals, and a verb doubled around 一 or 不 (看一看, but not 一天一天)."""
_PAUSES = {"、": 2, "（": 2, "）": 2} | dict.fromkeys("，；：…—", 3) | dict.fromkeys("。？！", 4)
_READABLE = re.compile(r"[a-z]+[1-5]")

_NEAREST = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei"}
"""Interjections without a vowel (嗯 呣 哼), which no voice can speak, by the nearest syllable."""


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
    seam: int = 2
    """Three characters fall into two parts here: 1 in 小|老虎, 2 in 展览|馆."""

    @property
    def text(self) -> str:
        return "".join(syllable.char for syllable in self.syllables)


def read_words(normalized: str) -> tuple[list[Word], tuple[str, ...]]:
    """The words of a normalised sentence, and the characters for which no dictionary has a reading."""
    words: list[Word] = []
    unread: dict[str, None] = {}
    for match in _TOKENS.finditer(normalized):
        token = match.group()
        if match.lastgroup == "han":
            new = list(_read_run(token, unread))
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


def _read_run(run: str, unread: dict[str, None]) -> Iterator[Word]:
    """The words of a run of Chinese characters."""
    segments = list(_segment(run))
    for place, (segment, is_numeral) in enumerate(segments):
        if is_numeral:
            yield from _cut(segment, [digit for char in segment for digit in _look_up(char)], _numeral_pieces(segment))
            continue
        before = segments[place - 1][0] if place else ""
        after = segments[place + 1][0] if place + 1 < len(segments) else ""
        readings = _particle(segment, before, after) or _read(segment)
        read = [pair for pair in zip(segment, readings, strict=True) if _READABLE.fullmatch(pair[1])]
        unread |= dict.fromkeys(char for char in segment if char not in dict(read))
        if read:
            text = "".join(char for char, _ in read)
            yield from _cut(text, [reading for _, reading in read], _pieces(text))


def _cut(text: str, readings: list[str], pieces: Sequence[int]) -> Iterator[Word]:
    start = 0
    for length in pieces:
        pairs = zip(text[start : start + length], readings[start : start + length], strict=True)
        syllables = tuple(Syllable(char, reading) for char, reading in pairs)
        yield Word(syllables, glued=start > 0, seam=_seam(text) if length == len(text) == 3 else 2)
        start += length


def _segment(run: str) -> Iterator[tuple[str, bool]]:
    """The words of a run, and whether each is a numeral."""
    import rjieba

    start = 0
    for match in _WHOLE.finditer(run):
        yield from ((word, False) for word in rjieba.cut(run[start : match.start()]))
        yield match.group(), match["numeral"] is not None
        start = match.end()
    yield from ((word, False) for word in rjieba.cut(run[start:]))


def _read(word: str) -> list[str]:
    """The reading of one word: citation tones, except where the word's own syllables are neutral."""
    if word in READINGS:
        return READINGS[word].split()
    readings = [
        "yi1" if char == "一" else "bu4" if char == "不" and reading != "bu5" else reading
        for char, reading in zip(word, _look_up(word), strict=True)
    ]
    if len(word) == 2 and word[0] == word[1] and not _is_full(word):
        if readings[0].endswith("3") and word[0] not in KIN:
            readings[0] = f"{readings[0][:-1]}2"
        readings[1] = f"{readings[1][:-1]}5"
    elif word in NEUTRAL:
        readings[-1] = f"{readings[-1][:-1]}5"
    elif len(word) == 3 and word[1] == "不" and word[0] not in "并决绝毫从也都就还又":
        readings[1] = "bu5"
    elif len(word) == 3 and word[1] == "得" and word[0] not in "获所取求难自":
        readings[1] = "de5"
    return readings


def _is_full(word: str) -> bool:
    """Does a doubled character keep its tone? Verbs (看看) and kin (妈妈) lose it."""
    if word[0] in KIN or word == "谢谢":
        return False
    import rjieba

    return word in FULL or not rjieba.tag(word, False)[0][1].startswith("v")


def _particle(word: str, before: str, after: str) -> list[str] | None:
    """地 after an adverb of manner and before what it qualifies; 得 before what must be done; 为 before a number."""
    if word == "地" and len(before) > 1 and after:
        return ["de5"]
    if word == "得" and before in OBLIGED and after:
        return ["dei3"]
    if word == "为" and after and all(char in NUMERALS for char in after):
        return ["wei2"]
    return None


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


def _look_up(word: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    one_by_one = cast(Callable[[str], str], list)  # an unknown character stands for itself
    readings = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False, errors=one_by_one)
    return [_ascii(reading) for reading in readings]


def _ascii(reading: str) -> str:
    base, tone = reading[:-1].replace("ü", "v"), reading[-1:]
    return _NEAREST.get(base, base) + tone
