"""espeak-ng's English phonemes -> ARPAbet in syllables, as KAN-TTS writes English units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

PHONES: dict[str, tuple[str, ...]] = {
    "p": ("p",), "b": ("b",), "t": ("t",), "t#": ("t",), "t2": ("t",), "d": ("d",), "d#": ("d",), "k": ("k",),
    "g": ("g",), "f": ("f",), "v": ("v",), "T": ("th",), "D": ("dh",), "s": ("s",), "z": ("z",), "z#": ("z",),
    "S": ("sh",), "Z": ("zh",), "h": ("hh",), "tS": ("ch",), "dZ": ("jh",), "m": ("m",), "n": ("n",), "N": ("ng",),
    "l": ("l",), "r": ("r",), "r-": ("r",), "j": ("y",), "w": ("w",),
    "i:": ("iy",), "i": ("iy",), "I": ("ih",), "I2": ("ih",), "I#": ("ih",), "E": ("eh",), "E#": ("eh",),
    "a": ("ae",),
    "aa": ("ae",), "a2": ("ae",), "a#": ("ah",), "A:": ("aa",), "A#": ("aa",), "0": ("aa",), "0#": ("aa",),
    "O:": ("ao",), "O": ("ao",), "O2": ("ao",), "V": ("ah",), "@": ("ah",), "@2": ("ah",), "@-": ("ah",), "@5": ("ah",),
    "@#": ("ah",),
    "u:": ("uw",), "u": ("uw",), "U": ("uh",), "3": ("er",), "3:": ("er",), "eI": ("ey",), "aI": ("ay",),
    "OI": ("oy",), "oU": ("ow",), "oU#": ("ow",), "aU": ("aw",),
    "@L": ("ah", "l"), "@l": ("ah", "l"), "n-": ("ah", "n"), "A@": ("aa", "r"), "e@": ("eh", "r"), "i@": ("ih", "r"),
    "i@3": ("ih", "r"), "U@": ("uh", "r"), "O@": ("ao", "r"), "o@": ("ao", "r"), "aI@": ("ay", "ah"),
    "aI3": ("ay", "er"), "aU@": ("aw", "er"), "IR": ("ih", "r"), "VR": ("ah", "r"),
}  # fmt: skip
"""espeak-ng's mnemonic -> ARPAbet; what it speaks as one may be two."""

VOWELS = frozenset(["aa", "ae", "ah", "ao", "aw", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw"])
_ONSETS = frozenset(
    [
        "b l",
        "b r",
        "d r",
        "d w",
        "f l",
        "f r",
        "g l",
        "g r",
        "g w",
        "hh w",
        "k l",
        "k r",
        "k w",
        "p l",
        "p r",
        "s k",
        "s l",
        "s m",
        "s n",
        "s p",
        "s t",
        "s w",
        "sh r",
        "t r",
        "t w",
        "th r",
        "th w",
        "s k r",
        "s k w",
        "s p l",
        "s p r",
        "s t r",
        "b y",
        "f y",
        "g y",
        "hh y",
        "k y",
        "m y",
        "n y",
        "p y",
        "v y",
        "s k y",
        "s p y",
    ]
)
"""Clusters that begin an English syllable; a single consonant does too, except ng."""


@dataclass(frozen=True, slots=True)
class Phone:
    name: str
    stressed: bool
    flag: str
    """s_begin, s_middle, s_end or s_both"""


def phonemes_of(spelled: str) -> Iterator[tuple[str, bool]]:
    """(mnemonic, whether a primary stress mark stands before it) of what `Espeak.spell` returns for a word."""
    for part in spelled.replace(" ", "|").replace("#|", "# |").split("|"):
        mnemonic = part.strip().lstrip("',%=_")
        if mnemonic and mnemonic != ";":
            yield mnemonic, "'" in part


def syllables(phones: Sequence[tuple[str, bool]]) -> list[Phone]:
    """ARPAbet phones with a stress on their vowels -> phones with their place in a syllable, by maximal onset."""
    nuclei = [place for place, (name, _) in enumerate(phones) if name in VOWELS]
    starts = [0]
    for before, after in pairwise(nuclei):
        start = after
        while start - 1 > before and _may_begin([name for name, _ in phones[start - 1 : after]]):
            start -= 1
        starts.append(start)
    found = []
    for start, end in zip(starts, [*starts[1:], len(phones)], strict=True):
        stressed = any(stress for _, stress in phones[start:end])
        for place in range(start, end):
            edge = "s_begin" if place == start else "s_end" if place == end - 1 else "s_middle"
            found.append(Phone(phones[place][0], stressed, "s_both" if end - start == 1 else edge))
    return found


def _may_begin(cluster: list[str]) -> bool:
    return cluster != ["ng"] if len(cluster) == 1 else " ".join(cluster) in _ONSETS
