"""Pinyin in markup: validation, and alignment with the characters before or inside the markup."""

import re
from collections.abc import Sequence

from server.text.characters import HAN, PLACEHOLDER
from server.text.markup.positions import MarkupError, quoted
from server.text.units.syllables import is_erhua, is_syllable

_VALID_FORM = (
    "syllables with tone digits 1 to 5 (5 is neutral; v is ü; r at the end is erhua), as in chong2 qing4 or dianr3"
)
_HAN = re.compile(f"[{HAN}]")


def is_chinese(char: str) -> bool:
    """Returns whether a character can have a reading of its own."""
    return char != PLACEHOLDER and bool(_HAN.fullmatch(char))


def canonical_syllable(syllable: str) -> str | None:
    """Returns a syllable without tone in the spelling of the dictionaries (`nü` -> nv, `jv` -> ju); None if invalid."""
    plain = syllable.lower().replace("u:", "v").replace("ü", "v")
    plain = re.sub(r"^([jqxy])v", r"\1u", plain)
    return plain if is_syllable(plain) else None


def parse_pinyin(value: str) -> tuple[str, ...]:
    """Parses `chong2 qing4` -> (chong2, qing4). Raises `MarkupError` that names an invalid syllable."""
    parsed = []
    for each in value.split():
        syllable = canonical_syllable(each[:-1])
        if syllable is None or each[-1] not in "12345":
            raise MarkupError(f"{quoted(each)} is not a Mandarin syllable with a tone; valid: {_VALID_FORM}")
        parsed.append(syllable + each[-1])
    if not parsed:
        raise MarkupError(f"the pinyin is missing; valid: {_VALID_FORM}")
    return tuple(parsed)


def align_syllables(syllables: Sequence[str], chars: Sequence[str]) -> list[tuple[str, int, int]] | None:
    """Aligns syllables with characters from the end: (syllable, start, end), two characters where 儿 is its erhua.

    Returns None if there are too few characters.
    """
    aligned: list[tuple[str, int, int]] = []
    end = len(chars)
    for syllable in reversed(syllables):
        erhua = is_erhua(syllable[:-1]) and end > 1 and chars[end - 1] == "儿"
        start = end - 1 - erhua
        if start < 0:
            return None
        aligned.append((syllable, start, end))
        end = start
    return aligned[::-1]
