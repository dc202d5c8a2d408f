"""Spoken Chinese -> words with the pinyin that a dictionary gives them.

Words come from rjieba, except for numerals, which a segmenter tears apart. A word is read by the first that knows it:
the user's lexicon, the rules for `particle`s, the dictionary, and where no phrase of the dictionary has a character of
several readings, the sentence around it (`polyphones`). 一 and 不 keep their citation tones: sandhi is decided later,
in context. Tones are digits, neutral is 5.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType

from server.text.characters import BREAKS, HAN, PLACEHOLDER
from server.text.english import reader as english
from server.text.english.letter_names import LETTERS
from server.text.english.reader import TOKEN
from server.text.normalization.numerals import NUMERALS
from server.text.pronunciation import erhua, polyphones
from server.text.pronunciation.context_rules import particle
from server.text.pronunciation.dictionary import doubtful, look_up, read
from server.text.pronunciation.user_lexicon import NONE, UserLexicon
from server.text.pronunciation.word_lists import BINDERS, COUNTS
from server.text.words import Syllable, Word

_TOKENS = re.compile(rf"(?P<han>[{HAN}]+)|(?P<latin>{TOKEN})|(?P<pause>[，。？！；：、…—（）{BREAKS}])|(?P<space> +)")
_DIGIT = "零一二三四五六七八九"
_NUMERAL = rf"(?:[〇两十百万亿幺{_DIGIT}]|千(?![克米瓦赫卡]))"
_DECIMALS = rf"点[{_DIGIT}]+(?![十{_DIGIT}])"
_WHOLE = re.compile(
    rf"(?P<numeral>(?<![{NUMERALS}])[{_DIGIT}]比[{_DIGIT}](?![{NUMERALS}])|{_NUMERAL}{{3,}}(?:{_DECIMALS})?|[十{_DIGIT}]+{_DECIMALS}|[{_DIGIT}]十[{_DIGIT}]?|十[{_DIGIT}])"
    rf"|(?<!一)(?P<verb>[^{NUMERALS}])[一不](?P=verb)"
    r"|都市(?!场)|(?<![认以称成作名])为人(?![民们口员才类工生])|(?<=[在要会去来先帮])和[面泥](?![包条粉试部积对子前])"
    rf"|(?<=[{COUNTS}])行(?=[小大]?[字诗泪雁]|代码|眼泪|脚印|文字|白鹭|$)|(?<=脸)涨|调(?=[到至成][{COUNTS}])"
)
"""What a segmenter tears: numerals and scores, a verb doubled around 一 or 不 (看一看, not 一天一天), some words."""
_PAUSES = {"（": 2, "）": 2} | dict.fromkeys("、，；：…—", 3) | dict.fromkeys("。？！", 4)
_PAUSES |= {mark: level for level, mark in enumerate(BREAKS)}
_READABLE = re.compile(r"[a-z]+[1-5]")


def read_words(
    normalized: str,
    entries: UserLexicon = NONE,
    given: Mapping[int, str] = MappingProxyType({}),
    *,
    speaks_english: bool = True,
) -> tuple[list[Word], tuple[str, ...]]:
    """The words of a normalised sentence, and the characters for which no dictionary has a reading.

    `entries` come before every dictionary and every rule, and `given`, syllables by their places, before those.
    A voice that does not speak English has Latin letters spelled by their Chinese names.
    """
    words: list[Word] = []
    unread: dict[str, None] = {}
    for match in _TOKENS.finditer(normalized):
        token = match.group()
        if match.lastgroup == "han":
            new = list(_read_run(normalized, match.start(), match.end(), entries, given, unread))
        elif match.lastgroup == "latin":
            new = english.read(normalized, *match.span()) if speaks_english else _spell(token, match.start())
        else:
            if words and token == BREAKS[0]:
                words[-1] = replace(words[-1], joined=True)
            elif words:
                words[-1] = replace(words[-1], pause=max(words[-1].pause, _PAUSES.get(token, 1)))
            continue
        if words and new and words[-1].latin != new[0].latin:
            words[-1] = replace(words[-1], pause=max(words[-1].pause, 1))
        words += new
    return erhua.join(words), tuple(unread)


def _spell(token: str, start: int) -> list[Word]:
    return [
        Word(tuple(Syllable(letter, name, place, place + 1) for name in LETTERS[letter]), latin=True)
        for place, letter in enumerate(token.upper(), start)
        if letter in LETTERS
    ]


def _read_run(
    sentence: str, start: int, end: int, entries: UserLexicon, given: Mapping[int, str], unread: dict[str, None]
) -> Iterator[Word]:
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
        first = starts[place]
        if kind is _Kind.NUMERAL:
            readings = [digit for char in segment for digit in look_up(char)]
            yield from _cut(_syllables(segment, readings, first, given), _numeral_pieces(segment))
            continue
        if kind is _Kind.ENTRY:
            own = {first + offset: reading for offset, reading in enumerate(entries.readings[segment])}
            syllables = _syllables(segment, entries.readings[segment], first, own | dict(given))
            yield from _cut(syllables, _pieces(segment))
            continue
        if kind is _Kind.PLACEHOLDERS:
            yield from _cut(_syllables(segment, [""] * len(segment), first, given), [len(segment)])
            continue
        before = segments[place - 1][0] if place else ""
        after = segments[place + 1][0] if place + 1 < len(segments) else ""
        guesses = {offset: decided[at] for offset in range(len(segment)) if (at := first + offset) in decided}
        reading = particle(segment, before, after, guesses.get(0), sentence[first + len(segment) : end])
        readings = [reading] if reading else read(segment, guesses, final=not after)
        syllables = _syllables(segment, readings, first, given)
        known = [syllable for syllable in syllables if _READABLE.fullmatch(syllable.pinyin)]
        unread |= dict.fromkeys(syllable.text for syllable in syllables if syllable not in known)
        if known:
            yield from _cut(known, _pieces("".join(syllable.text for syllable in known)))


def _syllables(text: str, readings: Sequence[str], start: int, given: Mapping[int, str]) -> list[Syllable]:
    """One for each character."""
    pairs = zip(text, readings, strict=True)
    return [
        Syllable(char, given.get(place, reading), place, place + 1, fixed=place in given)
        for place, (char, reading) in enumerate(pairs, start)
    ]


def _cut(syllables: Sequence[Syllable], pieces: Sequence[int]) -> Iterator[Word]:
    start = 0
    for length in pieces:
        part = tuple(syllables[start : start + length])
        whole = length == len(syllables) == 3
        seam = _seam("".join(syllable.text for syllable in part)) if whole else 2
        yield Word(part, glued=start > 0, seam=seam)
        start += length


class _Kind(Enum):
    WORD = auto()
    NUMERAL = auto()
    ENTRY = auto()
    PLACEHOLDERS = auto()


def _segment(run: str, entries: UserLexicon) -> Iterator[tuple[str, _Kind]]:
    """The words of a run, and what each is."""
    for part in re.findall(f"{PLACEHOLDER}+|[^{PLACEHOLDER}]+", run):
        if part[0] == PLACEHOLDER:
            yield part, _Kind.PLACEHOLDERS
        else:
            yield from _segment_written(part, entries)


def _segment_written(run: str, entries: UserLexicon) -> Iterator[tuple[str, _Kind]]:
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
        if match["numeral"] and run[start : start + 1] == "个":  # 十二个|人, not 个人
            yield "个", _Kind.WORD
            start += 1
    yield from ((word, _Kind.WORD) for word in _words(run[start:]))


def _words(text: str) -> Iterator[str]:
    """What rjieba cuts, but where it guessed a word around a particle (地说, 草长 before 得), its parts."""
    import rjieba

    words = rjieba.cut(text)
    for word, after in zip(words, [*words, ""][1:], strict=True):
        if len(word) > 1 and (after in ("得", "着", "在") or not BINDERS.isdisjoint(word)):
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
