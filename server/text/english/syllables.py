"""Divides the phones of an English word into syllables and aligns each with its letters.

Consonants between two vowels belong to the second syllable as far as an English word may begin with them (the maximal
onset principle).
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from server.text.english.dictionary import VOWELS
from server.text.words import Syllable

_ONSET_CLUSTERS = (
    "b l|b r|b y|d r|d w|f l|f r|f y|g l|g r|g w|hh y|k l|k r|k w|k y|m y|p l|p r|p y|s f|s k|s l|s m|s n|s p|s t|s w|"
    "sh r|t r|t w|th r|th w|v y|s k r|s k w|s k y|s p l|s p r|s p y|s t r"
)
_ONSETS = frozenset(_ONSET_CLUSTERS.split("|"))
"""Consonant clusters that begin English words. So does every single consonant except ng."""
_CONSONANT_LETTERS = {
    "b": "b", "ch": "ct", "d": "d", "dh": "t", "f": "fpg", "g": "gx", "hh": "hw", "jh": "jgd", "k": "kcqx", "l": "l",
    "m": "m", "n": "nkgp", "ng": "n", "p": "p", "r": "rw", "s": "scpz", "sh": "stc", "t": "tdp", "th": "t", "v": "vf",
    "w": "wou", "y": "yiu", "z": "zsx", "zh": "sgz",
}  # fmt: skip
"""The letters with which the spelling of a consonant may begin."""
_VOWEL_LETTERS = "aeiouy"
_SILENT_LETTER_COST, _UNWRITTEN_PHONE_COST, _MISMATCH_COST = 1.0, 1.5, 4.0
_R_COLORED_VOWEL_COST = 0.5
_SILENT, _MATCH, _UNWRITTEN = range(3)
"""Alignment moves: a letter without a phone, a letter with its phone, a phone without a letter."""


def syllabify(letters: str, phones: Sequence[str], offset: int) -> tuple[Syllable, ...]:
    """Returns the syllables of a word whose first letter has the index `offset` in the normalized sentence."""
    parts = list(split_syllables(phones))
    first = _first_letters(letters.lower(), tuple(phone.rstrip("1") for phone in phones))
    starts = [0]
    count = 0
    for part in parts[:-1]:
        count += len(part)
        starts.append(max(starts[-1], first[count]))
    syllables = []
    for part, start, end in zip(parts, starts, [*starts[1:], len(letters)], strict=True):
        start, end = (start, end) if start < end else (end - 1, end) if end else (0, 1)
        bare = tuple(phone.rstrip("1") for phone in part)
        syllables.append(
            Syllable(letters[start:end], "", offset + start, offset + end, phones=bare, stressed=bare != tuple(part))
        )
    return tuple(syllables)


def split_syllables(phones: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yields the phones of each syllable, which has one vowel; all phones if there is no vowel."""
    nuclei = [index for index, phone in enumerate(phones) if phone.rstrip("1") in VOWELS]
    start = 0
    for nucleus, following in pairwise(nuclei):
        onset = following
        while onset - 1 > nucleus and _is_onset(phones[onset - 1 : following]):
            onset -= 1
        yield phones[start:onset]
        start = onset
    yield phones[start:]


def _is_onset(consonants: Sequence[str]) -> bool:
    return consonants[0] != "ng" if len(consonants) == 1 else " ".join(consonants) in _ONSETS


@lru_cache(maxsize=4096)
def _first_letters(letters: str, phones: tuple[str, ...]) -> list[int]:
    """Returns for each phone the index of the letter where its spelling begins, in the alignment of least cost."""
    width = len(phones) + 1
    costs = [[0.0] * width for _ in range(len(letters) + 1)]
    moves = [[_SILENT] * width for _ in range(len(letters) + 1)]
    for row in range(len(letters) + 1):
        for column in range(width):
            options = []
            if row and column:
                options.append((costs[row - 1][column - 1] + _match_cost(letters[row - 1], phones[column - 1]), _MATCH))
            if row:
                options.append((costs[row - 1][column] + _SILENT_LETTER_COST, _SILENT))
            if column:
                options.append((costs[row][column - 1] + _UNWRITTEN_PHONE_COST, _UNWRITTEN))
            costs[row][column], moves[row][column] = min(options, default=(0.0, _SILENT))
    first = [0] * len(phones)
    row, column = len(letters), len(phones)
    while column:
        move = moves[row][column]
        row -= move != _UNWRITTEN
        column -= move != _SILENT
        if move != _SILENT:
            first[column] = min(row, len(letters) - 1)
    return first


def _match_cost(letter: str, phone: str) -> float:
    valid = _VOWEL_LETTERS if phone in VOWELS else _CONSONANT_LETTERS[phone]
    return 0.0 if letter in valid else _R_COLORED_VOWEL_COST if letter == "r" and phone == "er" else _MISMATCH_COST
