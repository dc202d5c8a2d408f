"""The Mandarin and the English names of the Latin letters."""

from server.text.english.dictionary import Phones

MANDARIN_LETTER_NAMES: dict[str, tuple[str, ...]] = {
    letter: tuple(names.split())
    for letter, names in {
        "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4", "H": "ei2 chi5",
        "I": "ai4", "J": "zhei4", "K": "kei4", "L": "ai2 lou5", "M": "ai2 mu5", "N": "en1", "O": "ou1", "P": "pi4",
        "Q": "ke4 you5", "R": "a4 er5", "S": "ai2 si5", "T": "ti4", "U": "you1", "V": "wei1", "W": "da2 bu5 liu5",
        "X": "ai2 ke5 si5", "Y": "wai4", "Z": "zei4",
    }.items()
}  # fmt: skip
"""By capital letter, in pinyin."""

ENGLISH_LETTER_NAMES: dict[str, Phones] = {
    letter: tuple(phones.split())
    for letter, phones in {
        "a": "ey1", "b": "b iy1", "c": "s iy1", "d": "d iy1", "e": "iy1", "f": "eh1 f", "g": "jh iy1", "h": "ey1 ch",
        "i": "ay1", "j": "jh ey1", "k": "k ey1", "l": "eh1 l", "m": "eh1 m", "n": "eh1 n", "o": "ow1", "p": "p iy1",
        "q": "k y uw1", "r": "aa1 r", "s": "eh1 s", "t": "t iy1", "u": "y uw1", "v": "v iy1", "w": "d ah1 b ah l y uw",
        "x": "eh1 k s", "y": "w ay1", "z": "z iy1",
    }.items()
}  # fmt: skip
"""By small letter, in phones."""
