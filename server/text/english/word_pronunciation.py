"""Finds the phones of an English word: from the project's list, the dictionary, or the grapheme-to-phoneme model."""

import re

from server.text.english import g2p, names
from server.text.english.dictionary import Phones, look_up

_VOICELESS = frozenset(["p", "t", "k", "f", "th"])
_SIBILANTS = frozenset(["s", "z", "sh", "zh", "ch", "jh"])
_CONTRACTIONS: dict[str, Phones] = {
    "ll": ("ah", "l"), "re": ("er",), "ve": ("ah", "v"), "d": ("d",), "m": ("m",), "t": ("t",),
}  # fmt: skip
_MIN_COMPOUND_PART_LETTERS = 4
"""Shorter words occur by chance inside other words."""
_MAX_COMPOUND_LETTERS = 24
_UNPRONOUNCEABLE = re.compile("[^aeiouy]{5}|^[^aeiouy]*$")
"""Five consonant letters in a row, or no vowel."""


def pronounce(word: str) -> Phones:
    """Returns the phones of a word in small letters, from the first source that has it."""
    return look_up_inflected(word) or _pronounce_compound(word) or g2p.predict(word)


def look_up_inflected(word: str) -> Phones | None:
    """Returns the phones of a word in the lists, or of a form of such a word; None for any other.

    `word` is in small letters and may have apostrophes.
    """
    phones = _look_up(word)
    if phones is not None:
        return phones
    stem, apostrophe, suffix = word.rpartition("'")
    if apostrophe:
        base = look_up_inflected(stem) if suffix == "s" or suffix in _CONTRACTIONS else None
        return None if base is None else add_s(base) if suffix == "s" else (*base, *_CONTRACTIONS[suffix])
    if word.endswith("s") and len(word) > 3 and word[-2] not in "su":
        base = _look_up(word[:-1])
        return None if base is None else add_s(base)
    return None


def _look_up(word: str) -> Phones | None:
    return names.PRONUNCIATIONS.get(word) or look_up(word)


def add_s(phones: Phones) -> Phones:
    """Returns the phones of the plural or the possessive."""
    last = phones[-1]
    return (*phones, "ah", "z") if last in _SIBILANTS else (*phones, "s" if last in _VOICELESS else "z")


def _pronounce_compound(word: str) -> Phones | None:
    """Pronounces a word as two known words; only the first keeps its primary stress."""
    if len(word) > _MAX_COMPOUND_LETTERS:
        return None
    for index in range(_MIN_COMPOUND_PART_LETTERS, len(word) - _MIN_COMPOUND_PART_LETTERS + 1):
        first, second = look_up_inflected(word[:index]), look_up_inflected(word[index:])
        if first and second:
            return (*first, *(phone.rstrip("1") for phone in second))
    return None


def is_pronounceable(word: str) -> bool:
    """Returns whether a word has vowels and no long run of consonants."""
    return not _UNPRONOUNCEABLE.search(word)
