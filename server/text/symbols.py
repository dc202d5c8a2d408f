"""Spoken syllables -> the symbol line that KAN-TTS voices were trained on."""

from collections.abc import Iterator, Sequence

from server.errors import RequestError
from server.text.syllables import split_tone, to_phones
from server.text.units import UnitTables

BREAK_EMOTION = "emotion_none"
"""Breaks have no emotion of their own. The trainer wrote emotion_neutral here, the original front end this."""


def write_phones(
    words: Sequence[Sequence[str]], levels: Sequence[int], tables: UnitTables, *, speaker: str, emotion: str
) -> str:
    """One line for a sentence: `words` are prosodic words of syllables such as `hao3`, each followed by its break.

    Raises `RequestError` naming the syllable for which the voice has no phones.
    """
    units: list[str] = []
    for syllables, level in zip(words, levels, strict=True):
        phones = [phone for syllable in syllables for phone in _phones(syllable, tables)]
        for place, (phone, tone, flag) in enumerate(phones):
            units.append(f"{{{phone}$tone{tone}${flag}${_word_flag(place, len(phones))}${emotion}${speaker}}}")
        units.append(f"{{#{level}$tone_none$s_none$word_none${BREAK_EMOTION}${speaker}}}")
    return " ".join(units)


def write_bytes(text: str, *, speaker: str, emotion: str) -> str:
    """One line for a voice that reads the UTF-8 bytes of a sentence."""
    return " ".join(f"{{{byte}${emotion}${speaker}}}" for byte in text.encode("utf-8"))


def _phones(syllable: str, tables: UnitTables) -> Iterator[tuple[str, str, str]]:
    """(phone, tone digit, syllable flag) of the two halves of a syllable."""
    base, tone = split_tone(syllable)
    for phone, flag in zip(to_phones(base, tables.language), ("s_begin", "s_end"), strict=True):
        if phone not in tables.phones:
            raise RequestError(
                f"voice {tables.voice!r} has no phone {phone!r}, which the syllable {syllable!r} needs; "
                "rewrite the text, or give symbols that the voice knows",
                param="input",
                code="unknown_phone",
            )
        yield phone, tone, flag


def _word_flag(place: int, phones: int) -> str:
    """A prosodic word has two phones at least, so `word_both` never occurs here."""
    return "word_begin" if place == 0 else "word_end" if place == phones - 1 else "word_middle"
