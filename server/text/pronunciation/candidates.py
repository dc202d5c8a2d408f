"""All readings that a character can have, for choosing another one."""

from functools import lru_cache

from server.text.dictionaries.pinyin_dictionary import pinyin_dictionary
from server.text.pronunciation.polyphone_model import network_readings
from server.text.units.syllables import is_syllable


@lru_cache(maxsize=4096)
def candidate_readings(char: str) -> tuple[str, ...]:
    """The readings of a Chinese character, in the order of the dictionary, then those of g2pM's.

    A reading is `chong2`, with v for ü and 5 for the neutral tone. Without erhua, which is a matter of the word.
    """
    readings = (*pinyin_dictionary().character_readings(char), *network_readings(char))
    return tuple(dict.fromkeys(reading for reading in readings if is_syllable(reading[:-1])))
