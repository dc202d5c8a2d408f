"""Packs the words of jieba 0.42.1 and its models of unknown words for the server.

pip install jieba==0.42.1
python -m training.dictionaries.words
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate, chain
from math import log
from pathlib import Path

import jieba
import marisa_trie
import numpy as np
from jieba import finalseg, posseg

from server.text.dictionaries import unknown_word_tags, unknown_words, word_dictionary

_DECIMALS = 6
"""Of the emissions in rjieba, whose results the server has to give."""
Words = Mapping[str, tuple[int, str]]
"""Word -> its frequency and its tag."""


def main() -> None:
    """Writes the files of the server."""
    words = read_words(Path(jieba.__file__).with_name("dict.txt"))
    trie = marisa_trie.Trie(sorted(words))
    trie.save(str(word_dictionary.TRIE))
    np.savez_compressed(word_dictionary.ENTRIES, **entries(words, trie))
    np.savez_compressed(unknown_words.MODEL, **word_model())
    np.savez_compressed(unknown_word_tags.MODEL, **tag_model())
    print(f"{len(words)} words")


def read_words(path: Path) -> Words:
    """Reads lines `word frequency tag`."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {word: (int(frequency), tag) for word, frequency, tag in lines}


def entries(words: Words, trie: Iterable[str]) -> dict[str, np.ndarray]:
    """Returns the arrays of `WordDictionary`; `trie` yields the words in the order of their numbers."""
    distinct = sorted(set(words.values()))
    rows = {entry: row for row, entry in enumerate(distinct)}
    numbered = {trie.key_id(word): rows[entry] for word, entry in words.items()}
    tags = sorted({tag for _, tag in distinct})
    log_total = log(sum(frequency for frequency, _ in words.values()))
    return {
        "entries": np.array([numbered[number] for number in range(len(numbered))], np.uint16),
        "log_probabilities": np.array([log(frequency) - log_total for frequency, _ in distinct]),
        "entry_tags": np.array([tags.index(tag) for _, tag in distinct], np.uint8),
        "tags": np.array(tags),
        "unknown_log_probability": np.array(0.0 - log_total),
        "max_characters": np.array(max(map(len, words))),
    }


def word_model() -> dict[str, np.ndarray]:
    """Returns the arrays of `WordModel`."""
    states, impossible = unknown_words.STATES, unknown_words.IMPOSSIBLE
    emission = finalseg.emit_P
    characters = sorted({char for state in states for char in emission[state]})
    emissions = [[round(emission[state].get(char, impossible), _DECIMALS) for state in states] for char in characters]
    transitions = [[finalseg.trans_P[first].get(second, impossible) for second in states] for first in states]
    return {
        "start": np.array([finalseg.start_P[state] for state in states]),
        "transitions": np.array(transitions),
        "characters": np.array("".join(characters)),
        "emissions": np.array(emissions),
    }


def tag_model() -> dict[str, np.ndarray]:
    """Returns the arrays of `TagModel`."""
    tags = sorted({tag for _, tag in posseg.start_P})
    states = [(position, tag) for position in unknown_word_tags.POSITIONS for tag in tags]
    numbers = {state: number for number, state in enumerate(states)}
    characters = sorted(posseg.char_state_tab_P.keys() | {char for chars in posseg.emit_P.values() for char in chars})
    of_characters = [
        sorted(map(numbers.__getitem__, posseg.char_state_tab_P.get(char) or _emitting(char))) for char in characters
    ]
    emissions = [
        posseg.emit_P[states[number]].get(char, unknown_words.IMPOSSIBLE)
        for char, own in zip(characters, of_characters, strict=True)
        for number in own
    ]
    transitions = [
        [posseg.trans_P[first].get(second, unknown_words.IMPOSSIBLE) for second in states] for first in states
    ]
    return {
        "tags": np.array(tags),
        "start": _finite(posseg.start_P[state] for state in states),
        "transitions": _finite(chain.from_iterable(transitions)).reshape(len(states), len(states)),
        "characters": np.array("".join(characters)),
        "character_starts": np.array(list(accumulate(map(len, of_characters), initial=0)), np.uint32),
        "states": np.array(list(chain.from_iterable(of_characters)), np.uint8),
        "emissions": _finite(emissions),
    }


def _emitting(char: str) -> list[tuple[str, str]]:
    return [state for state, chars in posseg.emit_P.items() if char in chars]


def _finite(values: Iterable[float]) -> np.ndarray:
    """Writes what is impossible as minus infinity."""
    array = np.array(list(values))
    return np.where(array <= unknown_words.IMPOSSIBLE, -np.inf, array)


if __name__ == "__main__":
    main()
