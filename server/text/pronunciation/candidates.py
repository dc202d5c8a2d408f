"""All readings that a character can have, for choosing another one."""

from collections.abc import Iterator
from functools import lru_cache

from server.text.pronunciation.dictionary import to_ascii
from server.text.pronunciation.polyphone_model import network_readings
from server.text.units.syllables import is_syllable


@lru_cache(maxsize=4096)
def candidate_readings(char: str) -> tuple[str, ...]:
    """The readings of a Chinese character, in the order of pypinyin's dictionary, then those of g2pM's.

    A reading is `chong2`, with v for ü and 5 for the neutral tone. Without erhua, which is a matter of the word.
    """
    return tuple(dict.fromkeys(reading for reading in _readings(char) if is_syllable(reading[:-1])))


def _readings(char: str) -> Iterator[str]:
    from pypinyin import Style, pinyin

    found = pinyin(char, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True, v_to_u=False, errors="ignore")
    yield from (to_ascii(reading) for readings in found for reading in readings)
    yield from network_readings(char)
