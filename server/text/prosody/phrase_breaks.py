"""Words -> prosodic words, each with the break after it.

Punctuation and the user decide first: their breaks stand exactly as given, and where the user wants none there is
none. Everywhere else the model says how probable a break of each level is, and these rules bound what it may do:
particles lean on what stands before them, a numeral keeps its measure word, a word of the dictionary is parted by no
more than a boundary of words, and a prosodic word has up to four syllables, five where these rules hold it together.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from server.text.normalization.numerals import NUMERALS
from server.text.prosody.break_model import load
from server.text.prosody.features import clues
from server.text.prosody.pos_tags import kind
from server.text.words import ProsodicWord, Word

LONGEST = 4
"""Syllables of a prosodic word, unless the user or Latin letters hold it together."""
LONGEST_HELD = 5
"""The same where particles and measure words do: 科学家们的."""
SENTENCE_END = 4
_LIKELY = (0.4, 0.35, 0.5)
"""How probable a break of level 1, 2, 3 must be. Lower where a missing break is worse than one too many."""
_PARTICLES = frozenset("的地得了着过们吗呢吧啊呀嘛啦哦喔哟么")
_MEASURES = frozenset("年月日号点分秒元角克吨米度岁名")
"""Single syllables that count or number, and that a dictionary takes for nouns as well."""
_NEAREST_PAUSE = 3
"""Syllables that at least stand between a pause without punctuation and the ends of its clause."""


def group(words: Iterable[Word], last: int = SENTENCE_END) -> list[ProsodicWord]:
    """All words in order; `last` is the level of the break after them."""
    words = list(words)
    if not words:
        return []
    levels = [*_levels(words), last]
    groups: list[ProsodicWord] = []
    start = 0
    for place, level in enumerate(levels):
        if level:
            groups.append(ProsodicWord(tuple(words[start : place + 1]), level))
            start = place + 1
    return groups


def _levels(words: Sequence[Word]) -> list[int]:
    """Of the break at every place between two words; 0 is none."""
    model = load()
    chances = [model.breaks(known) for known in clues(words)]
    levels = [
        _decided(left, right) if _is_decided(left, right) else min(_likely(chance), _most(left, right))
        for (left, right), chance in zip(pairwise(words), chances, strict=True)
    ]
    _keep_pauses_apart(words, levels)
    _part_long_words(words, levels, [chance[0] for chance in chances])
    return levels


def _is_decided(left: Word, right: Word) -> bool:
    return left.joined or left.pause > 0 or left.latin or right.latin


def _decided(left: Word, right: Word) -> int:
    if left.joined or left.pause:
        return 0 if left.joined else min(left.pause, SENTENCE_END)
    return int(left.latin != right.latin)


def _likely(chances: Sequence[float]) -> int:
    """The highest level that is probable enough."""
    return max((level for level, chance in enumerate(chances, 1) if chance >= _LIKELY[level - 1]), default=0)


def _most(left: Word, right: Word) -> int:
    """The highest level that a break between two words may have."""
    counted = left.text[-1] in NUMERALS and (right.text in _MEASURES or kind(right.text) == "q")
    if counted or right.text in _PARTICLES or (left.text == "第" and right.text[0] in NUMERALS):
        return 0
    return 1 if right.glued else 3


def _keep_pauses_apart(words: Sequence[Word], levels: list[int]) -> None:
    """A pause that no punctuation asks for, and that would stand beside another, becomes the end of a phrase."""
    sizes = [len(word.syllables) for word in words]
    for place, level in enumerate(levels):
        if level == 3 and not words[place].pause:
            before = _run(sizes[: place + 1][::-1], levels[:place][::-1])
            after = _run(sizes[place + 1 :], levels[place + 1 :])
            if min(before, after) < _NEAREST_PAUSE:
                levels[place] = 2


def _run(sizes: Sequence[int], levels: Sequence[int]) -> int:
    """Syllables up to the first pause; `levels` stand between the words of `sizes`."""
    length = sizes[0]
    for size, level in zip(sizes[1:], levels, strict=True):
        if level >= 3 or length >= _NEAREST_PAUSE:
            break
        length += size
    return length


def _part_long_words(words: Sequence[Word], levels: list[int], chances: Sequence[float]) -> None:
    """Where a prosodic word is too long, its most probable break is set, until none is."""
    start = 0
    while start < len(words):
        end = next((place for place in range(start, len(levels)) if levels[place]), len(words) - 1)
        size = sum(len(word.syllables) for word in words[start : end + 1])
        free = [place for place in range(start, end) if not _is_decided(words[place], words[place + 1])]
        if size <= LONGEST_HELD:
            free = [place for place in free if _most(words[place], words[place + 1])]
        if size > LONGEST and free:
            levels[max(free, key=lambda place: chances[place])] = 1
        else:
            start = end + 1
