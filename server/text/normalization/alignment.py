"""Aligns the reading of a written text with its parts: in `25°C`, 25 is read 二十五 and °C 摄氏度."""

import re
from collections.abc import Iterator, Sequence

from server.text.normalization.numerals import cardinal, number, spell_digits

Span = tuple[int, int]
"""Where a part of a text begins and ends."""

_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


def align_spans(spans: Sequence[Span], old: str, new: str) -> list[Span]:
    """The span of each character of `new`, which replaces `old`; `spans`, never empty, are those of `old`.

    The numbers of `old` divide both texts, where each is found in `new` and has text before and after it in both or in
    neither. A number that is read digit by digit gives each digit its span. A part that cannot be divided further has
    one span.
    """
    aligned: list[Span] = []
    parts = list(_divide(old, new))
    if any(bool(first) != bool(second) for first, second in parts):
        parts = [(old, new)]  # such as 百分之二十五, which reads the sign before the number
    position = 0
    for written, spoken in parts:
        own = spans[position : position + len(written)] or spans
        position += len(written)
        if _is_spelled(written, spoken):
            aligned += own
        elif spoken:
            aligned += [(own[0][0], own[-1][1])] * len(spoken)
    return aligned


def common_prefix(first: str, second: str) -> int:
    """How many characters two texts have in common at their start."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length


def _is_spelled(written: str, spoken: str) -> bool:
    """Whether a number is read digit by digit."""
    return written.isdecimal() and spoken in (spell_digits(written), spell_digits(written, yao=True))


def _divide(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yields the parts of both texts in order: numbers with their readings, and what lies between them."""
    old_end = new_end = 0
    for match in _NUMBER.finditer(old):
        for reading in _readings(match[0]):
            start = new.find(reading, new_end)
            if start >= 0:
                yield old[old_end : match.start()], new[new_end:start]
                yield match[0], reading
                old_end, new_end = match.end(), start + len(reading)
                break
    yield old[old_end:], new[new_end:]


def _readings(written: str) -> tuple[str, ...]:
    """The readings of a number in digits, from the longest."""
    readings = {number(written), spell_digits(written), spell_digits(written, yao=True)}
    if written.isdecimal():
        readings.add(cardinal(written.lstrip("0") or "0"))
    readings |= {"两"} if written == "2" else set()
    return tuple(sorted(readings, key=lambda reading: (-len(reading), reading)))
