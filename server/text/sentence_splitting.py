"""Splits a text into sentences one at a time, so that the first can be spoken before the rest is read, or written.

Every piece is a slice of the text, in order, with nothing left out. A sentence ends at 。！？, at the end of a line,
and at a full stop that is not part of `3.14`, `v2.0` or `1. Chapter`. Closing quotes and brackets and silent characters
stay with it. A sentence beyond the limit is split at its last comma, else at its strongest predicted break.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from server.text.characters import PLACEHOLDER
from server.text.normalization.character_forms import plain_form

SENTENCE_ENDS = "。！？!?｡"
LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"
_STOPS = ".．"
"""They end a sentence only before a space or closing punctuation, and not after a number."""
CLOSING_PUNCTUATION = "”’」』》〉）)]】〕｝}»"
COMMAS = "，,；;：:、—…､"
_SILENT_CATEGORIES = frozenset({"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zs", "Zl", "Zp"})
_INSIDE_TOKEN = re.compile(r"[A-Za-z0-9.,:/%+~°$¥€£-]{2}")
_LOOKAHEAD_CHARACTERS = 6
"""Characters after the limit that are segmented too, so that the word at the limit is seen whole."""
_MIN_CODE_DIGITS = 9
"""A run of digits that must be split keeps at least so many on each side, so that both are read digit by digit."""

BreakPredictor = Callable[[str], Iterable[tuple[int, int]]]
"""Text -> (position between two words, break level from 0, inside a prosodic word, to 4)."""


def split_sentences(
    text: str, max_length: int, length_of: Callable[[str], int], predict_breaks: BreakPredictor
) -> Iterator[str]:
    """Yields slices of `text` up to `max_length`; `length_of` returns the length of one character, at least 1."""
    scanner = SentenceScanner(max_length, length_of, predict_breaks)
    start = 0
    while (end := scanner.find_end(text, start, len(text), final=True)) is not None:
        yield text[start:end]
        start = end


def break_level(piece: str) -> int:
    """Returns the level of the break after a piece before more text: 4 at a sentence end, 3 inside a sentence."""
    for char in reversed(piece):
        if char in f"{SENTENCE_ENDS}{LINE_ENDS}{_STOPS}":
            return 4
        if not _continues_end(char, open_quote=True):
            break
    return 3


class SentenceScanner:
    """Finds the end of one sentence after another, also in a text that grows: no character is scanned twice in vain."""

    def __init__(self, max_length: int, length_of: Callable[[str], int], predict_breaks: BreakPredictor) -> None:
        self._max_length = max_length
        self._length_of = length_of
        self._predict_breaks = predict_breaks
        self._restart()

    def _restart(self) -> None:
        self.scanned = 0
        """Characters of the sentence so far."""
        self.has_ended = False
        """Whether they contain the mark that ends the sentence. What follows can only be silent, or the next one."""
        self._length = 0
        self._open_quote = False

    def find_end(self, text: Sequence[str], start: int, stop: int, *, final: bool) -> int | None:
        """Returns the end of the sentence that begins at `start`, as far as `text[:stop]` decides it, else None.

        After None the next call continues the same sentence, in a text that has grown. With `final` nothing follows
        `stop`, and the result is None only without any text.
        """
        while (position := start + self.scanned) < stop:
            char = text[position]
            if self.has_ended and not _continues_end(char, self._open_quote):
                return self._end(position)
            length = self._length + self._length_of(char)
            if length > self._max_length and position > start:
                end = position if self.has_ended else self._best_split(text, start, position, stop, final)
                return None if end is None else self._end(end)
            if char in _STOPS and position + 1 == stop and not final:
                return None
            self._length = length
            self._open_quote ^= char == '"'
            self.has_ended = self.has_ended or _is_end(text, start, position, stop)
            self.scanned += 1
        return self._end(stop) if final and start < stop else None

    def _end(self, position: int) -> int:
        self._restart()
        return position

    def _best_split(self, text: Sequence[str], start: int, limit: int, stop: int, final: bool) -> int | None:
        """Returns the best position in (start, limit] to split a sentence that does not end before `limit`.

        Returns None if it depends on what follows `stop`.
        """
        earliest = start + max(1, (limit - start) // 4)
        for separators in (COMMAS, " \t\u3000"):
            for position in range(limit, earliest, -1):
                if text[position - 1] in separators and not _is_inside_token(text, position):
                    return position
        digits_end = limit
        while digits_end < min(stop, limit + _MIN_CODE_DIGITS) and _is_ascii_digit(text[digits_end]):
            digits_end += 1
        if not final and (stop < limit + _LOOKAHEAD_CHARACTERS or digits_end == stop < limit + _MIN_CODE_DIGITS):
            return None
        return self._split_between_words(text, start, earliest, limit, stop, digits_end)

    def _split_between_words(
        self, text: Sequence[str], start: int, earliest: int, limit: int, stop: int, digits_end: int
    ) -> int:
        """Returns the position of the strongest break, the last one of several; digits go on up to `digits_end`."""
        segmented = "".join(text[start : min(stop, limit + _LOOKAHEAD_CHARACTERS)])
        valid = [
            (level, start + offset)
            for offset, level in self._predict_breaks(segmented)
            if earliest <= start + offset <= limit
            and not _is_inside_token(text, start + offset)
            and not _is_ascii_digit(text[start + offset - 1])
        ]
        if valid:
            return max(valid)[1]
        return max(start + 1, digits_end - _MIN_CODE_DIGITS) if digits_end > limit else limit


def _is_end(text: Sequence[str], start: int, position: int, stop: int) -> bool:
    char = text[position]
    if char not in _STOPS:
        return char in SENTENCE_ENDS or char in LINE_ENDS
    following = text[position + 1] if position + 1 < stop else ""
    before = "".join(text[start:position]).strip()
    is_number = before.isdigit() or not before
    return not is_number and (following.isspace() or following in CLOSING_PUNCTUATION)


def _continues_end(char: str, open_quote: bool) -> bool:
    """Returns whether a character after the end of a sentence still belongs to the sentence."""
    if char == '"':
        return open_quote
    return char in f"{SENTENCE_ENDS}{CLOSING_PUNCTUATION}…" or _is_silent(char)


@lru_cache(maxsize=4096)
def _is_silent(char: str) -> bool:
    """Returns whether a character is not read: of the symbols ℃ and № are."""
    if unicodedata.category(char) not in _SILENT_CATEGORIES or char == PLACEHOLDER:
        return False
    return not any(map(str.isalnum, plain_form(char, "")))


def _is_inside_token(text: Sequence[str], position: int) -> bool:
    """Returns whether a number, an address or a Latin word continues across this position."""
    return _INSIDE_TOKEN.fullmatch("".join(text[position - 1 : position + 1])) is not None


def _is_ascii_digit(char: str) -> bool:
    return "0" <= char <= "9"
