"""Groups words into prosodic words and sets the level of the break after each.

Punctuation and the user take precedence: their breaks are set exactly as given, and no break is set where the user
forbids one. Everywhere else the break model predicts a level, within these limits: enclitics stay with the word before
them, a measure word stays with its numeral, a boundary inside a dictionary entry gets level 1 at most, and a prosodic
word has up to four syllables, or five with enclitics and measure words.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from server.text.normalization.numerals import NUMERALS
from server.text.prosody.break_model import load_model
from server.text.prosody.features import break_features
from server.text.prosody.pos_tags import pos_tag
from server.text.words import ProsodicWord, Word

Probabilities: TypeAlias = tuple[float, float, float]
"""Of a break of at least level 1, 2 and 3."""

MAX_SYLLABLES = 4
"""Of a prosodic word, unless the user or Latin letters hold it together."""
MAX_SYLLABLES_WITH_ENCLITICS = 5
"""Of a prosodic word that enclitics or measure words hold together: 科学家们的."""
SENTENCE_END = 4
"""The break level at the end of a sentence."""
_THRESHOLDS = (0.4, 0.35, 0.5)
"""The least probability of a break of level 1, 2, 3. A missing break of level 1 or 2 is worse than an extra one."""
_EXTREME_PROBABILITIES: tuple[Probabilities, ...] = (
    (0, 0, 0), (0.999 * _THRESHOLDS[0], 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)
)  # fmt: skip
"""What can be predicted for a boundary: no break, unlikely or nearly likely, or one of a level."""
_ENCLITIC_PARTICLES = frozenset("的地得了着过们吗呢吧啊呀嘛啦哦喔哟么")
_MEASURE_WORDS = frozenset("年月日号点分秒元角克吨米度岁名")
"""Measure words of one syllable that the dictionary tags as nouns."""
_MIN_PAUSE_DISTANCE = 3
"""Syllables between a predicted pause and the next pause on either side."""


def predict_breaks(words: Iterable[Word], last_level: int = SENTENCE_END) -> list[ProsodicWord]:
    """Returns all words in order as prosodic words; `last_level` is the level of the last break."""
    words = list(words)
    return _grouped(words, _probabilities(words), last_level) if words else []


def possible_breaks(words: Sequence[Word], last_level: int) -> Iterator[list[ProsodicWord]]:
    """Yields all results of `predict_breaks` for a clause, whatever follows the pause at its end.

    Only the prediction before the last word depends on it.
    """
    probabilities = _probabilities(words)
    for last in _EXTREME_PROBABILITIES if probabilities else ():
        yield _grouped(words, [*probabilities[:-1], last], last_level)


def _grouped(words: Sequence[Word], probabilities: Sequence[Probabilities], last_level: int) -> list[ProsodicWord]:
    prosodic_words: list[ProsodicWord] = []
    start = 0
    for index, level in enumerate([*_levels(words, probabilities), last_level]):
        if level:
            prosodic_words.append(ProsodicWord(tuple(words[start : index + 1]), level))
            start = index + 1
    return prosodic_words


def _probabilities(words: Sequence[Word]) -> list[Probabilities]:
    """Returns the prediction for every boundary between two words."""
    model = load_model()
    return [model.probabilities(features) for features in break_features(words)]


def _levels(words: Sequence[Word], probabilities: Sequence[Probabilities]) -> list[int]:
    """Returns the break level at every boundary between two words; 0 is no break."""
    levels = [
        _given_level(left, right) if _is_given(left, right) else min(_likely_level(boundary), _max_level(left, right))
        for (left, right), boundary in zip(pairwise(words), probabilities, strict=True)
    ]
    _demote_close_pauses(words, levels)
    _split_long_words(words, levels, [boundary[0] for boundary in probabilities])
    return levels


def _is_given(left: Word, right: Word) -> bool:
    """Returns whether punctuation, the user or Latin letters decide the break."""
    return left.no_break_after or left.break_level > 0 or left.is_latin or right.is_latin


def _given_level(left: Word, right: Word) -> int:
    if left.no_break_after or left.break_level:
        return 0 if left.no_break_after else min(left.break_level, SENTENCE_END)
    return int(left.is_latin != right.is_latin)


def _likely_level(probabilities: Sequence[float]) -> int:
    """Returns the highest level whose probability reaches its threshold."""
    return max((level for level, value in enumerate(probabilities, 1) if value >= _THRESHOLDS[level - 1]), default=0)


def _max_level(left: Word, right: Word) -> int:
    """Returns the highest level that the break between two words may have."""
    is_measured = left.text[-1] in NUMERALS and (right.text in _MEASURE_WORDS or pos_tag(right.text) == "q")
    if is_measured or right.text in _ENCLITIC_PARTICLES or (left.text == "第" and right.text[0] in NUMERALS):
        return 0
    return 1 if right.continues_compound else 3


def _demote_close_pauses(words: Sequence[Word], levels: list[int]) -> None:
    """Reduces a predicted pause close to another pause to the end of a phrase."""
    sizes = [len(word.syllables) for word in words]
    for index, level in enumerate(levels):
        if level == 3 and not words[index].break_level:
            before = _distance(sizes[: index + 1][::-1], levels[:index][::-1])
            after = _distance(sizes[index + 1 :], levels[index + 1 :])
            if min(before, after) < _MIN_PAUSE_DISTANCE:
                levels[index] = 2


def _distance(sizes: Sequence[int], levels: Sequence[int]) -> int:
    """Counts the syllables up to the first pause; `levels` are the breaks between the words of `sizes`."""
    length = sizes[0]
    for size, level in zip(sizes[1:], levels, strict=True):
        if level >= 3 or length >= _MIN_PAUSE_DISTANCE:
            break
        length += size
    return length


def _split_long_words(words: Sequence[Word], levels: list[int], probabilities: Sequence[float]) -> None:
    """Sets the most probable break inside each prosodic word that is too long, until none is."""
    start = 0
    while start < len(words):
        end = next((index for index in range(start, len(levels)) if levels[index]), len(words) - 1)
        size = sum(len(word.syllables) for word in words[start : end + 1])
        candidates = [index for index in range(start, end) if not _is_given(words[index], words[index + 1])]
        if size <= MAX_SYLLABLES_WITH_ENCLITICS:
            candidates = [index for index in candidates if _max_level(words[index], words[index + 1])]
        if size > MAX_SYLLABLES and candidates:
            levels[max(candidates, key=lambda index: probabilities[index])] = 1
        else:
            start = end + 1
