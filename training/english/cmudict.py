"""Reads the CMU pronouncing dictionary: `word PHONE PHONE # comment`, other readings as `word(2)`."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

Phones = tuple[str, ...]
"""ARPAbet in small letters; the vowel of the primary stress ends in 1: `("hh", "ah", "l", "ow1")`."""

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
HELD_OUT = 20
"""One word in this many is held out from training, for evaluation."""


def read(path: Path) -> dict[str, Phones]:
    """Returns the first reading of every word of letters and apostrophes, in the order of the file."""
    words = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split("#")[0].split()
        if _WORD.fullmatch(word):
            words[word] = keep_one_stress(tuple(phones))
    return words


def keep_one_stress(phones: Phones) -> Phones:
    """Removes secondary stress, and of several primary stresses (B IY1 T IY1) all but the last."""
    result = [phone.lower().rstrip("02") for phone in phones]
    for index in [index for index, phone in enumerate(result) if phone.endswith("1")][:-1]:
        result[index] = result[index][:-1]
    return tuple(result)


def is_held_out(word: str) -> bool:
    """Returns whether a word is held out from training."""
    return zlib.crc32(word.encode()) % HELD_OUT == 0


def for_training(words: dict[str, Phones]) -> Iterator[tuple[str, Phones]]:
    """Yields the words whose letters determine their phones: no possessives, initialisms or abbreviations."""
    for word, phones in words.items():
        if "'" not in word and len(word) > 1 and len(phones) <= 2 * len(word) and len(word) <= 3 * len(phones):
            yield word, phones
