"""Written Chinese -> spoken Chinese: one width, one set of punctuation, no digits, and nothing that has no sound.

Latin letters stay as they are, for whoever speaks English. The policy is written down in docs/text.md.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from server.text.characters import BREAKS, HAN
from server.text.english.letter_names import MANDARIN_LETTER_NAMES
from server.text.normalization.emoji import Emoji, name, pictures
from server.text.normalization.emoji import weigh as weigh_emoji
from server.text.normalization.greek import GREEK_LETTER_NAMES
from server.text.normalization.rewriting import Aligned, rewrite, rule
from server.text.normalization.rules import speak_quantities
from server.text.normalization.traditional import simplified

PAUSES = "，。？！；：、…—（）" + BREAKS
"""The punctuation that is left in a normalised text, and the breaks that markup asked for."""

_READABLE = re.compile(rf"[{HAN}0-9A-Za-z ]")
_SILENT = "\"'{}<>#*_^|\\`$%+=~-−–°±×÷≥≤≈≠√‰‱¥€£&@·•/.Ω"
_MARKS = {",": "，", "､": "、", "?": "？", "!": "！", ";": "；", ":": "：", "(": "（", ")": "）", "[": "（", "]": "）",
          "【": "（", "】": "）", "〔": "（", "〕": "）", "｡": "。", "/": "、", "–": "—", "―": "—",
          "⋯": "…"}  # fmt: skip
_SPOKEN_MARKS = {"&": "和", "@": "艾特", "Ω": "欧米伽"} | GREEK_LETTER_NAMES
_NAMED = 8
"""Characters that a warning lists."""
_QUOTES = frozenset("“”‘’「」『』《》〈〉«»„‟‹›〝〞")
_APOSTROPHES = "'’＇"
"""Between two Latin letters they belong to the word: don't."""
_PRIMES = {"′": "'", "″": '"', "⁄": "/", "⁻": "-", "₋": "-", "ℓ": "l", "µ": "μ"}
_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_LETTER_HYPHEN = "‐‑‒⁃﹣"


@dataclass(frozen=True, slots=True)
class Normalized:
    """What is read aloud: Chinese characters, Latin letters (and ' in a word), spaces between words, and `PAUSES`."""

    text: str
    warnings: tuple[str, ...] = ()
    origin: tuple[int, ...] = ()
    """For every character of `text` the index of the written character that it reads; it never falls."""


def normalize(text: str, emoji: Emoji = "drop") -> Normalized:
    """Any string; what cannot be read is left out and named in a warning. Twice is the same as once."""
    plain, warnings = _readable(simplified(text), emoji)
    spoken = rewrite(speak_quantities(plain), _PUNCTUATION).strip()
    return Normalized(spoken.text, warnings, spoken.origin)


SYLLABLE = 3
"""What a syllable weighs."""


@lru_cache(maxsize=4096)
def weigh(char: str, *, speaks_english: bool, names_emoji: bool = False) -> int:
    """What a written character can come to at most, in thirds of a syllable, at least 1.

    A third is what a small letter of an English word comes to; one that is spelled, and every capital may be, is a
    syllable or more.
    """
    if names_emoji and (named := weigh_emoji(char)):
        return SYLLABLE * named
    return sum(_weigh_plain(plain, speaks_english) for plain in _plain(char, "")) or 1


def _weigh_plain(char: str, speaks_english: bool) -> int:
    if _is_latin(char):
        return (
            1
            if speaks_english and char.islower() and char != "w"
            else SYLLABLE * len(MANDARIN_LETTER_NAMES[char.upper()])
        )
    if char.isdigit():
        return SYLLABLE * 2
    return SYLLABLE * (1 if re.match(f"[{HAN}{PAUSES} ]", char) else len(_SPOKEN_MARKS.get(char, "...")) + 1)


