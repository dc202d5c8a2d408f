"""The words of jieba with their probabilities and part-of-speech tags.

`training/dictionaries/words.py` writes the files. 349,000 words take 2 MB here, 32 MB in rjieba's own structure.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from server.text.dictionaries.mapped_trie import open_trie

TRIE = Path(__file__).with_name("words.trie")
ENTRIES = Path(__file__).with_name("words.npz")
OTHER_TAG = "x"
"""The tag of what is no word."""


class WordDictionary:
    """Words, each with the logarithm of its probability and a tag such as `n` or `v`."""

    def __init__(self, trie: Path = TRIE, entries: Path = ENTRIES) -> None:
        self._trie = open_trie(trie)
        with np.load(entries) as arrays:
            self._entries = memoryview(arrays["entries"])
            """Number of a word -> row of what follows: few words differ in both."""
            self._log_probabilities = memoryview(arrays["log_probabilities"])
            tags = arrays["tags"].tolist()
            self._tags = [tags[tag] for tag in arrays["entry_tags"].tolist()]
            self.unknown_log_probability = float(arrays["unknown_log_probability"])
            """Of a character that is no word."""
            self._max_characters = int(arrays["max_characters"])

    def __contains__(self, word: str) -> bool:
        return word in self._trie

    def words(self) -> Iterator[tuple[str, float]]:
        """Yields every word with the logarithm of its probability."""
        for word, number in self._trie.iteritems(""):
            yield word, self._log_probabilities[self._entries[number]]

    def words_at(self, text: str, start: int) -> Iterator[tuple[int, float]]:
        """Yields the words that begin at `start`, the shortest first: where each ends, and its log probability."""
        for word, number in self._trie.iter_prefixes_with_ids(text[start : start + self._max_characters]):
            yield start + len(word), self._log_probabilities[self._entries[number]]

    def tag(self, word: str) -> str | None:
        """Returns the most frequent tag of a word; None if there is no such word."""
        number = self._trie.get(word)
        return None if number is None else self._tags[self._entries[number]]


@lru_cache(maxsize=1)
def word_dictionary() -> WordDictionary:
    """Loads the dictionary that is part of the server."""
    return WordDictionary()
