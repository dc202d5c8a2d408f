"""Words -> the pinyin of pypinyin's dictionary, and on top of it only what the dictionary is known to miss."""

from collections.abc import Callable, Mapping
from typing import cast

from server.text.pronunciation.word_lists import (
    CERTAIN,
    CERTAIN_ALONE,
    COUNTS,
    FINAL,
    FULL,
    GETTING,
    KIN,
    MEASURED,
    NEUTRAL,
    READINGS,
    SONS,
    TRIED,
    VERY,
)

_NEAREST = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei"}
"""Interjections without a vowel (嗯 呣 哼), which no voice can speak, by the nearest syllable."""


def doubtful(word: str) -> list[int]:
    """The places of a word where no phrase of the dictionary says how a character is read."""
    from pypinyin.constants import PHRASES_DICT

    places: list[int] = []
    start = 0
    while start < len(word):
        size = next((size for size in range(len(word) - start, 1, -1) if word[start : start + size] in PHRASES_DICT), 1)
        if size == 1 and word[start] not in CERTAIN and not (len(word) == 1 and word in CERTAIN_ALONE):
            places.append(start)
        start += size
    return places


def read(word: str, guesses: Mapping[int, str], *, final: bool) -> list[str]:
    """The reading of one word: citation tones, except where the word's own syllables are neutral.

    `guesses` are the readings for places without a phrase; `final`: does a pause follow?
    """
    if word in READINGS:
        return READINGS[word].split()
    readings = [
        "yi1" if char == "一" else "bu4" if char == "不" and reading != "bu5" else reading
        for char, reading in zip(word, look_up(word), strict=True)
    ]
    for place, guess in guesses.items():
        readings[place] = (place == len(word) - 1 and _ending(word, final=final)) or guess
    if len(word) == 2 and word[0] == word[1] and not _is_full(word):
        if readings[0].endswith("3") and word[0] not in KIN:
            readings[0] = f"{readings[0][:-1]}2"
        readings[1] = f"{readings[1][:-1]}5"
    elif word in NEUTRAL or (len(word) == 3 and word[1:] in NEUTRAL):
        readings[-1] = f"{readings[-1][:-1]}5"
    elif len(word) == 2 and word[1] in MEASURED and word[0] in COUNTS:
        readings[1] = MEASURED[word[1]]
    elif len(word) == 3 and word[1] == "得" and word[0] not in GETTING:
        readings[1] = "de5"
    elif len(word) == 3 and word[2] == "地" and word[0] == word[1]:
        readings[2] = "de5"
    return readings


def _ending(word: str, *, final: bool) -> str | None:
    """How the last character of a word that is no phrase is read, if it is a suffix or a particle."""
    if len(word) > 1 and word[-1] == "子":
        return "zi3" if word[-2] in SONS else "zi5"
    if len(word) == 2 and word[-1] == "得" and word[0] not in GETTING:
        return "de5"
    if word[-1] == "长" and word[:-1] in VERY:
        return "chang2"
    return look_up(word)[-1] if final and word[-1] in FINAL else None


def _is_full(word: str) -> bool:
    """Does a doubled character keep its tone? Verbs (看看) and kin (妈妈) lose it."""
    if word[0] in KIN or word == "谢谢":
        return False
    import rjieba

    tagged = rjieba.tag(word, False)
    return word in FULL or (word[0] not in TRIED and not tagged[0][1].startswith("v"))


def look_up(word: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    one_by_one = cast(Callable[[str], str], list)  # an unknown character stands for itself
    readings = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False, errors=one_by_one)
    return [_ascii(reading) for reading in readings]


def _ascii(reading: str) -> str:
    base, tone = reading[:-1].replace("ü", "v"), reading[-1:]
    return _NEAREST.get(base, base) + tone
