"""Splits a text into sentences one at a time, so that the first can be spoken before the rest is read.

Every piece is a slice of the text, in order, with nothing left out. A sentence ends at 。！？, at the end of a line,
and at a full stop that is not part of `3.14`, `v2.0` or `1. Chapter`. Closing quotes and brackets and silent characters
stay with it. A sentence beyond the limit is split at its last comma, else at its strongest predicted break.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

SENTENCE_ENDS = "。！？!?｡"
LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"
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
    start = 0
    while start < len(text):
        end = _sentence_end(text, start, max_length, length_of, predict_breaks)
        yield text[start:end]
        start = end


def break_level(piece: str) -> int:
    """Returns the level of the break after a piece before more text: 4 at a sentence end, 3 inside a sentence."""
    for char in reversed(piece):
        if char in f"{SENTENCE_ENDS}{LINE_ENDS}.．":
            return 4
        if not _continues_end(char, open_quote=True):
            break
    return 3


def _sentence_end(
    text: str, start: int, max_length: int, length_of: Callable[[str], int], predict_breaks: BreakPredictor
) -> int:
    length = 0
    ended = False
    open_quote = False
    for position in range(start, len(text)):
        char = text[position]
        if ended and not _continues_end(char, open_quote):
            return position
        length += length_of(char)
        if length > max_length and position > start:
            return position if ended else _best_split(text, start, position, predict_breaks)
        open_quote ^= char == '"'
        ended = ended or _is_end(text, start, position)
    return len(text)


def _is_end(text: str, start: int, position: int) -> bool:
    char = text[position]
    if char not in ".．":
        return char in SENTENCE_ENDS or char in LINE_ENDS
    following = text[position + 1 : position + 2]
    before = text[start:position].strip()
    is_number = before.isdigit() or not before
    return not is_number and (following.isspace() or following in CLOSING_PUNCTUATION)


def _continues_end(char: str, open_quote: bool) -> bool:
    """Returns whether a character after the end of a sentence still belongs to the sentence."""
    if char == '"':
        return open_quote
    return char in f"{SENTENCE_ENDS}{CLOSING_PUNCTUATION}…" or unicodedata.category(char) in _SILENT_CATEGORIES


def _best_split(text: str, start: int, limit: int, predict_breaks: BreakPredictor) -> int:
    """Returns the best position in (start, limit] to split a sentence that does not end before `limit`."""
    earliest = start + max(1, (limit - start) // 4)
    for separators in (COMMAS, " \t\u3000"):
        for position in range(limit, earliest, -1):
            if text[position - 1] in separators and not _is_inside_token(text, position):
                return position
    return _split_between_words(text, start, earliest, limit, predict_breaks)


def _split_between_words(text: str, start: int, earliest: int, limit: int, predict_breaks: BreakPredictor) -> int:
    """Returns the position of the strongest break, the last one of several."""
    valid = [
        (level, start + offset)
        for offset, level in predict_breaks(text[start : limit + _LOOKAHEAD_CHARACTERS])
        if earliest <= start + offset <= limit
        and not _is_inside_token(text, start + offset)
        and not _is_ascii_digit(text[start + offset - 1])
    ]
    if valid:
        return max(valid)[1]
    digits_end = limit
    while digits_end < min(len(text), limit + _MIN_CODE_DIGITS) and _is_ascii_digit(text[digits_end]):
        digits_end += 1
    return max(start + 1, digits_end - _MIN_CODE_DIGITS) if digits_end > limit else limit


def _is_inside_token(text: str, position: int) -> bool:
    """Returns whether a number, an address or a Latin word continues across this position."""
    return _INSIDE_TOKEN.match(text, position - 1) is not None


def _is_ascii_digit(char: str) -> bool:
    return "0" <= char <= "9"
