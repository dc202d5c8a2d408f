"""Pinyin that a client gives: checked, and laid upon the characters that it reads."""

import re
from collections.abc import Sequence

from server.text.characters import HAN, PLACEHOLDER
from server.text.markup.positions import MarkupError, shown
from server.text.pronunciation.user_lexicon import SYLLABLES

FORM = "syllables with tone digits 1 to 5 (5 is neutral; v is ü; r at the end is erhua), as in chong2 qing4 or dianr3"


_HAN = re.compile(f"[{HAN}]")


def is_chinese(char: str) -> bool:
    """May it have a reading of its own?"""
    return char != PLACEHOLDER and bool(_HAN.fullmatch(char))


def base(written: str) -> str | None:
    """A syllable without its tone, as dictionaries here write it: `nü` -> nv, `jv` -> ju. None if it is none."""
    plain = written.lower().replace("u:", "v").replace("ü", "v")
    plain = re.sub(r"^([jqxy])v", r"\1u", plain)
    return plain if plain in SYLLABLES or (plain[-1:] == "r" and plain[:-1] in SYLLABLES) else None


def syllables(written: str) -> tuple[str, ...]:
    """`chong2 qing4` -> (chong2, qing4). Raises `MarkupError` naming what is no syllable."""
    found = []
    for each in written.split():
        syllable = base(each[:-1])
        if syllable is None or each[-1] not in "12345":
            raise MarkupError(f"{shown(each)} is no Mandarin syllable with its tone; valid: {FORM}")
        found.append(syllable + each[-1])
    if not found:
        raise MarkupError(f"no pinyin is given; valid: {FORM}")
    return tuple(found)


def lay(syllables: Sequence[str], chars: Sequence[str]) -> list[tuple[str, int, int]] | None:
    """Each syllable with the characters that it reads, counted from their end: two where 儿 is only its erhua.

    None where there are too few characters.
    """
    laid: list[tuple[str, int, int]] = []
    end = len(chars)
    for syllable in reversed(syllables):
        erhua = syllable[:-1] != "er" and syllable[-2] == "r" and end > 1 and chars[end - 1] == "儿"
        start = end - 1 - erhua
        if start < 0:
            return None
        laid.append((syllable, start, end))
        end = start
    return laid[::-1]
