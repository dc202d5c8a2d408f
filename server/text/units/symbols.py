"""Spoken syllables -> the symbols that KAN-TTS voices were trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from server.errors import RequestError
from server.text.units.syllables import is_erhua, split_tone, to_phones
from server.text.units.unit_tables import UnitTables
from server.text.words import ProsodicWord, Syllable

BREAK_EMOTION = "emotion_none"
"""Breaks have no emotion of their own. The trainer wrote emotion_neutral here, the original front end this."""


class Written(NamedTuple):
    """A symbol without its emotion and speaker, and the characters of the normalised sentence that it stands for."""

    symbol: str
    start: int
    end: int
    is_break: bool = False

    def spoken(self, speaker: str, emotion: str) -> str:
        return f"{{{self.symbol}${BREAK_EMOTION if self.is_break else emotion}${speaker}}}"


def write_phones(phrase: Sequence[ProsodicWord], tables: UnitTables) -> Iterator[Written]:
    """All of a sentence; a break stands for nothing, at the end of what is before it.

    Raises `RequestError` naming the syllable for which the voice has no phones.
    """
    for group in phrase:
        spoken = [part for syllable in group.syllables for part in _parts(syllable, tables)]
        phones = [(syllable, *phone) for syllable in spoken for phone in _phones(syllable, tables)]
        for place, (syllable, phone, tone, flag) in enumerate(phones):
            symbol = f"{phone}${tone}${flag}${_flag('word', place, len(phones))}"
            yield Written(symbol, syllable.start, syllable.end)
        end = group.syllables[-1].end
        yield Written(f"#{group.level}$tone_none$s_none$word_none", end, end, is_break=True)


def write_bytes(text: str) -> Iterator[Written]:
    """For a voice that reads the UTF-8 bytes of a sentence."""
    for place, char in enumerate(text):
        for byte in char.encode("utf-8"):
            yield Written(str(byte), place, place + 1)


def _parts(syllable: Syllable, tables: UnitTables) -> tuple[Syllable, ...]:
    """A syllable with erhua as two, the second `er5`, where the voice cannot speak it as one."""
    base, tone = split_tone(syllable.pinyin) if syllable.pinyin else ("", "")
    if not is_erhua(base):
        return (syllable,)
    if "erhua" not in tables.untrained and tables.phones.issuperset(to_phones(base, tables.language)):
        return (syllable,)
    own = len(syllable.text) > 1  # 儿 is written, and is spoken alone
    return (
        replace(syllable, pinyin=base.removesuffix("r") + tone, end=syllable.end - own),
        replace(syllable, pinyin="er5", start=syllable.end - 1 if own else syllable.start),
    )


def _phones(syllable: Syllable, tables: UnitTables) -> Iterator[tuple[str, str, str]]:
    """(phone, tone, syllable flag) of the two halves of a Mandarin syllable, or of all phones of an English one."""
    if syllable.phones:
        phones, tone = syllable.phones, "tone1" if syllable.stressed else "tone0"
    else:
        base, digit = split_tone(syllable.pinyin)
        phones, tone = to_phones(base, tables.language), f"tone{digit}"
    for place, phone in enumerate(phones):
        if phone not in tables.phones:
            raise RequestError(
                f"voice {tables.voice!r} has no phone {phone!r}, which {syllable.pinyin or syllable.text!r} needs; "
                "rewrite the text, or give symbols that the voice knows",
                param="input",
                code="unknown_phone",
            )
        yield phone, tone, _flag("s", place, len(phones))


def _flag(kind: str, place: int, count: int) -> str:
    """`s_begin`, `word_end` ...: where a phone stands in its syllable, or in its prosodic word."""
    if count == 1:
        return f"{kind}_both"
    return f"{kind}_begin" if place == 0 else f"{kind}_end" if place == count - 1 else f"{kind}_middle"
