"""Latin letters by the names that Chinese speakers give them, in Mandarin syllables."""

LETTERS: dict[str, tuple[str, ...]] = {
    letter: tuple(names.split())
    for letter, names in {
        "A": "ei1",
        "B": "bi4",
        "C": "xi1",
        "D": "di4",
        "E": "yi4",
        "F": "ai2 fu5",
        "G": "ji4",
        "H": "ei2 chi5",
        "I": "ai4",
        "J": "zhei4",
        "K": "kei4",
        "L": "ai2 lou5",
        "M": "ai2 mu5",
        "N": "en1",
        "O": "ou1",
        "P": "pi4",
        "Q": "ke4 you5",
        "R": "a4 er5",
        "S": "ai2 si5",
        "T": "ti4",
        "U": "you1",
        "V": "wei1",
        "W": "da2 bu5 liu5",
        "X": "ai2 ke5 si5",
        "Y": "wai4",
        "Z": "zei4",
    }.items()
}
