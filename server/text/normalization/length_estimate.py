"""Estimates the spoken length of written characters, before they are normalized."""

import re
from functools import lru_cache

from server.text.characters import HAN
from server.text.english.letter_names import MANDARIN_LETTER_NAMES
from server.text.normalization.character_forms import is_latin, plain_form
from server.text.normalization.emoji import max_name_syllables
from server.text.normalization.punctuation import PUNCTUATION, SYMBOL_NAMES

LENGTH_PER_SYLLABLE = 3
_MAX_DIGIT_SYLLABLES = 2
_ONE_SYLLABLE = re.compile(f"[{HAN}{PUNCTUATION} ]")


@lru_cache(maxsize=4096)
def estimate_spoken_length(char: str, *, speaks_english: bool, names_emoji: bool = False) -> int:
    """Returns an upper bound for the spoken length of a written character, in thirds of a syllable, at least 1.

    A third of a syllable is the length of a small letter in an English word. Capitals can be spelled, and a letter that
    is spelled has one syllable or more.
    """
    if names_emoji and (syllables := max_name_syllables(char)):
        return LENGTH_PER_SYLLABLE * syllables
    return sum(_plain_length(plain, speaks_english) for plain in plain_form(char, "")) or 1


def _plain_length(char: str, speaks_english: bool) -> int:
    if is_latin(char):
        in_word = speaks_english and char.islower() and char != "w"
        return 1 if in_word else LENGTH_PER_SYLLABLE * len(MANDARIN_LETTER_NAMES[char.upper()])
    if char.isdigit():
        return LENGTH_PER_SYLLABLE * _MAX_DIGIT_SYLLABLES
    if _ONE_SYLLABLE.match(char):
        return LENGTH_PER_SYLLABLE
    return LENGTH_PER_SYLLABLE * (len(SYMBOL_NAMES.get(char, "...")) + 1)
