"""Aligns the reading of a written text with its parts: in `25°C`, 25 is read 二十五 and °C 摄氏度."""

import re
from collections.abc import Iterator

from server.text.normalization.numerals import cardinal, number, spell_digits

_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


def align(written: str, spoken: str) -> list[tuple[str, str]]:
    """Divides a written text and its reading into the same parts, in order: (written, spoken), neither empty.

    The numbers of the written text divide both, where each is found in the reading and has text before and after it in
    both or in neither; a number that is read digit by digit is divided into its digits. Otherwise there is one part,
    which is empty only where a whole text is.
    """
    parts = [part for part in _divide(written, spoken) if any(part)]
    if not all(map(all, parts)):
        return [(written, spoken)]  # such as 百分之二十五, which reads the sign before the number
    return [piece for part in parts for piece in (zip(*part, strict=True) if _is_spelled(*part) else [part])]


def common_prefix(first: str, second: str) -> int:
    """How many characters two texts have in common at their start."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length


def _divide(written: str, spoken: str) -> Iterator[tuple[str, str]]:
    """Yields the numbers with their readings, and what lies between them."""
    written_end = spoken_end = 0
    for match in _NUMBER.finditer(written):
        for reading in _readings(match[0]):
            start = spoken.find(reading, spoken_end)
            if start >= 0:
                yield written[written_end : match.start()], spoken[spoken_end:start]
                yield match[0], reading
                written_end, spoken_end = match.end(), start + len(reading)
                break
    yield written[written_end:], spoken[spoken_end:]


def _readings(digits: str) -> tuple[str, ...]:
    """The readings of a number, from the longest."""
    readings = {number(digits), spell_digits(digits), spell_digits(digits, yao=True)}
    if digits.isdecimal():
        readings.add(cardinal(digits.lstrip("0") or "0"))
    readings |= {"两"} if digits == "2" else set()
    return tuple(sorted(readings, key=lambda reading: (-len(reading), reading)))


def _is_spelled(written: str, spoken: str) -> bool:
    """Whether a number is read digit by digit."""
    return written.isdecimal() and spoken in (spell_digits(written), spell_digits(written, yao=True))
