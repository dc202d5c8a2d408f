"""Plain forms of single characters: half width instead of full width, digits instead of circled numbers."""

import unicodedata

from server.text.normalization.punctuation import PUNCTUATION

_SUBSTITUTES = {"′": "'", "″": '"', "⁄": "/", "⁻": "-", "₋": "-", "ℓ": "l", "µ": "μ"}
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_HYPHENS = "‐‑‒⁃﹣"


def is_latin(char: str) -> bool:
    """Returns whether this is an ASCII letter."""
    return char.isascii() and char.isalpha()


def plain_form(char: str, before: str) -> str:
    """Returns the plain form of full-width, circled and ligated characters.

    Punctuation such as ，：（） is kept: `1，000` is two numbers. `before` is the character before this one, empty at
    the beginning: ①② are two numbers, and ¹⁰ is one exponent.
    """
    if char in PUNCTUATION or char.isascii():
        return " " + char if char.isdigit() and _is_whole_number(before) else char
    if char in _HYPHENS:
        return "-"
    if char in _SUPERSCRIPTS:
        caret = "" if before in _SUPERSCRIPTS and before else "^"
        return caret + unicodedata.normalize("NFKC", _SUBSTITUTES.get(char, char))
    if _is_whole_number(char):
        value = unicodedata.numeric(char, None)
        digits = str(int(value)) if value is not None else unicodedata.normalize("NFKC", char)
        return (" " if before.isdigit() or _is_whole_number(before) else "") + digits
    compatible = unicodedata.normalize("NFKC", _SUBSTITUTES.get(char, char))
    plain = "".join(_SUBSTITUTES.get(each, each) for each in compatible)
    if unicodedata.category(char) == "No" and "/" in plain and before.isdigit():
        return "又" + plain
    return plain


def _is_whole_number(char: str) -> bool:
    """Returns whether this is a circled number or a Roman numeral, which is a number by itself."""
    return bool(char) and ("Ⅰ" <= char <= "ⅿ" or "①" <= char <= "⑳" or "❶" <= char <= "➓" or "㉑" <= char <= "㊿")
