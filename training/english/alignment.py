"""Aligns the letters of a word with its phones, by hard expectation maximization.

A letter aligns with zero to two phones. The cost of a letter and its phones is their negative log probability,
estimated in every round from the best alignments of the round before.
"""

import math
from collections import Counter
from collections.abc import Iterable

from training.english.cmudict import Phones

MAX_PHONES_PER_LETTER = 2
_ROUNDS = 6
_UNSEEN_COST = 12.0
_VOWELS = frozenset("aeiou")
Label = tuple[str, ...]
Costs = dict[tuple[str, Label], float]


def align(words: Iterable[tuple[str, Phones]]) -> list[tuple[str, list[Label]]]:
    """Returns each word with a label for each of its letters: zero to two phones."""
    pairs = list(words)
    costs: Costs = {}
    alignments: list[tuple[str, list[Label]]] = []
    for number in range(_ROUNDS):
        sample = pairs[::8] if number < _ROUNDS - 2 else pairs
        alignments = [
            (word, labels) for word, phones in sample if (labels := best_alignment(word, phones, costs)) is not None
        ]
        costs = _estimate_costs(alignments)
    return alignments


def _estimate_costs(alignments: Iterable[tuple[str, list[Label]]]) -> Costs:
    counts = Counter(pair for word, labels in alignments for pair in zip(word, labels, strict=True))
    totals = Counter[str]()
    for (letter, _), count in counts.items():
        totals[letter] += count
    return {pair: -math.log(count / totals[pair[0]]) for pair, count in counts.items()}


def _initial_cost(letter: str, label: Label) -> float:
    """Prefers one phone for a letter, and vowels for vowels."""
    if len(label) != 1:
        return 3.0
    return 0.5 if (letter in _VOWELS) == (label[0][0] in _VOWELS) else 4.0


def best_alignment(word: str, phones: Phones, costs: Costs) -> list[Label] | None:
    """Returns the labels of least total cost; None if the word has too few letters for its phones."""
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for letter in word:
        column: dict[int, tuple[float, int]] = {}
        for done, (cost, _) in best[-1].items():
            for size in range(min(MAX_PHONES_PER_LETTER, len(phones) - done) + 1):
                label = phones[done : done + size]
                total = cost + (costs.get((letter, label), _UNSEEN_COST) if costs else _initial_cost(letter, label))
                if done + size not in column or total < column[done + size][0]:
                    column[done + size] = (total, done)
        best.append(column)
    if len(phones) not in best[-1]:
        return None
    labels, end = [], len(phones)
    for column in reversed(best[1:]):
        start = column[end][1]
        labels.append(phones[start:end])
        end = start
    return labels[::-1]
