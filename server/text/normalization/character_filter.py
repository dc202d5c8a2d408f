"""Keeps the characters that can be read, drops or names emoji, and warns of everything else."""

import re
import unicodedata

from server.text.characters import HAN
from server.text.normalization.character_forms import is_latin, plain_form
from server.text.normalization.emoji import Emoji, emoji_name, find_emoji
from server.text.normalization.punctuation import EQUIVALENTS, PUNCTUATION, SYMBOL_NAMES
from server.text.normalization.rewriting import AlignedText, Span
from server.text.text_warning import TextWarning

_READABLE = re.compile(rf"[{HAN}0-9A-Za-z ]")
_SYMBOLS = frozenset("\"'{}<>#*_^|\\`$%+=~-−–°±×÷≥≤≈≠√‰‱¥€£·•/.") | {*PUNCTUATION, *EQUIVALENTS, *SYMBOL_NAMES}
"""Symbols that the rules need; those that no rule reads are silent."""
_QUOTES = frozenset("“”‘’「」『』《》〈〉«»„‟‹›〝〞")
_APOSTROPHES = "'’＇"
"""Between two Latin letters they belong to the word: don't."""
_COMBINING_CATEGORIES = ("Mn", "Me")
"""Marks that belong to the character before them, and are not read."""
_MAX_LISTED_CHARACTERS = 8
"""In a warning."""


def filter_characters(text: str, emoji: Emoji) -> tuple[AlignedText, tuple[str, ...], tuple[TextWarning, ...]]:
    """Returns the readable text in plain character forms, warnings that list what was dropped, and where that was."""
    return _CharacterFilter(text, names_emoji=emoji == "name").run()


class _CharacterFilter:
    def __init__(self, text: str, *, names_emoji: bool) -> None:
        self._text = text
        self._names_emoji = names_emoji
        self._kept: list[tuple[str, Span]] = []
        self._last = ""
        """The last character that was kept."""
        self._previous_emoji = ""
        """The emoji right before the position, if any."""
        self._unread: dict[str, None] = {}
        self._unknown: dict[str, None] = {}
        self._places: list[TextWarning] = []

    def run(self) -> tuple[AlignedText, tuple[str, ...], tuple[TextWarning, ...]]:
        emoji_ends = dict(find_emoji(self._text))
        position = 0
        while position < len(self._text):
            end = emoji_ends.get(position, position + 1)
            if position in emoji_ends:
                self._add_emoji(position, end)
            else:
                self._add_character(position)
            position = end
        warnings = []
        if self._unread:
            warnings.append(f"emoji and symbols are not read: {_listed(self._unread)}")
        if self._unknown:
            warnings.append(f"characters that cannot be read were skipped: {_listed(self._unknown)}")
        return AlignedText.from_pieces(self._kept), tuple(warnings), tuple(self._places)

    def _keep(self, text: str, start: int, end: int) -> None:
        self._kept.append((text, (start, end)))
        self._last = text[-1:] or self._last

    def _add_emoji(self, position: int, end: int) -> None:
        emoji = self._text[position:end]
        name = emoji_name(emoji) if self._names_emoji else ""
        if not name:
            self._unread[emoji] = None
            self._places.append(TextWarning("unread_symbol", position, end))
        spoken = " "
        if name and emoji != self._previous_emoji:  # a repeated emoji is named once
            before = "，" if self._last.strip() else ""
            after = "，" if self._text[end : end + 1].isalnum() else " "
            spoken = before + name + after
        self._keep(spoken, position, end)
        self._previous_emoji = emoji

    def _add_character(self, position: int) -> None:
        self._previous_emoji = ""
        before = self._text[position - 1] if position else ""
        for char in plain_form(self._text[position], before):
            self._keep(self._readable_form(char, position), position, position + 1)
        if unicodedata.category(self._text[position]) in _COMBINING_CATEGORIES and len(self._kept) > 1:
            self._kept.pop()
            text, (start, _) = self._kept.pop()
            self._kept.append((text, (start, position + 1)))

    def _readable_form(self, char: str, position: int) -> str:
        """Returns what is kept for a plain character of the one at `position`; empty if it is dropped."""
        following = self._text[position + 1 : position + 2]
        if char in _APOSTROPHES and is_latin(self._last) and is_latin(following):
            return "'"
        if char in _QUOTES or (char in "\"'" and not self._last.isdigit() and self._last != "'"):
            return ""
        if _READABLE.match(char) or char in _SYMBOLS or unicodedata.category(char) == "Sc":
            return char
        return self._substitute(char, position)

    def _substitute(self, char: str, position: int) -> str:
        if char.isspace():
            return " "
        base = unicodedata.normalize("NFD", char)[0]
        if is_latin(base):
            return base
        category = unicodedata.category(char)
        if category in ("So", "Sk"):
            self._unread[char] = None
            self._places.append(TextWarning("unread_symbol", position, position + 1))
            return " "
        if category not in ("Cf", *_COMBINING_CATEGORIES):
            self._unknown[char] = None
            self._places.append(TextWarning("unreadable_character", position, position + 1))
        return ""


def _listed(chars: dict[str, None]) -> str:
    listed = [
        char if len(char) > 1 or char.isprintable() else f"U+{ord(char):04X}"
        for char in list(chars)[:_MAX_LISTED_CHARACTERS]
    ]
    return " ".join(listed) + (" ..." if len(chars) > _MAX_LISTED_CHARACTERS else "")
