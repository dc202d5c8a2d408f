"""Written Chinese -> spoken Chinese: one width, one set of punctuation, no digits, and nothing that has no sound.

Latin letters stay; whoever reads them spells them.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from server.text.letters import LETTERS
from server.text.rules import HAN, speak_quantities

PAUSES = "，。？！；：、…—（）"
"""The punctuation that is left in a normalised text."""

_READABLE = re.compile(rf"[{HAN}0-9A-Za-z ]")
_SILENT = "\"'“”‘’「」『』《》〈〉«»{}<>#*_^|\\`$%+=~-−–°±×÷≥≤≈‰¥€£&@·•/.⁄"
_MARKS = {",": "，", "､": "、", "?": "？", "!": "！", ";": "；", ":": "：", "(": "（", ")": "）", "[": "（", "]": "）",
          "【": "（", "】": "）", "〔": "（", "〕": "）", "｡": "。", "/": "、", "–": "—", "⋯": "…"}  # fmt: skip
_NAMED = 8
"""Characters that a warning lists."""
_QUOTES = "\"'“”‘’「」『』《》〈〉«»"


@dataclass(frozen=True, slots=True)
class Normalized:
    """What is read aloud: Chinese characters, Latin letters, spaces between words, and `PAUSES`."""

    text: str
    warnings: tuple[str, ...] = ()


def normalize(text: str) -> Normalized:
    """Any string; what cannot be read is left out and named in a warning."""
    plain, warnings = _readable(text)
    return Normalized(_punctuate(speak_quantities(plain)), warnings)


@lru_cache(maxsize=4096)
def weigh(char: str) -> int:
    """The most syllables that a written character can come to, at least 1: what `normalize` may make of it."""
    return sum(_weigh_plain(plain) for plain in _plain(char)) or 1


def _weigh_plain(char: str) -> int:
    if char.isascii() and char.isalpha():
        return len(LETTERS[char.upper()])
    if char.isdigit():
        return 2
    return 1 if re.match(f"[{HAN}{PAUSES} ]", char) else 3


def _plain(text: str) -> str:
    """Full width, circled and ligated forms as plain ones, but ，：（） as they are: `1，000` is two numbers."""
    plain = "".join(char if char in PAUSES else unicodedata.normalize("NFKC", char) for char in text)
    return plain.replace("⁄", "/").replace("<=", "≤").replace(">=", "≥")


def _readable(text: str) -> tuple[str, tuple[str, ...]]:
    kept: list[str] = []
    emoji: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for char in _plain(text):
        category = unicodedata.category(char)
        if _READABLE.match(char) or char in _SILENT or char in PAUSES or char in _MARKS:
            kept.append(char)
        elif char.isspace():
            kept.append(" ")
        elif (base := unicodedata.normalize("NFD", char)[0]).isascii() and base.isalpha():
            kept.append(base)
        elif category in ("So", "Sk"):
            emoji[char] = None
            kept.append(" ")
        elif category not in ("Cf", "Mn", "Me"):
            unknown[char] = None
    warnings = []
    if emoji:
        warnings.append(f"emoji and symbols are not read: {_named(emoji)}")
    if unknown:
        warnings.append(f"characters that cannot be read were skipped: {_named(unknown)}")
    return "".join(kept), tuple(warnings)


def _named(chars: dict[str, None]) -> str:
    shown = [char if char.isprintable() else f"U+{ord(char):04X}" for char in list(chars)[:_NAMED]]
    return " ".join(shown) + (" ..." if len(chars) > _NAMED else "")


def _punctuate(text: str) -> str:
    """Chinese punctuation, one mark where there are many, spaces only where they part two words."""
    text = re.sub(r"(?<=[A-Za-z0-9零一二三四五六七八九])\.(?=[A-Za-z])", "点", text)
    text = re.sub(r"\.{2,}", "…", text)
    text = re.sub(r"\.", "。", text).replace("&", "和").replace("@", "艾特")
    text = re.sub(f"[{re.escape(_QUOTES)}]", "", text)
    text = "".join(_MARKS.get(char, " " if char in _SILENT else char) for char in text)
    text = re.sub(rf"([{PAUSES}])[ {PAUSES}]*", r"\1", text)
    return re.sub(rf" +(?=[{PAUSES}]| |$)", "", text).strip()
