"""Readings of Chinese characters and of phrases: the dictionaries of pypinyin, and its way of looking them up.

`training/dictionaries/pinyin.py` writes the files. 47,000 phrases and 42,000 characters take 1 MB here, 55 MB in
pypinyin. A reading is `chong2`, with v for ü and 5 for the neutral tone.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from server.text.dictionaries.mapped_trie import open_trie

TRIE = Path(__file__).with_name("phrases.trie")
READINGS = Path(__file__).with_name("readings.npz")


class PinyinDictionary:
    """Phrases with one reading a character, and characters with all of theirs."""

    def __init__(self, trie: Path = TRIE, readings: Path = READINGS) -> None:
        self._trie = open_trie(trie)
        with np.load(readings) as arrays:
            self._syllables = arrays["syllables"].tolist()
            self._phrase_starts = memoryview(arrays["phrase_starts"])
            """Number of a phrase -> where its readings begin."""
            self._phrase_readings = memoryview(arrays["phrase_readings"])
            """Numbers of syllables."""
            self._characters = str(arrays["characters"])
            """Sorted"""
            self._character_starts = memoryview(arrays["character_starts"])
            self._character_readings = memoryview(arrays["character_readings"])

    def longest_phrase(self, text: str) -> int:
        """Returns the length of the longest phrase that a text begins with, 0 if there is none."""
        return max((len(phrase) for phrase, _ in self._trie.iter_prefixes_with_ids(text)), default=0)

    def character_readings(self, char: str) -> list[str]:
        """Returns all readings of a character, the usual one first."""
        at = bisect_left(self._characters, char)
        if self._characters[at : at + 1] != char:
            return []
        numbers = self._character_readings[self._character_starts[at] : self._character_starts[at + 1]]
        return [self._syllables[number] for number in numbers]

    def readings(self, text: str) -> list[str]:
        """Returns the reading of each character, in the longest phrases from left to right.

        A character without a reading is its own reading.
        """
        return [reading for phrase in self._phrases(text) for reading in self._phrase_or_characters(phrase)]

    def _phrases(self, text: str) -> Iterator[str]:
        start = 0
        while start < len(text):
            rest = text[start:]
            size = self.longest_phrase(rest)
            if not size and any(self._trie.iterkeys(rest)):  # an unfinished phrase, which pypinyin does not look into
                yield from rest
                return
            yield rest[: size or 1]
            start += size or 1

    def _phrase_or_characters(self, phrase: str) -> list[str]:
        number = self._trie.get(phrase)
        if number is None:
            return (self.character_readings(phrase) or [phrase])[:1]
        numbers = self._phrase_readings[self._phrase_starts[number] : self._phrase_starts[number + 1]]
        return [self._syllables[number] for number in numbers]


@lru_cache(maxsize=1)
def pinyin_dictionary() -> PinyinDictionary:
    """Loads the dictionary that is part of the server."""
    return PinyinDictionary()
