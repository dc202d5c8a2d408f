"""Pinyin syllables -> the phones of a voice, by rule: every Mandarin syllable is an initial and a final.

A syllable that begins with a vowel gets one of three glottal onsets. `ü` is written v throughout.
"""

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxzcsryw")
_FINALS = {"ui": "uei", "iu": "iou", "un": "uen"}
_APICAL = dict.fromkeys(("z", "c", "s"), "ii") | dict.fromkeys(("zh", "ch", "sh", "r"), "ih")
_ONSETS = {"a": "ga", "e": "ge", "o": "go"}
_SICHUAN_INITIALS = {"zh": "z", "ch": "c", "sh": "s"}


def to_phones(syllable: str, language: str) -> tuple[str, str]:
    """`bei` -> (b_c, ei_c). The syllable comes without its tone and with v for ü, also in `jv qvan`.

    A final r is erhua (`dianr` -> d_c, ianr_c). The language is `PinYin` or `Sichuan`; the latter has no retroflex
    initials and writes u for ü after j q x y.
    """
    if syllable != "er" and syllable.endswith("r"):
        initial, final = to_phones(syllable[:-1], language)
        return initial, f"{final.removesuffix('_c')}r_c"
    initial = next((initial for initial in _INITIALS if syllable.startswith(initial)), "")
    final = syllable.removeprefix(initial)
    if not initial:
        return _ONSETS.get(syllable[:1], "?"), f"{syllable}_c"
    if initial in "jqxy" and final.startswith("u"):
        final = "v" + final[1:]
    final = _FINALS.get(final, final)
    if language == "Sichuan":
        initial = _SICHUAN_INITIALS.get(initial, initial)
        if initial in "jqxy" and final == "v":
            final = "u"
    if final == "i":
        final = _APICAL.get(initial, "i")
    return ("xx_c" if initial == "x" else f"{initial}_c"), f"{final}_c"


def split_tone(syllable: str) -> tuple[str, str]:
    """`hao3` -> (`hao`, `3`)."""
    return syllable[:-1], syllable[-1]
