"""Packs the readings of pypinyin for the server.

    python -m training.dictionaries.pinyin

Syllables are written as the server needs them: with digits for tones, v for ü, and the nearest syllable in place of
interjections without a vowel (嗯 呣 哼), which no voice has.
"""

from collections.abc import Iterable
from itertools import accumulate

import marisa_trie
import numpy as np
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_tone3

from server.text.dictionaries import pinyin_dictionary

_SYLLABIC_CONSONANTS = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei"}


def main() -> None:
    """Writes the files of the server."""
    trie = marisa_trie.Trie(sorted(PHRASES_DICT))
    trie.save(str(pinyin_dictionary.TRIE))
    phrases = [[readings[0] for readings in PHRASES_DICT[trie.restore_key(number)]] for number in range(len(trie))]
    characters = sorted(map(chr, PINYIN_DICT))
    readings = [PINYIN_DICT[ord(char)].split(",") for char in characters]
    np.savez_compressed(pinyin_dictionary.READINGS, **arrays(phrases, characters, readings))
    print(f"{len(phrases)} phrases, {len(characters)} characters")


def arrays(
    phrases: Iterable[list[str]], characters: Iterable[str], character_readings: Iterable[list[str]]
) -> dict[str, np.ndarray]:
    """Returns the arrays of `PinyinDictionary`, from readings as pypinyin writes them."""
    phrases = [[syllable(each) for each in readings] for readings in phrases]
    character_readings = [[syllable(each) for each in readings] for readings in character_readings]
    syllables = sorted({each for readings in (*phrases, *character_readings) for each in readings})
    numbers = {each: number for number, each in enumerate(syllables)}
    packed: dict[str, np.ndarray] = {"syllables": np.array(syllables), "characters": np.array("".join(characters))}
    for name, lists in (("phrase", phrases), ("character", character_readings)):
        packed[f"{name}_starts"] = np.array(list(accumulate(map(len, lists), initial=0)), np.uint32)
        packed[f"{name}_readings"] = np.array([numbers[each] for readings in lists for each in readings], np.uint16)
    return packed


def syllable(reading: str) -> str:
    """Returns `chong2` for `chóng`."""
    toned = to_tone3(reading, neutral_tone_with_five=True)
    base, tone = toned[:-1].replace("ü", "v"), toned[-1]
    return _SYLLABIC_CONSONANTS.get(base, base) + tone


if __name__ == "__main__":
    main()
