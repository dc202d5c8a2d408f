"""Syllables that end in r, which espeak-ng's Mandarin lacks: spelled in its phonemes."""

FINALS = {
    "a": "A", "ai": "A", "an": "A", "ang": "A", "ao": "Au", "e": "o-", "ei": "", "en": "", "eng": "o-", "i": "i",
    "ia": "iA", "ian": "iA", "iang": "iA", "iao": "iAu", "ie": "iE", "in": "i", "ing": "i", "iong": "y", "iou": "iou",
    "o": "o", "ong": "u", "ou": "ou", "u": "u", "ua": "wA", "uai": "wA", "uan": "wA", "uang": "wA", "uei": "w",
    "uen": "w", "uo": "wo", "ih": "", "ii": "", "v": "y", "van": "yA", "ve": "yE", "vn": "y",
}  # fmt: skip
"""Final -> what stands before the r-coloured vowel: n and i disappear, ng leaves its vowel."""

INITIALS = {
    "b": "p", "p": "ph", "m": "m", "f": "f", "d": "t", "t": "th", "n": "n", "l": "l", "g": "k", "k": "kh", "h": "X",
    "j": "tS;", "q": "tS;h", "xx": "S;", "zh": "ts.", "ch": "ts.h", "sh": "s.", "r": "z.", "z": "ts", "c": "tsh",
    "s": "s", "y": "j", "w": "w",
}  # fmt: skip
TONES = {"1": "55", "2": "35", "3": "214", "4": "51", "5": "11"}
HALVES = {"1": ("55", "55"), "2": ("35", "55"), "3": ("21", "214"), "4": ("55", "51"), "5": ("11", "11")}
"""A tone spread over two vowels."""
QUICKER = 30
"""Percent: a syllable of two vowels would last half as long again as its neighbours."""


def spell(initial: str, final: str, tone: str) -> str:
    """KAN-TTS's phones, such as d_c and ianr_c, and a tone -> SSML for espeak-ng."""
    vowel = FINALS[final.removesuffix("_c").removesuffix("r")]
    onset = INITIALS.get(initial.removesuffix("_c"), "")
    if onset in ("j", "w") and vowel[:1] in ("i", "y", "w"):
        onset = ""
    if vowel in ("", "w"):
        return f"[[{onset}{vowel}@r{TONES[tone]}]] "
    first, second = HALVES[tone]
    return f"<prosody rate='+{QUICKER}%'>[[{onset}{vowel}{first}@r{second}]] </prosody>"
