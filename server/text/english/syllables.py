"""Phones of an English word -> its syllables, each with the letters that it reads.

A consonant between two vowels goes to the second as far as English words may begin so (the maximal onset principle).
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from server.text.english.dictionary import VOWELS
from server.text.words import Syllable

_CLUSTERS = (
    "b l|b r|b y|d r|d w|f l|f r|f y|g l|g r|g w|hh y|k l|k r|k w|k y|m y|p l|p r|p y|s f|s k|s l|s m|s n|s p|s t|s w|"
    "sh r|t r|t w|th r|th w|v y|s k r|s k w|s k y|s p l|s p r|s p y|s t r"
)
_ONSETS = frozenset(_CLUSTERS.split("|"))
"""Clusters that begin an English word; a single consonant does too, except ng."""
_SPELLINGS = {
    "b": "b", "ch": "ct", "d": "d", "dh": "t", "f": "fpg", "g": "gx", "hh": "hw", "jh": "jgd", "k": "kcqx", "l": "l",
    "m": "m", "n": "nkgp", "ng": "n", "p": "p", "r": "rw", "s": "scpz", "sh": "stc", "t": "tdp", "th": "t", "v": "vf",
    "w": "wou", "y": "yiu", "z": "zsx", "zh": "sgz",
}  # fmt: skip
"""The letters that a consonant's spelling begins with; a vowel's is a, e, i, o, u, y, and w or r beside them."""
_VOWEL_LETTERS = "aeiouy"
_SILENT, _UNWRITTEN, _UNUSUAL = 1.0, 1.5, 4.0


def cut(letters: str, phones: Sequence[str], place: int) -> tuple[Syllable, ...]:
    """`letters` as they stand at `place` in the normalised sentence."""
    found = list(parts(phones))
    first = _first_letters(letters.lower(), tuple(phone.rstrip("1") for phone in phones))
    starts = [0]
    count = 0
    for part in found[:-1]:
        count += len(part)
        starts.append(max(starts[-1], first[count]))
    syllables = []
    for part, start, end in zip(found, starts, [*starts[1:], len(letters)], strict=True):
        start, end = (start, end) if start < end else (end - 1, end) if end else (0, 1)
        bare = tuple(phone.rstrip("1") for phone in part)
        syllables.append(
            Syllable(letters[start:end], "", place + start, place + end, phones=bare, stressed=bare != tuple(part))
        )
    return tuple(syllables)


def parts(phones: Sequence[str]) -> Iterator[Sequence[str]]:
    """The phones of each syllable: with one vowel, or all of them where there is none."""
    nuclei = [place for place, phone in enumerate(phones) if phone.rstrip("1") in VOWELS]
    start = 0
    for nucleus, following in pairwise(nuclei):
        onset = following
        while onset - 1 > nucleus and _begins(phones[onset - 1 : following]):
            onset -= 1
        yield phones[start:onset]
        start = onset
    yield phones[start:]


def _begins(consonants: Sequence[str]) -> bool:
    return consonants[0] != "ng" if len(consonants) == 1 else " ".join(consonants) in _ONSETS


@lru_cache(maxsize=4096)
def _first_letters(letters: str, phones: tuple[str, ...]) -> list[int]:
    """For each phone the letter where its spelling begins: the cheapest of all alignments."""
    width = len(phones) + 1
    best = [[0.0] * width for _ in range(len(letters) + 1)]
    came = [[0] * width for _ in range(len(letters) + 1)]  # 0 a letter without sound, 1 a pair, 2 a phone unwritten
    for row in range(len(letters) + 1):
        for column in range(width):
            ways = []
            if row and column:
                ways.append((best[row - 1][column - 1] + _cost(letters[row - 1], phones[column - 1]), 1))
            if row:
                ways.append((best[row - 1][column] + _SILENT, 0))
            if column:
                ways.append((best[row][column - 1] + _UNWRITTEN, 2))
            best[row][column], came[row][column] = min(ways, default=(0.0, 0))
    first = [0] * len(phones)
    row, column = len(letters), len(phones)
    while column:
        way = came[row][column]
        row -= way != 2
        column -= way != 0
        if way:
            first[column] = min(row, len(letters) - 1)
    return first


def _cost(letter: str, phone: str) -> float:
    spellings = _VOWEL_LETTERS if phone in VOWELS else _SPELLINGS[phone]
    return 0.0 if letter in spellings else 0.5 if letter == "r" and phone == "er" else _UNUSUAL
