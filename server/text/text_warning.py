"""Warnings with their place: what is left out or read otherwise than it is written."""

from typing import Literal, NamedTuple

WarningCode = Literal[
    "unread_symbol",
    "unreadable_character",
    "unknown_reading",
    "spelled_letters",
    "not_pinyin",
    "ignored_element",
    "ignored_intensity",
]

WARNING_MESSAGES: dict[WarningCode, str] = {
    "unread_symbol": "this symbol is not read",
    "unreadable_character": "this character cannot be read and was skipped",
    "unknown_reading": "this character has no known reading and was skipped",
    "spelled_letters": "these letters are spelled by their Chinese names, since the voice is not trained on English",
    "not_pinyin": "this mark is not pinyin and is read as text",
    "ignored_element": "this element has no sound and was ignored",
    "ignored_intensity": "emotions have one intensity; this one was read as 1",
}


class TextWarning(NamedTuple):
    """One place of a text that a warning is about; `start` and `stop` are positions in that text."""

    code: WarningCode
    start: int
    stop: int
