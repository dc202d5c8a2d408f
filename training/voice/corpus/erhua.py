"""Erhua syllables (final + r) in espeak-ng's phonemes: its Mandarin voice does not have them."""

FINALS = {
    "a": "A", "ai": "A", "an": "A", "ang": "A", "ao": "Au", "e": "o-", "ei": "", "en": "", "eng": "o-", "i": "i",
    "ia": "iA", "ian": "iA", "iang": "iA", "iao": "iAu", "ie": "iE", "in": "i", "ing": "i", "iong": "y", "iou": "iou",
    "o": "o", "ong": "u", "ou": "ou", "u": "u", "ua": "wA", "uai": "wA", "uan": "wA", "uang": "wA", "uei": "w",
    "uen": "w", "uo": "wo", "ih": "", "ii": "", "v": "y", "van": "yA", "ve": "yE", "vn": "y",
}  # fmt: skip
"""Final -> the phonemes before the r-colored vowel: final n and i are dropped, ng leaves its vowel."""

INITIALS = {
    "b": "p", "p": "ph", "m": "m", "f": "f", "d": "t", "t": "th", "n": "n", "l": "l", "g": "k", "k": "kh", "h": "X",
    "j": "tS;", "q": "tS;h", "xx": "S;", "zh": "ts.", "ch": "ts.h", "sh": "s.", "r": "z.", "z": "ts", "c": "tsh",
    "s": "s", "y": "j", "w": "w",
}  # fmt: skip
TONE_CONTOURS = {"1": "55", "2": "35", "3": "214", "4": "51", "5": "11"}
SPLIT_CONTOURS = {"1": ("55", "55"), "2": ("35", "55"), "3": ("21", "214"), "4": ("55", "51"), "5": ("11", "11")}
"""A tone contour divided over two vowels."""
RATE_INCREASE = 30
"""Percent. Without it a syllable of two vowels lasts 1.5 times as long as its neighbors."""


def erhua_ssml(initial: str, final: str, tone: str) -> str:
    """Returns SSML for espeak-ng, from KAN-TTS's phones, such as d_c and ianr_c, and a tone."""
    vowel = FINALS[final.removesuffix("_c").removesuffix("r")]
    onset = INITIALS.get(initial.removesuffix("_c"), "")
    if onset in ("j", "w") and vowel[:1] in ("i", "y", "w"):
        onset = ""
    if vowel in ("", "w"):
        return f"[[{onset}{vowel}@r{TONE_CONTOURS[tone]}]] "
    first, second = SPLIT_CONTOURS[tone]
    return f"<prosody rate='+{RATE_INCREASE}%'>[[{onset}{vowel}{first}@r{second}]] </prosody>"
