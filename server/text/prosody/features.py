"""What can be told about the place between two words: what the model of breaks is asked about.

A clue is a name and its values, `kinds n v`; the model has learned how much each speaks for a break. Clues look at two
words to either side, and at how far the last pause is and the next.
"""

from collections.abc import Iterator, Sequence

from server.text.prosody.pos_tags import kind
from server.text.words import Word

PAUSE = 2
"""Breaks of this level or above end a phrase: lengths are counted between them."""
_NEAR = (1, 2, 3, 4, 5, 7, 10)
_FINE = (1, 2, 3, 4, 5, 6, 7, 9, 11, 14)
_COARSE = (2, 4, 6, 9)
_WHOLE = (4, 5, 6, 7, 8, 9, 10, 12, 14, 17)
_MOST_SYLLABLES = 4
"""Longer words are as this."""


def clues(words: Sequence[Word]) -> list[list[str]]:
    """For every place between two words what is known of it."""
    kinds = ["^^", "^", *(kind(word.text) for word in words), "$", "$$"]
    sizes = [0, 0, *(min(len(word.syllables), _MOST_SYLLABLES) for word in words), 0, 0]
    since = _since_pause(words)
    until = _until_pause(words)
    return [
        [
            *_of_words(words[place], words[place + 1], kinds[place + 2 : place + 4], sizes[place + 2 : place + 4]),
            *_of_kinds(kinds[place + 1 : place + 5], sizes[place + 1 : place + 5]),
            *_of_lengths(since[place], until[place], kinds[place + 2], kinds[place + 3]),
        ]
        for place in range(len(words) - 1)
    ]


def _of_words(left: Word, right: Word, kinds: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    yield "place"
    yield f"left {left.text}"
    yield f"right {right.text}"
    yield f"left,size {left.text} {sizes[1]}"
    yield f"right,size {right.text} {sizes[0]}"
    yield f"left,kind {left.text} {kinds[1]}"
    yield f"kind,right {kinds[0]} {right.text}"
    if right.glued:
        yield f"glued {sizes[0]} {sizes[1]}"


def _of_kinds(kinds: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    before, left, right, after = kinds
    size_before, size_left, size_right, size_after = sizes
    yield f"left kind {left}"
    yield f"right kind {right}"
    yield f"kinds {left} {right}"
    yield f"kinds,sizes {left}{size_left} {right}{size_right}"
    yield f"kinds before {before} {left}"
    yield f"kinds after {right} {after}"
    yield f"kinds,before {before} {left} {right}"
    yield f"kinds,after {left} {right} {after}"
    yield f"sizes {size_left} {size_right}"
    yield f"sizes,before {size_before} {size_left} {size_right}"
    yield f"sizes,after {size_left} {size_right} {size_after}"
    yield f"left kind,sizes {left} {size_left} {size_right}"
    yield f"right kind,sizes {right} {size_left} {size_right}"


def _of_lengths(since: int, until: int, left: str, right: str) -> Iterator[str]:
    """`since` and `until` are syllables to the pauses around the place."""
    yield f"since {_step(since, _FINE)}"
    yield f"until {_step(until, _FINE)}"
    yield f"since,until {_step(since, _COARSE)} {_step(until, _COARSE)}"
    yield f"whole,since {_step(since + until, _WHOLE)} {_step(since, _FINE)}"
    yield f"since,right kind {_step(since, _NEAR)} {right}"
    yield f"until,left kind {_step(until, _NEAR)} {left}"
    yield f"until,right kind {_step(until, _NEAR)} {right}"


def _step(length: int, steps: Sequence[int]) -> int:
    """The first step that a length does not pass; one beyond the last."""
    return next((step for step in steps if length <= step), steps[-1] + 1)


def _since_pause(words: Sequence[Word]) -> list[int]:
    """Syllables from the last pause up to the end of each word."""
    lengths = []
    length = 0
    for word in words:
        length += len(word.syllables)
        lengths.append(length)
        if word.pause >= PAUSE:
            length = 0
    return lengths


def _until_pause(words: Sequence[Word]) -> list[int]:
    """Syllables from the end of each word to the next pause."""
    lengths = []
    length = 0
    for word in reversed(words):
        if word.pause >= PAUSE:
            length = 0
        lengths.append(length)
        length += len(word.syllables)
    return lengths[::-1]
