"""Reads the CMU pronouncing dictionary: `word PHONE PHONE # comment`, other readings as `word(2)`."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

Phones = tuple[str, ...]
"""ARPAbet in small letters; the vowel of the primary stress ends in 1: `("hh", "ah", "l", "ow1")`."""

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
HELD_OUT = 20
"""One word of so many is kept from training, to measure."""


def read(path: Path) -> dict[str, Phones]:
    """The first reading of every word of letters and apostrophes, in the order of the file."""
    words = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split("#")[0].split()
        if _WORD.fullmatch(word):
            words[word] = one_stress(tuple(phones))
    return words


def one_stress(phones: Phones) -> Phones:
    """Secondary stress goes, and of several primary ones (B IY1 T IY1) all but the last."""
    bare = [phone.lower().rstrip("02") for phone in phones]
    for place in [place for place, phone in enumerate(bare) if phone.endswith("1")][:-1]:
        bare[place] = bare[place][:-1]
    return tuple(bare)


def is_held_out(word: str) -> bool:
    return zlib.crc32(word.encode()) % HELD_OUT == 0


def for_training(words: dict[str, Phones]) -> Iterator[tuple[str, Phones]]:
    """Words that are read by their letters: no possessives, nothing that is spelled or short for another word."""
    for word, phones in words.items():
        if "'" not in word and len(word) > 1 and len(phones) <= 2 * len(word) and len(word) <= 3 * len(phones):
            yield word, phones
