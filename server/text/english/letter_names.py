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
GREEK = {
    "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "Δ": "德尔塔", "ε": "艾普西龙", "ζ": "泽塔", "η": "伊塔",
    "θ": "西塔",
    "κ": "卡帕", "λ": "兰布达", "μ": "缪", "ξ": "克西", "π": "派", "ρ": "柔", "σ": "西格玛", "Σ": "西格玛", "τ": "陶",
    "φ": "斐", "χ": "希", "ψ": "普西", "ω": "欧米伽",
}  # fmt: skip
"""Greek letters by the characters that stand for them."""
