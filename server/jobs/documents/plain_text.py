"""Plain text of any length -> parts that are spoken as they would be in the whole.

A part ends where a sentence ends for certain, whatever surrounds it: sentences are spoken independently of each other,
so the parts joined with the silence between two sentences are the audio of the whole text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server.jobs.documents.chapters import is_heading
from server.text.sentence_splitting import CLOSING_PUNCTUATION, COMMAS, LINE_ENDS, SENTENCE_ENDS

PART_CHARACTERS = 1000
"""Of a part, about: some four minutes of speech, which a process that is killed computes again at worst."""
_MIN_CHARACTERS = 200
"""From which a part may end at the end of a paragraph, or before a chapter."""
_MIN_CHAPTER = 100
"""Characters from one heading to the next: a table of contents has fewer."""
_LOOKBACK = 100
"""Characters before a cut in which a mark of a pause is searched."""
_MAX_MARK = 402
"""Characters of an inline mark with its brackets."""
_ENDS = SENTENCE_ENDS + LINE_ENDS
_SILENT = f"{_ENDS}{CLOSING_PUNCTUATION}…—-*=~～·# \t\u3000".replace("]", "")
"""What may stand between the last word of a part and its end; a bracket there may be the mark of a pause."""
_SENTENCE_END = re.compile(rf"[{_ENDS}](?:[{_ENDS}…\s{re.escape(CLOSING_PUNCTUATION)}])*")
_OPENING = "“‘「『《〈（(【—"
"""What a part may begin with, besides words: it belongs to the next sentence, and is no markup."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of a plain text."""

    text: str
    start: int
    """In the whole text."""
    chapter: int
    """From 0; what comes before the first heading is a chapter too."""
    heading: str = ""
    """Of its chapter."""
    continues: bool = False
    """Whether the next part goes on in the same sentence, since no sentence ended within the limit."""


def split_text(text: str, limit: int) -> list[TextPart]:
    """The parts of a text, of at most `limit` characters each; together they are the text."""
    return [
        TextPart(text[first:end], first, number, heading, continues)
        for number, (start, stop, heading) in enumerate(_chapters(text))
        for first, end, continues in _divided(text, start, stop, limit)
    ]


def _chapters(text: str) -> Iterator[tuple[int, int, str]]:
    """Yields start, end and heading of each chapter."""
    start, position, heading, is_blank = 0, 0, "", True
    for line in text.splitlines(keepends=True):
        if is_heading(line):
            if position - start >= _MIN_CHAPTER and not is_blank and _is_cut(text, position):
                yield start, position, heading
                start, heading = position, line.strip()
            elif is_blank:
                heading = line.strip()
        is_blank &= line.isspace()
        position += len(line)
    yield start, len(text), heading


def _divided(text: str, start: int, stop: int, limit: int) -> Iterator[tuple[int, int, bool]]:
    """Yields start and end of each part of a chapter, and whether its sentence goes on."""
    cuts = [cut for cut in _sentence_ends(text, start, stop) if _is_cut(text, cut)]
    while stop - start > min(PART_CHARACTERS, limit):
        end, continues = _next_cut(text, start, stop, cuts, limit)
        yield start, end, continues
        start = end
    if start < stop:
        yield start, stop, False


def _next_cut(text: str, start: int, stop: int, cuts: Sequence[int], limit: int) -> tuple[int, bool]:
    """The end of the part that begins at `start`, and whether its sentence goes on."""
    first = bisect_right(cuts, start)
    last = bisect_right(cuts, start + min(PART_CHARACTERS, limit))
    if first < last:
        return _best_cut(text, start, cuts[first:last]), False
    if last < len(cuts) and cuts[last] - start <= limit:
        return cuts[last], False
    if stop - start <= limit:
        return stop, False
    return _forced_cut(text, start, limit), True


def _best_cut(text: str, begin: int, cuts: Sequence[int]) -> int:
    """The last end of a paragraph, or else of a sentence."""
    paragraphs = (cut for cut in reversed(cuts) if text[cut - 1] in LINE_ENDS and cut - begin >= _MIN_CHARACTERS)
    return next(paragraphs, cuts[-1])


def _sentence_ends(text: str, start: int, stop: int) -> Iterator[int]:
    """Yields where sentences end for certain, with the punctuation and the white space that belong to them."""
    return (match.end() for match in _SENTENCE_END.finditer(text, start, stop))


def _is_cut(text: str, position: int) -> bool:
    """Whether the text may be cut here: between two sentences, without a mark of a pause between them."""
    if position >= len(text) or not (text[position].isalnum() or text[position] in _OPENING):
        return False
    ending = text[max(position - _LOOKBACK, 0) : position]
    spoken = ending.rstrip(_SILENT)
    has_ended = any(char in _ENDS for char in ending[len(spoken) :])
    return has_ended and spoken[-1:].isalnum() and _is_outside(text, position)


def _is_outside(text: str, position: int) -> bool:
    """Whether no bracket is open that could be a mark."""
    line = text[max(position - _MAX_MARK, 0) : position]
    line = line[max(line.rfind("\n"), line.rfind("\r")) + 1 :]
    return line.rfind("[") <= line.rfind("]")


def _forced_cut(text: str, begin: int, limit: int) -> int:
    """The last place within the limit that is least wrong: behind a comma, a space, or any character."""
    for separators in (COMMAS, " \t\u3000"):
        for position in range(begin + limit, begin + limit // 2, -1):
            if text[position - 1] in separators and _is_outside(text, position):
                return position
    places = (place for place in range(begin + limit, begin + limit // 2, -1) if _is_outside(text, place))
    return next(places, begin + limit)
