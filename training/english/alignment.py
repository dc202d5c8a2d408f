"""Which letters stand for which phones: the most likely cut of a word, by hard EM.

A letter stands for up to two phones. The cost of a letter and its phones is their negative log probability, counted
anew in every round from the best cuts of the round before.
"""

import math
from collections import Counter
from collections.abc import Iterable

from training.english.cmudict import Phones

MOST = 2
_ROUNDS = 6
_VOWELS = frozenset("aeiou")
Label = tuple[str, ...]
Costs = dict[tuple[str, Label], float]


def align(words: Iterable[tuple[str, Phones]]) -> list[tuple[str, list[Label]]]:
    """Each word with one label, zero to two phones, for each of its letters."""
    pairs = list(words)
    costs: Costs = {}
    cuts: list[tuple[str, list[Label]]] = []
    for turn in range(_ROUNDS):
        sample = pairs[::8] if turn < _ROUNDS - 2 else pairs
        cuts = [(word, cut) for word, phones in sample if (cut := best_cut(word, phones, costs)) is not None]
        costs = _counted(cuts)
    return cuts


def _counted(cuts: Iterable[tuple[str, list[Label]]]) -> Costs:
    counts = Counter(pair for word, cut in cuts for pair in zip(word, cut, strict=True))
    totals = Counter[str]()
    for (letter, _), count in counts.items():
        totals[letter] += count
    return {pair: -math.log(count / totals[pair[0]]) for pair, count in counts.items()}


def _first_cost(letter: str, label: Label) -> float:
    """Before anything is counted: vowels stand for vowels, one letter for one phone."""
    if len(label) != 1:
        return 3.0
    return 0.5 if (letter in _VOWELS) == (label[0][0] in _VOWELS) else 4.0


def best_cut(word: str, phones: Phones, costs: Costs) -> list[Label] | None:
    """None where the word has too few letters for its phones."""
    unseen = 12.0
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for letter in word:
        column: dict[int, tuple[float, int]] = {}
        for done, (cost, _) in best[-1].items():
            for size in range(min(MOST, len(phones) - done) + 1):
                label = phones[done : done + size]
                total = cost + (costs.get((letter, label), unseen) if costs else _first_cost(letter, label))
                if done + size not in column or total < column[done + size][0]:
                    column[done + size] = (total, done)
        best.append(column)
    if len(phones) not in best[-1]:
        return None
    cut, end = [], len(phones)
    for column in reversed(best[1:]):
        start = column[end][1]
        cut.append(phones[start:end])
        end = start
    return cut[::-1]
