"""A trie whose file is mapped into memory: nothing is parsed, and only the pages that are used become resident."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import marisa_trie


class MappedTrie(Protocol):
    """Keys of text, each with a number from 0 on."""

    def __contains__(self, key: str) -> bool: ...

    def __len__(self) -> int: ...

    def get(self, key: str) -> int | None:
        """Returns the number of a key; None if there is no such key."""

    def iter_prefixes_with_ids(self, text: str) -> Iterator[tuple[str, int]]:
        """Yields the keys that a text begins with and their numbers, the shortest first."""

    def iterkeys(self, prefix: str) -> Iterator[str]:
        """Yields the keys that begin with a prefix."""

    def iteritems(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yields the keys that begin with a prefix, and their numbers."""


def open_trie(path: Path) -> MappedTrie:
    """Maps a file of `marisa_trie.Trie`. Raises `OSError` if it cannot be read."""
    with path.open("rb"):  # for the error with the path in it
        trie: MappedTrie = marisa_trie.Trie().mmap(str(path))
    return trie
