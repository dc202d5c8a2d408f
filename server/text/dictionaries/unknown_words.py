"""Finds words that no dictionary has, such as names, with the hidden Markov model of jieba.

A character is at the beginning, in the middle or at the end of a word, or a word of its own; the most probable sequence
of these states (Viterbi) divides the text. Sums and ties are those of rjieba, since the words must be the same.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

MODEL = Path(__file__).with_name("unknown_words.npz")
STATES = "BEMS"
"""Begin, end, middle, single: the order of the model's arrays."""
_BEGIN, _END, _MIDDLE, _SINGLE = range(len(STATES))
_PREVIOUS = ((_END, _SINGLE), (_BEGIN, _MIDDLE), (_BEGIN, _MIDDLE), (_END, _SINGLE))
"""State -> those that may precede it. Of two that are as probable, the second is taken."""
IMPOSSIBLE = -3.14e100
_RUN = re.compile("([\u4e00-\u9fd5]+)")
"""The characters that the model knows."""


class WordModel:
    """The logarithms of the model's probabilities."""

    def __init__(self, path: Path = MODEL) -> None:
        with np.load(path) as arrays:
            self._start: Sequence[float] = arrays["start"].tolist()
            self._transitions: Sequence[Sequence[float]] = arrays["transitions"].tolist()
            self._characters = str(arrays["characters"])
            self._emissions = memoryview(arrays["emissions"])
            """[characters, states]"""

    def divide(self, text: str) -> Iterator[str]:
        """Yields the words of a text. Characters that the model does not know stay together."""
        for run in filter(None, _RUN.split(text)):
            if len(run) > 1 and _RUN.match(run):
                yield from self._words(run)
            else:
                yield run

    def _words(self, run: str) -> Iterator[str]:
        start = 0
        for end, state in enumerate(self._most_probable(run), 1):
            if state in (_END, _SINGLE):
                yield run[start:end]
                start = end

    def _most_probable(self, run: str) -> list[int]:
        """Returns the most probable state of each character; the last is an end or a single."""
        scores = [start + emission for start, emission in zip(self._start, self._emission(run[0]), strict=True)]
        origins: list[list[int]] = []
        for char in run[1:]:
            emission = self._emission(char)
            best = [self._best_previous(scores, state, emission[state]) for state in range(len(STATES))]
            scores = [score for score, _ in best]
            origins.append([origin for _, origin in best])
        state = _SINGLE if scores[_SINGLE] >= scores[_END] else _END
        path = [state]
        for origin in reversed(origins):
            state = origin[state]
            path.append(state)
        return path[::-1]

    def _best_previous(self, scores: Sequence[float], state: int, emission: float) -> tuple[float, int]:
        first, second = _PREVIOUS[state]
        first_score = scores[first] + self._transitions[first][state] + emission
        second_score = scores[second] + self._transitions[second][state] + emission
        return (second_score, second) if second_score >= first_score else (first_score, first)

    def _emission(self, char: str) -> Sequence[float]:
        row = bisect_left(self._characters, char)
        if self._characters[row : row + 1] != char:
            return [IMPOSSIBLE] * len(STATES)
        return [self._emissions[row, state] for state in range(len(STATES))]


@lru_cache(maxsize=1)
def word_model() -> WordModel:
    """Loads the model that is part of the server."""
    return WordModel()
