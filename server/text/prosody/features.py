"""Features of the boundary between two words, the input of the break model.

A feature is a name and its values, `kinds n v`. Features describe two words on either side, with their part-of-speech
tags ("kind") and lengths in syllables ("size"), and the distances to the pauses before ("since") and after ("until");
"glued" marks a boundary inside a dictionary entry.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from server.text.prosody.pos_tags import pos_tag
from server.text.words import Word

PAUSE_LEVEL = 2
"""Distances are counted between breaks of this level or above."""
_NEAR_STEPS = (1, 2, 3, 4, 5, 7, 10)
_FINE_STEPS = (1, 2, 3, 4, 5, 6, 7, 9, 11, 14)
_COARSE_STEPS = (2, 4, 6, 9)
_PHRASE_STEPS = (4, 5, 6, 7, 8, 9, 10, 12, 14, 17)
_MAX_SYLLABLES = 4
"""Longer words count as words of this length."""


def break_features(words: Sequence[Word]) -> list[list[str]]:
    """Returns the features of every boundary between two words."""
    tags = ["^^", "^", *(pos_tag(word.text) for word in words), "$", "$$"]
    sizes = [0, 0, *(min(len(word.syllables), _MAX_SYLLABLES) for word in words), 0, 0]
    since = _since_pause(words)
    until = _until_pause(words)
    return [
        [
            *_word_features(words[i], words[i + 1], tags[i + 2 : i + 4], sizes[i + 2 : i + 4]),
            *_tag_features(tags[i + 1 : i + 5], sizes[i + 1 : i + 5]),
            *_distance_features(since[i], until[i], tags[i + 2], tags[i + 3]),
        ]
        for i in range(len(words) - 1)
    ]


def _word_features(left: Word, right: Word, tags: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    yield "place"  # the bias
    yield f"left {left.text}"
    yield f"right {right.text}"
    yield f"left,size {left.text} {sizes[1]}"
    yield f"right,size {right.text} {sizes[0]}"
    yield f"left,kind {left.text} {tags[1]}"
    yield f"kind,right {tags[0]} {right.text}"
    if right.continues_compound:
        yield f"glued {sizes[0]} {sizes[1]}"


def _tag_features(tags: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    before, left, right, after = tags
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


def _distance_features(since: int, until: int, left: str, right: str) -> Iterator[str]:
    """`since` and `until` are syllables to the pause before and after the boundary; `left` and `right` are tags."""
    yield f"since {_quantize(since, _FINE_STEPS)}"
    yield f"until {_quantize(until, _FINE_STEPS)}"
    yield f"since,until {_quantize(since, _COARSE_STEPS)} {_quantize(until, _COARSE_STEPS)}"
    yield f"whole,since {_quantize(since + until, _PHRASE_STEPS)} {_quantize(since, _FINE_STEPS)}"
    yield f"since,right kind {_quantize(since, _NEAR_STEPS)} {right}"
    yield f"until,left kind {_quantize(until, _NEAR_STEPS)} {left}"
    yield f"until,right kind {_quantize(until, _NEAR_STEPS)} {right}"


def _quantize(length: int, steps: Sequence[int]) -> int:
    """Quantizes a length: returns the first step that is not below it, or the last step plus one."""
    place = bisect_left(steps, length)
    return steps[place] if place < len(steps) else steps[-1] + 1


def _since_pause(words: Sequence[Word]) -> list[int]:
    """Returns the syllables from the last pause to the end of each word."""
    lengths = []
    length = 0
    for word in words:
        length += len(word.syllables)
        lengths.append(length)
        if word.break_level >= PAUSE_LEVEL:
            length = 0
    return lengths


def _until_pause(words: Sequence[Word]) -> list[int]:
    """Returns the syllables from the end of each word to the next pause."""
    lengths = []
    length = 0
    for word in reversed(words):
        if word.break_level >= PAUSE_LEVEL:
            length = 0
        lengths.append(length)
        length += len(word.syllables)
    return lengths[::-1]
