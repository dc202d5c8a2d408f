"""Citation tones -> the spoken ones: 一 and 不 by what follows, 个 that measures, a third tone before a third.

In read speech a third tone before another becomes a second in 95 % of the cases inside a prosodic word, 79 % across
a #1, half of them across a #2 (and what is predicted as a #2 is a #1 at times), and hardly ever across a pause. Hence:
inside words first, then between the words of a prosodic word, then from prosodic word to prosodic word, up to a #2,
where the next one still begins with a third tone. 不 in 看不见 and 一 in 看一看
keep the tone that what follows asks for: readers rarely make them neutral.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from server.text.words import ProsodicWord, Syllable, Word

_DIGITS = "零〇一二三四五六七八九幺两"
_PLACES = "十百千万亿点初"
_PARTS = frozenset(["分之", *(f"{digit}比" for digit in _DIGITS + "十百")])
"""After these 一 counts and keeps its tone: 三分之一的, 二比一领先."""
_AFTER_ORDINAL = "月号楼级班"
_BEFORE_FIGURE = "按加减乘负"
"""After these 一 is a figure: 按一, 三加一."""
_LISTED = "和与及或至到"
"""Before these 一 is one of a list: 一和二."""
_ENGLISH = "?1"
"""What an English syllable is to its neighbours: as they speak one, 一 before a name is 4 and 不 is 4."""


class _Spoken:
    """One syllable while its tone is being decided."""

    __slots__ = ("base", "char", "fixed", "tone")

    def __init__(self, syllable: Syllable) -> None:
        pinyin = syllable.pinyin or _ENGLISH
        self.char, self.base, self.tone, self.fixed = syllable.text, pinyin[:-1], int(pinyin[-1]), syllable.fixed


def surface(phrase: Sequence[ProsodicWord]) -> list[ProsodicWord]:
    """The same words with the tones that are spoken."""
    nested = [[[_Spoken(syllable) for syllable in word.syllables] for word in group.words] for group in phrase]
    _change_yi_and_bu(phrase, nested)
    _lighten_ge(phrase, nested)
    for place, group in enumerate(nested):
        for word, spoken in zip(phrase[place].words, group, strict=True):
            _lift_thirds(spoken, word.seam)
        for left, right in pairwise(group):
            _lift_at_seam(left[-1], right[0])
    for place in range(len(nested) - 2, -1, -1):
        if phrase[place].level <= 2:
            _lift_at_seam(nested[place][-1][-1], nested[place + 1][0][0])
    return [
        replace(group, words=tuple(map(_said, group.words, spoken)))
        for group, spoken in zip(phrase, nested, strict=True)
    ]


def _said(word: Word, spoken: Sequence[_Spoken]) -> Word:
    said = tuple(
        replace(syllable, pinyin=f"{each.base}{each.tone}") if syllable.pinyin else syllable
        for syllable, each in zip(word.syllables, spoken, strict=True)
    )
    return replace(word, syllables=said)


def _lift_thirds(word: list[_Spoken], seam: int) -> None:
    """展览|馆 becomes 2 2 3, 小|老虎 3 2 3: the part of two first."""
    pairs = list(pairwise(word))
    for left, right in reversed(pairs) if seam == 1 else pairs:
        _lift_at_seam(left, right)


def _lift_at_seam(left: _Spoken, right: _Spoken) -> None:
    if left.tone == right.tone == 3 and not left.fixed:
        left.tone = 2


def _change_yi_and_bu(phrase: Sequence[ProsodicWord], nested: list[list[list[_Spoken]]]) -> None:
    """Decides on citation tones, so that one change never sees another."""
    words = [word for group in phrase for word in group.words]
    spoken = [syllables for group in nested for syllables in group]
    ends_phrase = [
        place == len(group.words) - 1 and group.level > 2 for group in phrase for place in range(len(group.words))
    ]
    flat = [syllable for syllables in spoken for syllable in syllables]
    pauses: list[bool] = []
    closes: list[bool] = []
    for place, word in enumerate(words):
        inner = [False] * (len(word.syllables) - 1)
        after_it = words[place + 1] if place + 1 < len(words) else None
        goes_on = after_it is not None and after_it.glued and after_it.text[0] in _DIGITS + _PLACES
        pauses += [*inner, ends_phrase[place]]
        closes += [*inner, (len(word.syllables) > 1 or word.glued) and not goes_on]
    changed = []
    for place, syllable in enumerate(flat):
        before = flat[place - 1] if place and not pauses[place - 1] else None
        after = flat[place + 1] if place + 1 < len(flat) and not pauses[place] else None
        if syllable.fixed:
            changed.append(syllable.tone)
        elif syllable.char == "一":
            same_word = place > 0 and not closes[place - 1]
            counted = place > 1 and flat[place - 2].char + flat[place - 1].char in _PARTS
            whole = after is None or after.char not in _PLACES
            decimal = place + 2 < len(flat) and flat[place + 1].char == "点" and flat[place + 2].char in _DIGITS
            changed.append(
                1
                if (counted and whole) or decimal
                else _yi(before, after, closes_word=closes[place], same_word=same_word)
            )
        elif syllable.char == "不" and syllable.tone != 5:
            changed.append(_bu(after))
        else:
            changed.append(syllable.tone)
    for syllable, tone in zip(flat, changed, strict=True):
        syllable.tone = tone


def _lighten_ge(phrase: Sequence[ProsodicWord], nested: list[list[list[_Spoken]]]) -> None:
    """个 that measures is neutral: 一个, 洗个澡; 个 in 个人 and 各个 is not."""
    follows = False
    for group, spoken in zip(phrase, nested, strict=True):
        for word, syllables in zip(group.words, spoken, strict=True):
            last = syllables[-1]
            measures = follows if len(syllables) == 1 else word.text not in ("各个", "个个")
            if last.char == "个" and last.tone == 4 and not last.fixed and measures:
                last.tone = 5
            follows = True
        follows = group.level <= 2


def _yi(before: _Spoken | None, after: _Spoken | None, *, closes_word: bool, same_word: bool) -> int:
    """`same_word`: may the syllable before belong to the same numeral?"""
    if after is None or closes_word or after.char in _DIGITS:
        return 1
    if after.char in _AFTER_ORDINAL and not (before is not None and before.char in "大小"):
        return 1
    if after.char in _LISTED:
        return 1
    if before is not None:
        if before.char in _BEFORE_FIGURE:
            return 1
        in_numeral = same_word and before.char in _DIGITS + _PLACES
        if in_numeral or before.char == "第" or before.char + after.char == "月日":
            return 1
    return 2 if after.tone in (4, 5) else 4


def _bu(after: _Spoken | None) -> int:
    return 2 if after is not None and after.tone == 4 else 4
