"""Maps pinyin syllables to the phones of a voice, by rule: a Mandarin syllable is an initial and a final.

A syllable that begins with a vowel gets one of three glottal onsets. `ü` is written v throughout.
"""

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxzcsryw")
_FULL_FINALS = {"ui": "uei", "iu": "iou", "un": "uen"}
_APICAL_VOWELS = dict.fromkeys(("z", "c", "s"), "ii") | dict.fromkeys(("zh", "ch", "sh", "r"), "ih")
_GLOTTAL_ONSETS = {"a": "ga", "e": "ge", "o": "go"}
_SICHUAN_INITIALS = {"zh": "z", "ch": "c", "sh": "s"}


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
