"""Maps pinyin syllables to the phones of a voice, by rule: a Mandarin syllable is an initial and a final.

A syllable that begins with a vowel gets one of three glottal onsets. `ü` is written v throughout.
"""

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxzcsryw")
_FULL_FINALS = {"ui": "uei", "iu": "iou", "un": "uen"}
_APICAL_VOWELS = dict.fromkeys(("z", "c", "s"), "ii") | dict.fromkeys(("zh", "ch", "sh", "r"), "ih")
_GLOTTAL_ONSETS = {"a": "ga", "e": "ge", "o": "go"}
_SICHUAN_INITIALS = {"zh": "z", "ch": "c", "sh": "s"}
_FINALS_BY_INITIALS = {
    "": "a ai an ang ao e ei en eng er o ou",
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan un uo v ve",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan un uo v ve",
    "g k h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j q x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u uan ui un uo",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "c s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}
SYLLABLES = frozenset(
    initial + final
    for initials, finals in _FINALS_BY_INITIALS.items()
    for initial in initials.split(" ")
    for final in finals.split()
)
"""Every Mandarin syllable, without its tone: v is ü, but after j q x y ü is written u."""


def is_syllable(syllable: str) -> bool:
    """Returns whether this is a Mandarin syllable without its tone, with erhua or without."""
    return syllable in SYLLABLES or syllable.removesuffix("r") in SYLLABLES


def to_phones(syllable: str, language: str) -> tuple[str, str]:
    """Returns the initial and the final: `bei` -> (b_c, ei_c).

    `syllable` has no tone, and v for ü, also in `jv qvan`. A final r is erhua (`dianr` -> d_c, ianr_c). `language` is
    `PinYin` or `Sichuan`; the latter has no retroflex initials and writes u for ü after j q x y.
    """
    if is_erhua(syllable):
        initial, final = to_phones(syllable[:-1], language)
        return initial, f"{final.removesuffix('_c')}r_c"
    initial = next((initial for initial in _INITIALS if syllable.startswith(initial)), "")
    final = syllable.removeprefix(initial)
    if not initial:
        return _GLOTTAL_ONSETS.get(syllable[:1], "?"), f"{syllable}_c"
    if initial in "jqxy" and final.startswith("u"):
        final = "v" + final[1:]
    final = _FULL_FINALS.get(final, final)
    if language == "Sichuan":
        initial = _SICHUAN_INITIALS.get(initial, initial)
        if initial in "jqxy" and final == "v":
            final = "u"
    if final == "i":
        final = _APICAL_VOWELS.get(initial, "i")
    return ("xx_c" if initial == "x" else f"{initial}_c"), f"{final}_c"


def is_erhua(syllable: str) -> bool:
    """Returns whether a syllable without its tone ends in erhua: `dianr`, but not `er`."""
    return syllable != "er" and syllable.endswith("r")


def split_tone(syllable: str) -> tuple[str, str]:
    """Splits off the tone digit: `hao3` -> (`hao`, `3`)."""
    return syllable[:-1], syllable[-1]
