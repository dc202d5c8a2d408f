"""Makes text safe for a line of a log: nothing in it can end the line, color it, or change its order."""

import unicodedata

_HARMLESS = "Zs"
"""Spaces, such as the ideographic one; `str.isprintable` has only U+0020 of them."""


def escaped(text: str) -> str:
    """Returns the text with control characters, bidirectional marks, line separators and surrogates as escapes.

    A backslash stays as it is: lines are for people, and paths have backslashes.
    """
    if text.isprintable():
        return text
    return "".join(map(_escaped_character, text))


def _escaped_character(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == _HARMLESS:
        return character
    return character.encode("unicode_escape").decode("ascii")
