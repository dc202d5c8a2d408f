"""espeak-ng's English phonemes -> ARPAbet in syllables, as KAN-TTS writes English units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server.text.english.syllables import split_syllables

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
    "@L": ("ah", "l"), "@l": ("ah", "l"), "n-": ("ah", "n"), "A@": ("aa", "r"), "e@": ("eh", "r"), "i@": ("iy", "ah"),
    "i@3": ("ih", "r"), "U@": ("uh", "r"), "O@": ("ao", "r"), "o@": ("ao", "r"), "aI@": ("ay", "ah"),
    "aI3": ("ay", "er"), "aU@": ("aw", "er"), "IR": ("ih", "r"), "VR": ("ah", "r"),
}  # fmt: skip
"""espeak-ng's mnemonic -> ARPAbet; what it speaks as one may be two. Its r is not written twice: o@ and r are ao r."""

_BEFORE_R = {mnemonic: phones[:1] for mnemonic, phones in PHONES.items() if phones[1:] == ("r",)} | {"i@": ("ih",)}
"""Vowels whose own r is the one that is written behind them: story, theory."""
_GLIDED = frozenset(["I", "I2", "I#"])
"""Before another vowel espeak-ng writes `;` between them, and English has its long vowel there: studio."""


@dataclass(frozen=True, slots=True)
class Sound:
    mnemonic: str
    phones: tuple[str, ...]
    """ARPAbet; none where the phone before lasts on: the r of `history` is a part of er"""
    stressed: bool
    """whether a primary stress mark stands before it"""
    known: bool


@dataclass(frozen=True, slots=True)
class Phone:
    name: str
    stressed: bool
    flag: str
    """s_begin, s_middle, s_end or s_both"""


def transcribe(spelled: str) -> Iterator[Sound]:
    """What `Espeak.spell` returns for a word."""
    marked = [(mark.strip(), "'" in mark) for mark in spelled.replace(" ", "|").replace("#|", "# |").split("|")]
    sounds = [(mark.lstrip("',%=_"), stressed) for mark, stressed in marked if mark.lstrip("',%=_")]
    before: tuple[str, ...] = ()
    for place, (mnemonic, stressed) in enumerate(sounds):
        if mnemonic == ";":
            continue
        following = sounds[place + 1][0] if place + 1 < len(sounds) else ""
        phones = PHONES.get(mnemonic, ())
        if mnemonic in _GLIDED and following == ";":
            phones = ("iy",)
        if following == "r":
            phones = _BEFORE_R.get(mnemonic, phones)
        said = () if mnemonic == "r" and before[-1:] == ("er",) else phones
        yield Sound(mnemonic, said, stressed, known=mnemonic in PHONES)
        before = phones


def syllables(phones: Sequence[tuple[str, bool]]) -> list[Phone]:
    """ARPAbet phones with a stress on their vowels -> phones with their places in syllables, which the server cuts."""
    found: list[Phone] = []
    for part in split_syllables([name for name, _ in phones]):
        start, end = len(found), len(found) + len(part)
        stressed = any(stress for _, stress in phones[start:end])
        for place in range(start, end):
            edge = "s_begin" if place == start else "s_end" if place == end - 1 else "s_middle"
            found.append(Phone(phones[place][0], stressed, "s_both" if end - start == 1 else edge))
    return found
