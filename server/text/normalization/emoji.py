"""Finds emoji, each as one sequence of characters, and their Chinese names.

An emoji sequence is a base with an optional variation selector and skin tone, several of these joined by zero-width
joiners, a flag of two regional indicators, or a keycap (1️⃣), of which only the digit is read.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Literal

Emoji = Literal["drop", "name"]
"""Whether emoji are dropped with a warning, or read by their names."""

_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
_BASE = (
    r"[\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
    rf"\ufe0f?[{_SKIN_TONES}]?"
)
_FLAG = r"[\U0001f1e6-\U0001f1ff]{2}|\U0001f3f4[\U000e0020-\U000e007f]{1,8}"
_KEYCAP = r"[0-9#*]\ufe0f?\u20e3"
_EMOJI = re.compile(rf"{_FLAG}|{_BASE}(?:\u200d{_BASE}){{0,6}}|{_KEYCAP}")
_MODIFIERS = re.compile(f"[\ufe0f{_SKIN_TONES}]")
_MAX_INDICATOR_SYLLABLES = 6
"""Of the regional indicators of a flag: half of the longest name."""
_MAX_PART_SYLLABLES = 6
"""Of one part of a joined sequence: half of the longest name."""


def find_emoji(text: str) -> Iterator[tuple[int, int]]:
    """Yields where each emoji begins and ends, without keycaps, which the rules for digits read."""
    if text.isascii():
        return
    for match in _EMOJI.finditer(text):
        if not match.group().endswith("\u20e3"):
            yield match.span()


def emoji_name(emoji: str) -> str:
    """Returns the Chinese name; empty if there is none."""
    plain = _MODIFIERS.sub("", emoji)
    names = _names()
    return names.get(plain) or "".join(names.get(part, "") for part in plain.split("\u200d"))


def max_name_syllables(char: str) -> int:
    """Returns the most syllables that this character adds to the name of an emoji; 0 for other characters."""
    if "\U0001f1e6" <= char <= "\U0001f1ff":
        return _MAX_INDICATOR_SYLLABLES
    return max(_MAX_PART_SYLLABLES, len(emoji_name(char)) * 2) if _EMOJI.match(char) else 0


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    lines = files(__package__).joinpath("emoji.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
