"""Divides a run of Chinese characters into words, and long words into the parts that prosody works with.

Words come from jieba's dictionary, except numerals and a few patterns that a segmenter divides wrongly.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import accumulate, pairwise

from server.text.characters import PLACEHOLDER
from server.text.dictionaries import segmenter
from server.text.normalization.numerals import NUMERALS
from server.text.pronunciation.user_lexicon import UserLexicon
from server.text.pronunciation.word_lists import FUNCTION_CHARACTERS, QUANTIFIER_CHARACTERS

_DIGITS = "零一二三四五六七八九"
_NUMERAL = rf"(?:[〇两十百万亿幺{_DIGITS}]|千(?![克米瓦赫卡]))"
_DECIMALS = rf"点[{_DIGITS}]+(?![十{_DIGITS}])"
_FIXED_PATTERN = re.compile(
    rf"(?P<numeral>(?<![{NUMERALS}])[{_DIGITS}]比[{_DIGITS}](?![{NUMERALS}])|{_NUMERAL}{{3,}}(?:{_DECIMALS})?"
    rf"|[十{_DIGITS}]+{_DECIMALS}|[{_DIGITS}]十[{_DIGITS}]?|十[{_DIGITS}])"
    rf"|(?!得不得了)(?<!一)(?P<verb>[^{NUMERALS}])[一不](?P=verb)"
    r"|都市(?!场)|(?<![认以称成作名])为人(?![民们口员才类工生])|(?<=[在要会去来先帮])和[面泥](?![包条粉试部积对子前])"
    rf"|(?<=[{QUANTIFIER_CHARACTERS}])行(?=[小大]?[字诗泪雁]|代码|眼泪|脚印|文字|白鹭|$)|(?<=脸)涨"
    r"|(?<![第每])一觉(?=[醒睡])"
    r"|(?<=我)行(?=将)"
    rf"|数(?=到[{NUMERALS}])"
    rf"|调(?=[到至成][{QUANTIFIER_CHARACTERS}])"
)
"""Numerals and scores, a verb repeated around 一 or 不 (看一看, but not 一天一天), and some ambiguous words."""
_MAX_PART_CHARACTERS = 3


class SegmentType(Enum):
    """What a segment of a run is."""

    WORD = auto()
    NUMERAL = auto()
    LEXICON_ENTRY = auto()
    PLACEHOLDERS = auto()


def segment(run: str, lexicon: UserLexicon) -> Iterator[tuple[str, SegmentType]]:
    """Yields the words of a run of Chinese characters and placeholders, in order."""
    for part in re.findall(f"{PLACEHOLDER}+|[^{PLACEHOLDER}]+", run):
        if part[0] == PLACEHOLDER:
            yield part, SegmentType.PLACEHOLDERS
            continue
        start = 0
        for first, end in lexicon.find(part):
            yield from _segment_text(part[start:first])
            yield part[first:end], SegmentType.LEXICON_ENTRY
            start = end
        yield from _segment_text(part[start:])


def _segment_text(text: str) -> Iterator[tuple[str, SegmentType]]:
    start = 0
    for match in _FIXED_PATTERN.finditer(text):
        yield from ((word, SegmentType.WORD) for word in _words(text[start : match.start()]))
        yield match.group(), SegmentType.NUMERAL if match["numeral"] else SegmentType.WORD
        start = match.end()
        if match["numeral"] and text[start : start + 1] == "个":  # 十二个|人, not 个人
            yield "个", SegmentType.WORD
            start += 1
    yield from ((word, SegmentType.WORD) for word in _words(text[start:]))


def _words(text: str) -> Iterator[str]:
    """Yields the words. One that was guessed around a function character is divided again."""
    words = segmenter.cut(text)
    for word, after in zip(words, [*words, ""][1:], strict=True):
        if len(word) > 1 and (after in ("得", "着", "在") or not FUNCTION_CHARACTERS.isdisjoint(word)):
            yield from segmenter.cut(word, guess=False)
        elif word.endswith("一下") and len(word) == 3:
            yield from (word[0], "一下")
        else:
            yield word


@lru_cache(maxsize=4096)
def constituent_boundary(word: str) -> int:
    """Returns where a word of three characters divides: 1 for 小|老虎, 2 for 展览|馆."""
    known = set(segmenter.cut_for_search(word))  # includes the shorter words inside it
    return 1 if word[1:] in known and word[:2] not in known else 2


@lru_cache(maxsize=4096)
def subwords(word: str) -> tuple[str, ...]:
    """Divides a long dictionary entry into shorter words: 为您服务 -> 为, 您, 服务."""
    if len(word) <= _MAX_PART_CHARACTERS:
        return (word,)
    starts = accumulate(part_lengths(word), initial=0)
    return tuple(part for start, end in pairwise(starts) for part in segmenter.cut(word[start:end], guess=False))


def part_lengths(text: str, segment_type: SegmentType = SegmentType.WORD) -> Sequence[int]:
    """Divides a segment into parts of up to three characters: 今天天气 -> 2 + 2."""
    if segment_type is SegmentType.PLACEHOLDERS:
        return (len(text),)
    return _numeral_part_lengths(text) if segment_type is SegmentType.NUMERAL else _word_part_lengths(text)


@lru_cache(maxsize=4096)
def _word_part_lengths(word: str) -> Sequence[int]:
    if len(word) <= _MAX_PART_CHARACTERS:
        return (len(word),)
    known = set(segmenter.cut_for_search(word))
    lengths: list[int] = []
    while (rest := len(word) - (start := sum(lengths))) > _MAX_PART_CHARACTERS:
        is_known = {size: word[start : start + size] in known for size in (2, 3)}
        single = not is_known[2] and word[start + 1 : start + 3] in known
        lengths.append(3 if rest != 4 and is_known[3] else 1 if single else 2)
    return (*lengths, rest)


def _numeral_part_lengths(numeral: str) -> list[int]:
    """Divides digit strings in pairs and cardinals after their place values: 二零|二四, 三百|二十五."""
    lengths: list[int] = []
    for part in re.findall(r"[^百千万亿点]*[百千万亿点]+|[^百千万亿点]+", numeral):
        is_cardinal = any(char in "十百千万亿点" for char in part)
        first = [len(part)] if len(part) < 3 or (len(part) == 4 and is_cardinal) else [3] * (len(part) % 2)
        lengths += first + [2] * ((len(part) - sum(first)) // 2)
    return lengths