def _plain(char: str, before: str) -> str:
    """Full width, circled and ligated forms as plain ones, but ，：（） as they are: `1，000` is two numbers.

    `before` is the written character before this one: ①② are two numbers, and ¹⁰ is one power.
    """
    if char in PAUSES or char.isascii():
        return " " + char if char.isdigit() and _stands_alone(before) else char
    if char in _LETTER_HYPHEN:
        return "-"
    if char in _POWERS:
        return ("" if before in _POWERS and before else "^") + unicodedata.normalize("NFKC", _PRIMES.get(char, char))
    if _stands_alone(char):
        value = unicodedata.numeric(char, None)
        digits = str(int(value)) if value is not None else unicodedata.normalize("NFKC", char)
        return (" " if before.isdigit() or _stands_alone(before) else "") + digits
    plain = "".join(_PRIMES.get(each, each) for each in unicodedata.normalize("NFKC", _PRIMES.get(char, char)))
    if unicodedata.category(char) == "No" and "/" in plain and before.isdigit():
        return "又" + plain
    return plain


def _stands_alone(char: str) -> bool:
    """Circled numbers and Roman numerals: a number of its own in one character."""
    return bool(char) and ("Ⅰ" <= char <= "ⅿ" or "①" <= char <= "⑳" or "❶" <= char <= "➓" or "㉑" <= char <= "㊿")


def _readable(text: str, emoji: Emoji) -> tuple[Aligned, tuple[str, ...]]:
    kept: list[tuple[str, int]] = []
    unread: dict[str, None] = {}
    unknown: dict[str, None] = {}
    last = shown = ""
    ends = dict(pictures(text))
    done = 0
    for place, written in enumerate(text):
        if place < done:
            continue
        if place in ends:
            done = ends[place]
            picture = text[place:done]
            title = name(picture) if emoji == "name" else ""
            if not title:
                unread[picture] = None
            if title and picture != shown:  # however often it stands there
                title = ("，" if last.strip() else "") + title
                title += "，" if text[done : done + 1].isalnum() else " "
            else:
                title = " "
            kept.append((title, place))
            last, shown = title[-1], picture
            continue
        shown = ""
        for char in _plain(written, text[place - 1] if place else ""):
            category = unicodedata.category(char)
            new = ""
            if char in _APOSTROPHES and _is_latin(last) and _is_latin(text[place + 1 : place + 2]):
                new = "'"
            elif char in _QUOTES or (char in "\"'" and not last.isdigit() and last != "'"):
                continue
            elif (
                _READABLE.match(char)
                or char in _SILENT
                or char in PAUSES
                or char in _MARKS
                or char in GREEK_LETTER_NAMES
            ):
                new = char
            elif char.isspace():
                new = " "
            elif category == "Sc":
                new = char
            elif (base := unicodedata.normalize("NFD", char)[0]).isascii() and base.isalpha():
                new = base
            elif category in ("So", "Sk"):
                unread[char] = None
                new = " "
            elif category not in ("Cf", "Mn", "Me"):
                unknown[char] = None
            kept.append((new, place))
            last = new or last
    warnings = []
    if unread:
        warnings.append(f"emoji and symbols are not read: {_named(unread)}")
    if unknown:
        warnings.append(f"characters that cannot be read were skipped: {_named(unknown)}")
    return Aligned.of(kept), tuple(warnings)


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _named(chars: dict[str, None]) -> str:
    shown = [char if len(char) > 1 or char.isprintable() else f"U+{ord(char):04X}" for char in list(chars)[:_NAMED]]
    return " ".join(shown) + (" ..." if len(chars) > _NAMED else "")


_PUNCTUATION = (
    rule(r"(?<=[A-Za-z0-9零一二三四五六七八九])\.(?=[A-Za-z])", lambda m: "点"),
    rule(r"\.{2,}", lambda m: "…"),
    rule(r"\.", lambda m: "。"),
    rule(f"[{''.join(_SPOKEN_MARKS)}]", lambda m: _SPOKEN_MARKS[m[0]]),
    rule(r"\"+|(?<![A-Za-z])'|'(?![A-Za-z])", lambda m: ""),
    rule(f"[^{HAN}A-Za-z' {PAUSES}]", lambda m: _MARKS.get(m[0], " ")),
    rule(rf"[ {PAUSES}]{{2,}}", lambda m: next((mark for mark in m[0] if mark in BREAKS), m[0].strip()[:1] or " ")),
    rule(rf" +(?=[{PAUSES}]| |$)", lambda m: ""),
)
"""Chinese punctuation, one mark where there are many, spaces only where they part two words."""
