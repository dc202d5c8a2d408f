"""Cuts a text into sentences, one at a time, so that the first can be spoken while the rest is still unread.

Every piece is a slice of the text, in order, with nothing left out. A sentence ends at 。！？ or a line's end, and at a
full stop that is none of `3.14`, `v2.0`, `1. Chapter`. Closing quotes, brackets and whatever is silent stay with it. A
sentence that would be too long to speak at once is cut at its last comma, else where its words part best.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator

ENDS = "。！？!?｡"
LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"
CLOSERS = "”’」』》〉）)]】〕｝}»"
COMMAS = "，,；;：:、—…､"
_QUIET = frozenset({"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zs", "Zl", "Zp"})
_GLUE = "0123456789.,:/%+-~°$¥€£"
_BEYOND = 6
"""Characters after the longest piece that are looked at too, so that the word at its end is seen whole."""
_SHORTEST_CODE = 9
"""A run of digits that must be cut leaves at least so many on either side that both halves are read digit by digit."""

Breaks = Callable[[str], Iterable[tuple[int, int]]]
"""The places between the words of a stretch, and how deep a break each would bear: 0 inside a prosodic word to 4."""


def split(text: str, longest: int, weigh: Callable[[str], int], breaks: Breaks) -> Iterator[str]:
    """Slices of `text` of a weight up to `longest`; `weigh` gives that of one character, at least 1."""
    start = 0
    while start < len(text):
        end = _end(text, start, longest, weigh, breaks)
        yield text[start:end]
        start = end


def level(piece: str) -> int:
    """Of the break after a piece that more text follows: 4 at the end of a sentence, 3 where one goes on."""
    place = len(piece)
    while place and _belongs(piece[place - 1], True) and piece[place - 1] not in ENDS + LINE_ENDS:
        place -= 1
    return 4 if place and piece[place - 1] in f"{ENDS}{LINE_ENDS}.．…" else 3


def _end(text: str, start: int, longest: int, weigh: Callable[[str], int], breaks: Breaks) -> int:
    weight = 0
    ended = False
    open_quote = False
    for place in range(start, len(text)):
        char = text[place]
        if ended and not _belongs(char, open_quote):
            return place
        weight += weigh(char)
        if weight > longest and place > start:
            return place if ended else _cut(text, start, place, breaks)
        open_quote ^= char == '"'
        ended = ended or _is_end(text, start, place)
    return len(text)


def _is_end(text: str, start: int, place: int) -> bool:
    char = text[place]
    if char in ENDS or char in LINE_ENDS:
        return True
    if char not in ".．":
        return False
    following = text[place + 1 : place + 2]
    before = text[start:place].strip()
    if before.isdigit() or not before:
        return False
    return not following or following.isspace() or following in CLOSERS


def _belongs(char: str, open_quote: bool) -> bool:
    """After the end of a sentence: does this character still belong to it?"""
    if char == '"':
        return open_quote
    return char in ENDS or char in CLOSERS or char == "…" or unicodedata.category(char) in _QUIET


def _cut(text: str, start: int, limit: int, breaks: Breaks) -> int:
    """The best place in (start, limit] to part a sentence that has no end before `limit`."""
    earliest = start + max(1, (limit - start) // 4)
    for marks in (COMMAS, " \t\u3000"):
        for place in range(limit, earliest, -1):
            if text[place - 1] in marks and not _glued(text, place):
                return place
    return _between_words(text, start, earliest, limit, breaks)


def _between_words(text: str, start: int, earliest: int, limit: int, breaks: Breaks) -> int:
    """Where the strongest break is, and the last of several."""
    places = [(level, start + place) for place, level in breaks(text[start : limit + _BEYOND])]
    fitting = [
        (level, place)
        for level, place in places
        if earliest <= place <= limit and not _glued(text, place) and not _is_ascii_digit(text[place - 1])
    ]
    if fitting:
        return max(fitting)[1]
    run = limit
    while run < min(len(text), limit + _SHORTEST_CODE) and _is_ascii_digit(text[run]):
        run += 1
    return max(start + 1, run - _SHORTEST_CODE) if run > limit else limit


def _glued(text: str, place: int) -> bool:
    """Would a cut here tear a number, an address or a Latin word?"""
    around = text[place - 1 : place + 1]
    return len(around) == 2 and all(char in _GLUE or (char.isascii() and char.isalpha()) for char in around)


def _is_ascii_digit(char: str) -> bool:
    return "0" <= char <= "9"
