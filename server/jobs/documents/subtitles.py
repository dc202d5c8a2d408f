"""SubRip subtitles: each cue is a part with the time in which it is spoken."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from pysubs2 import SSAEvent, SSAFile
from pysubs2.time import TIMESTAMP

from server.errors import RequestError
from server.jobs.documents.lines import numbered
from server.jobs.job import PartContent, Slot

MAX_CUE_CHARACTERS = 2000
MAX_HOURS = 24
"""Of the times: what comes after them is silence that would be encoded."""
_ARROW = re.compile(r"-->")
_TAG_OR_SPECIAL = re.compile(r"(\{\\[^{}]*\})|[{\\]")
_ESCAPES = {"{": "\ufdd0", "\\": "\ufdd1"}
"""The reader drops everything in braces, and takes \\n for a line break; only {\\an8} and the like are tags."""
_UNESCAPES = str.maketrans({escape: char for char, escape in _ESCAPES.items()})
_SENTINEL = "\n\n0\n"
"""The reader takes a number at the end of a cue for that of the next one; after this there is one in any case."""


def subtitle_parts(text: str) -> list[PartContent]:
    """A part for each cue with a text, in the order of their times; the first one has the warnings.

    Raises `RequestError` with the line of a time that is not valid, and for a cue that is too long.
    """
    lines = text.splitlines()
    numbers = list(_time_lines(lines))
    events = SSAFile.from_string(_escaped("\n".join(lines)) + _SENTINEL, format_="srt")
    cues = [(number, event) for number, event in zip(numbers, events, strict=True) if event.plaintext.strip()]
    for number, event in cues:
        _check_times(number, event)
    ordered = sorted(cues, key=lambda cue: cue[1].start)
    parts = [_part(index, number, event, len(ordered)) for index, (number, event) in enumerate(ordered, 1)]
    warnings = [*_backward(cues), *_overlapping(ordered)]
    if parts and warnings:
        parts[0] = replace(parts[0], details={**parts[0].details, "warnings": warnings})
    return parts


def _time_lines(lines: Sequence[str]) -> Iterator[int]:
    """Yields the numbers of the lines with times. Raises `RequestError` for wrong ones, and for a long cue."""
    start, characters = 0, 0
    for number, line in enumerate(lines, 1):
        if len(TIMESTAMP.findall(line)) == 2:
            yield number
            start, characters = number, 0
        elif _ARROW.search(line):
            raise _invalid(number, "this is not a time; write 00:01:02,500 --> 00:01:05,000")
        elif line.strip() and not start and not line.strip("\ufeff 0123456789"):
            continue
        elif line.strip() and not start:
            raise _invalid(number, "a cue begins with its number and its times, such as 00:01:02,500 --> 00:01:05,000")
        characters += len(line)
        if start and characters > MAX_CUE_CHARACTERS:
            raise _invalid(start, f"the cue has more than {MAX_CUE_CHARACTERS} characters; divide it")


def _escaped(text: str) -> str:
    return _TAG_OR_SPECIAL.sub(lambda found: found[1] or _ESCAPES[found[0]], text)


def _check_times(number: int, event: SSAEvent) -> None:
    if event.end <= event.start:
        raise _invalid(number, "the cue ends before it begins; correct its times")
    if event.end > MAX_HOURS * 3_600_000:
        raise _invalid(number, f"the cue ends after more than {MAX_HOURS} hours; divide the subtitles")


def _part(index: int, line: int, event: SSAEvent, count: int) -> PartContent:
    text = " ".join(event.plaintext.translate(_UNESCAPES).split())
    slot = Slot(event.start / 1000, event.end / 1000)
    return PartContent(text, len(text), name=numbered(index, count), slot=slot, details={"line": line})


def _backward(cues: Sequence[tuple[int, SSAEvent]]) -> Iterator[str]:
    for (_, before), (number, event) in pairwise(cues):
        if event.start < before.start:
            yield f"the cue of line {number} begins before the one above it; the order of the times counts"


def _overlapping(ordered: Sequence[tuple[int, SSAEvent]]) -> Iterator[str]:
    for (first, before), (number, event) in pairwise(ordered):
        if event.start < before.end:
            yield f"the cue of line {number} begins before that of line {first} ends"


def _invalid(line: int, message: str) -> RequestError:
    return RequestError(f"line {line}: {message}", param="input", code="invalid_subtitles")
