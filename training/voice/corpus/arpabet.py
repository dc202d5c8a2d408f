"""Maps espeak-ng's English phonemes to ARPAbet phones with syllable flags, as KAN-TTS labels English."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server.text.english.syllables import split_syllables

ARPABET: dict[str, tuple[str, ...]] = {
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
"""espeak-ng's mnemonic -> one or two ARPAbet phones. `O@` and `o@` include an r."""

_BEFORE_R = {mnemonic: phones[:1] for mnemonic, phones in ARPABET.items() if phones[1:] == ("r",)} | {"i@": ("ih",)}
"""Vowels that include an r lose it where espeak-ng writes the r as a phoneme too: story, theory."""
_PALATALIZED = frozenset(["I", "I2", "I#"])
"""Short vowels that are long (iy) before `;`, which espeak-ng writes between them and the next vowel: studio."""


@dataclass(frozen=True, slots=True)
class EnglishPhoneme:
    """A phoneme of espeak-ng and its ARPAbet phones."""

    mnemonic: str
    phones: tuple[str, ...]
    """Empty where the phoneme is a part of the one before: the r of `history` belongs to er."""
    stressed: bool
    """Whether it carries the primary stress mark."""
    known: bool
    """Whether `ARPABET` has the mnemonic."""


@dataclass(frozen=True, slots=True)
class SyllablePhone:
    """An ARPAbet phone with its position in the syllable."""

    name: str
    stressed: bool
    """Whether its syllable is stressed."""
    flag: str
    """s_begin, s_middle, s_end or s_both"""


def to_arpabet(transcription: str) -> Iterator[EnglishPhoneme]:
    """Reads a word's transcription, as `Espeak.transcribe` returns it."""
    marked = [(mark.strip(), "'" in mark) for mark in transcription.replace(" ", "|").replace("#|", "# |").split("|")]
    mnemonics = [(mark.lstrip("',%=_"), stressed) for mark, stressed in marked if mark.lstrip("',%=_")]
    previous: tuple[str, ...] = ()
    for index, (mnemonic, stressed) in enumerate(mnemonics):
        if mnemonic == ";":
            continue
        following = mnemonics[index + 1][0] if index + 1 < len(mnemonics) else ""
        phones = ARPABET.get(mnemonic, ())
        if mnemonic in _PALATALIZED and following == ";":
            phones = ("iy",)
        if following == "r":
            phones = _BEFORE_R.get(mnemonic, phones)
        merged = mnemonic == "r" and previous[-1:] == ("er",)
        yield EnglishPhoneme(mnemonic, () if merged else phones, stressed, known=mnemonic in ARPABET)
        previous = phones


def syllabify(phones: Sequence[tuple[str, bool]]) -> list[SyllablePhone]:
    """Divides (ARPAbet phone, stressed vowel) pairs into syllables, with the boundaries of the server's front end."""
    result: list[SyllablePhone] = []
    for part in split_syllables([name for name, _ in phones]):
        start, end = len(result), len(result) + len(part)
        stressed = any(stress for _, stress in phones[start:end])
        for index in range(start, end):
            edge = "s_begin" if index == start else "s_end" if index == end - 1 else "s_middle"
            result.append(SyllablePhone(phones[index][0], stressed, "s_both" if end - start == 1 else edge))
    return result
