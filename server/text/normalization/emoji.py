"""Emoji as a reader sees them: one picture, however many characters it is written with, and its Chinese name.

A picture is a base, perhaps with a variation selector and a skin tone, perhaps joined to others; or a flag of two
letters; or a key (1️⃣), of which only the digit is read.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Literal

Emoji = Literal["drop", "name"]
"""What becomes of them: left out with a warning, or named."""

_SKIN = "\U0001f3fb-\U0001f3ff"
_BASE = (
    rf"[\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001faff]\ufe0f?[{_SKIN}]?"
)
_PICTURE = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|\U0001f3f4[\U000e0020-\U000e007f]{{1,8}}|{_BASE}(?:\u200d{_BASE}){{0,6}}|[0-9#*]\ufe0f?\u20e3"
)
_DRESSING = re.compile(f"[\ufe0f{_SKIN}]")
_LETTER = 6
_PART = 6
"""Syllables that a letter of a flag and a part of a joined picture may come to: half of the longest name."""


def pictures(text: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends; keys are left to the rules for digits."""
    if text.isascii():
        return
    for match in _PICTURE.finditer(text):
        if not match.group().endswith("\u20e3"):
            yield match.span()


def name(picture: str) -> str:
    """Its Chinese name; empty where it has none."""
    plain = _DRESSING.sub("", picture)
    known = _names()
    return known.get(plain) or "".join(known.get(part, "") for part in plain.split("\u200d"))


def weigh(char: str) -> int:
    """The most syllables that the name of a picture with this character may have; 0 for other characters."""
    if "\U0001f1e6" <= char <= "\U0001f1ff":
        return _LETTER
    return max(_PART, len(name(char)) * 2) if _PICTURE.match(char) else 0


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    lines = files(__package__).joinpath("emoji.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line[:1] not in "#")
