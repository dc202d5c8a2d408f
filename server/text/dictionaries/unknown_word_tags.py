"""Guesses the part of speech of words that no dictionary has, with the second hidden Markov model of jieba.

Its states are a position in a word, as in `unknown_words.py`, and a tag; the word is divided again by the most probable
sequence of states, and has the tag of its longest part.
"""

from bisect import bisect_left
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.text.dictionaries.word_dictionary import OTHER_TAG

MODEL = Path(__file__).with_name("unknown_word_tags.npz")
POSITIONS = "BMES"
"""Begin, middle, end, single. State s is position s // 64 with tag s % 64."""
TAGS = 64

Floats = NDArray[np.float64]


class TagModel:
    """The logarithms of the model's probabilities; minus infinity for what is impossible."""

    def __init__(self, path: Path = MODEL) -> None:
        with np.load(path) as arrays:
            self._tags = arrays["tags"].tolist()
            self._start: Floats = arrays["start"]
            self._transitions: Floats = arrays["transitions"]
            """[states, states]"""
            self._characters = str(arrays["characters"])
            """Sorted"""
            self._starts = memoryview(arrays["character_starts"])
            """Character -> where its states begin."""
            self._states: NDArray[np.uint8] = arrays["states"]
            self._emissions: Floats = arrays["emissions"]

    def tag(self, word: str) -> str:
        """Returns the tag of a word of Chinese characters; `OTHER_TAG` if the model does not know one of them."""
        path = self._most_probable(word)
        start, longest, found = 0, 0, OTHER_TAG
        for end, state in enumerate(path, 1):
            if POSITIONS[state // TAGS] in "ES":
                if end - start >= longest:
                    longest, found = end - start, self._tags[state % TAGS]
                start = end
        return found

    def _most_probable(self, word: str) -> list[int]:
        """Returns the most probable state of each character; empty if no sequence is possible."""
        states, emissions = self._states_of(word[0])
        scores = self._start[states] + emissions
        steps = []
        for char in word[1:]:
            previous, (states, emissions) = states, self._states_of(char)
            if not len(previous) or not len(states):
                return []
            reached = scores[:, None] + self._transitions[np.ix_(previous, states)] + emissions
            steps.append((previous, reached.argmax(axis=0)))
            scores = reached.max(axis=0)
        scores = np.where(states >= POSITIONS.index("E") * TAGS, scores, -np.inf)
        if not len(scores) or scores.max() == -np.inf:
            return []
        at = int(scores.argmax())
        path = [int(states[at])]
        for previous, origins in reversed(steps):
            at = int(origins[at])
            path.append(int(previous[at]))
        return path[::-1]

    def _states_of(self, char: str) -> tuple[Any, Floats]:
        row = bisect_left(self._characters, char)
        known = self._characters[row : row + 1] == char
        part = slice(self._starts[row], self._starts[row + 1]) if known else slice(0)
        return self._states[part], self._emissions[part]


@lru_cache(maxsize=1)
def tag_model() -> TagModel:
    """Loads the model that is part of the server."""
    return TagModel()
