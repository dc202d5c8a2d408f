"""Converts spoken syllables to the symbols that KAN-TTS voices were trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from server.errors import RequestError
from server.text.units.syllables import is_erhua, split_tone, to_phones
from server.text.units.unit_tables import UnitTables
from server.text.words import ProsodicWord, Syllable

BREAK_EMOTION = "emotion_none"
"""The emotion of a break, as the original front end writes it. KAN-TTS's trainer writes emotion_neutral instead."""


class UnitSymbol(NamedTuple):
    """A symbol without its emotion and speaker, and its characters in the normalized sentence."""

    symbol: str
    start: int
    end: int
    is_break: bool = False
    syllable: int | None = None
    """Index of its syllable in the sentence; None for a break and for a byte."""

    def format(self, speaker: str, emotion: str) -> str:
        """Returns the complete symbol, `{b_c$tone3$s_begin$word_begin$emotion_neutral$F7}`."""
        return f"{{{self.symbol}${BREAK_EMOTION if self.is_break else emotion}${speaker}}}"


def phone_symbols(prosodic_words: Sequence[ProsodicWord], tables: UnitTables) -> Iterator[UnitSymbol]:
    """Yields the symbols of a sentence for a voice that reads phones.

    A break has an empty span at the end of its prosodic word. Raises `RequestError` naming the syllable for which the
    voice has no phones.
    """
    count = 0
    for prosodic_word in prosodic_words:
        numbered = enumerate(prosodic_word.syllables, count)
        count += len(prosodic_word.syllables)
        syllables = [(number, part) for number, syllable in numbered for part in _split_erhua(syllable, tables)]
        phones = [(number, syllable, *phone) for number, syllable in syllables for phone in _phones(syllable, tables)]
        for index, (number, syllable, phone, tone, flag) in enumerate(phones):
            symbol = f"{phone}${tone}${flag}${_position_flag('word', index, len(phones))}"
            yield UnitSymbol(symbol, syllable.start, syllable.end, syllable=number)
        end = prosodic_word.syllables[-1].end
        yield UnitSymbol(f"#{prosodic_word.break_level}$tone_none$s_none$word_none", end, end, is_break=True)


def byte_symbols(text: str) -> Iterator[UnitSymbol]:
    """Yields the symbols of a normalized sentence for a voice that reads UTF-8 bytes."""
    for index, char in enumerate(text):
        for byte in char.encode("utf-8"):
            yield UnitSymbol(str(byte), index, index + 1)


def _split_erhua(syllable: Syllable, tables: UnitTables) -> tuple[Syllable, ...]:
    """Splits a syllable with erhua in two, the second `er5`, if the voice cannot speak it as one."""
    base, tone = syllable.pinyin[:-1], syllable.pinyin[-1:]
    if not is_erhua(base):
        return (syllable,)
    if "erhua" not in tables.untrained and tables.phones.issuperset(to_phones(base, tables.language)):
        return (syllable,)
    has_er = len(syllable.text) > 1  # the text contains 儿 as a character of its own
    return (
        replace(syllable, pinyin=base.removesuffix("r") + tone, end=syllable.end - has_er),
        replace(syllable, pinyin="er5", start=syllable.end - 1 if has_er else syllable.start),
    )


def _phones(syllable: Syllable, tables: UnitTables) -> Iterator[tuple[str, str, str]]:
    """Yields (phone, tone, syllable flag): two of a Mandarin syllable, all phones of an English one."""
    if syllable.phones:
        phones, tone = syllable.phones, "tone1" if syllable.stressed else "tone0"
    else:
        base, digit = split_tone(syllable.pinyin)
        phones, tone = to_phones(base, tables.language), f"tone{digit}"
    for index, phone in enumerate(phones):
        if phone not in tables.phones:
            raise RequestError(
                f"voice {tables.voice!r} has no phone {phone!r}, which {syllable.pinyin or syllable.text!r} needs; "
                "rewrite the text, or give symbols that the voice has",
                param="input",
                code="unknown_phone",
            )
        yield phone, tone, _position_flag("s", index, len(phones))


def _position_flag(prefix: str, index: int, count: int) -> str:
    """Returns `s_begin`, `word_end` ...: the position of a phone in its syllable or in its prosodic word."""
    if count == 1:
        return f"{prefix}_both"
    return f"{prefix}_begin" if index == 0 else f"{prefix}_end" if index == count - 1 else f"{prefix}_middle"
