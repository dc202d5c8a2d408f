"""Decodes the recognizer's output to the likeliest words: a Viterbi search through a tree of pronunciations.

People understand speech with the words that they know, and so does every recognizer that rates synthetic speech. The
words are those of the server's dictionary with their probabilities; neither their order nor any sentence is known. A
tree of pronunciations with a loop back to its root is the usual search network for this (Ney & Ortmanns, Dynamic
programming search for continuous speech recognition, 1999).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from server.text.dictionaries.pinyin_dictionary import pinyin_dictionary
from server.text.dictionaries.word_dictionary import word_dictionary
from server.text.units.syllables import SYLLABLES, is_syllable, split_tone, to_phones
from training.voice.corpus.labels import GLOTTAL_ONSETS
from training.voice.models.recognizer import TOKENS, TONES

BLANK, ROOT = 0, 0
MIN_LOG_PROBABILITY = -15.0
"""Of a word. Some 60,000 are more frequent."""
UNKNOWN_LOG_PROBABILITY = -13.0
"""Of a syllable that is no word, such as one in a name."""
ENGLISH_LOG_PROBABILITY = -2.0
"""Of every English phone, in any order."""
WORD_WEIGHT = 0.4
"""Of the log probabilities of words, beside those of the sounds. All of these are chosen by errors in recordings."""


@dataclass(frozen=True, slots=True)
class PronunciationTree:
    """The words as a tree. A node is a phone after those of its parents, a final in any tone; node 0 is the root."""

    parents: NDArray[np.int64]
    """(nodes,)"""
    phones: NDArray[np.int64]
    """(nodes,): rows of `token_classes`."""
    log_probabilities: NDArray[np.float32]
    """(nodes,): of the likeliest word that ends here; -inf where none does."""
    token_classes: list[list[int]]
    """The rows of `TOKENS` that are one phone; the first is the blank."""


def search(log_probabilities: NDArray[np.float32], tree: PronunciationTree) -> list[int]:
    """(steps, tokens) -> the rows of the tokens of the likeliest sequence of words.

    A state is a node whose phone sounds, or the blank after it; at the root, the blank between words. Between two equal
    phones there is a blank, as CTC asks for.
    """
    emitted = np.stack([log_probabilities[:, rows].max(1) for rows in tree.token_classes], 1)
    parents, words = tree.parents, WORD_WEIGHT * tree.log_probabilities
    repeated = np.flatnonzero((tree.phones == tree.phones[parents]) & (parents != ROOT))
    sounding = np.full(len(parents), -np.inf, np.float32)
    silent = sounding.copy()
    silent[ROOT] = 0.0
    stays = np.zeros((len(emitted), len(parents)), bool)
    sounded = np.zeros((len(emitted) + 1, len(parents)), bool)
    """By step: whether a node continues to sound, and whether it sounded at the step before."""
    ends = np.full(len(emitted) + 1, ROOT)
    """The node whose word ends before a step, ROOT if none does."""
    for step, frame in enumerate(emitted):
        sounded[step] = sounding > silent
        best = np.maximum(sounding, silent)
        end = int((best + words).argmax())
        if best[end] + words[end] > silent[ROOT]:
            ends[step], best[ROOT] = end, best[end] + words[end]
        entered = best[parents]
        entered[repeated] = silent[parents[repeated]]
        stays[step] = sounding >= entered
        sounding = np.maximum(sounding, entered) + frame[tree.phones]
        sounding[ROOT] = -np.inf
        silent = best + frame[BLANK]
    sounded[-1] = sounding > silent
    best = np.maximum(sounding, silent)
    node = int((best + words).argmax())
    if best[node] + words[node] <= silent[ROOT]:
        node = ROOT
    return _toned(log_probabilities, tree, _path(tree, repeated, stays, sounded, ends, node))


def _path(
    tree: PronunciationTree,
    repeated: NDArray[np.int64],
    stays: NDArray[np.bool_],
    sounded: NDArray[np.bool_],
    ends: NDArray[np.int64],
    node: int,
) -> list[tuple[int, int, int]]:
    """Returns (node, first step, end step) of the phones on the best path that ends at `node`."""
    only_after_blank, step = set(repeated.tolist()), len(stays)
    path: list[tuple[int, int, int]] = []
    sounds = bool(sounded[step, node])
    while step > 0:
        if not sounds:  # a blank: the node may have sounded before it
            step -= 1
            if node == ROOT and ends[step]:
                node = int(ends[step])
            sounds = bool(sounded[step, node]) and node != ROOT
            continue
        end = step
        while stays[step - 1, node]:
            step -= 1
        step -= 1
        path.append((node, step, end))
        after_blank, node = node in only_after_blank, int(tree.parents[node])
        if node == ROOT and ends[step]:
            node = int(ends[step])
        sounds = node != ROOT and not after_blank and bool(sounded[step, node])
    return path[::-1]


def _toned(
    log_probabilities: NDArray[np.float32], tree: PronunciationTree, path: list[tuple[int, int, int]]
) -> list[int]:
    """Returns the rows of the tokens: of each phone in its likeliest tone."""
    rows = []
    for node, first, end in path:
        choices = tree.token_classes[tree.phones[node]]
        rows.append(choices[int(log_probabilities[first:end, choices].max(0).argmax())])
    return rows


@cache
def pronunciation_tree() -> PronunciationTree:
    """Returns the tree of Mandarin words, of all syllables, and of English phones."""
    classes: dict[str, list[int]] = {"": [BLANK]}
    for row, token in enumerate(TOKENS):
        if token:
            phone = token.rstrip(TONES) if "_c" in token else token
            classes.setdefault(phone, []).append(row)
    numbers = {phone: number for number, phone in enumerate(classes)}
    children: dict[tuple[int, int], int] = {}
    parents, phones, best = [ROOT], [BLANK], [-np.inf]
    for pronunciation, probability in _pronunciations():
        if not numbers.keys() >= set(pronunciation):  # erhua that does not exist
            continue
        node = ROOT
        for phone in pronunciation:
            key = (node, numbers[phone])
            if key not in children:
                children[key] = len(parents)
                parents.append(node)
                phones.append(numbers[phone])
                best.append(-np.inf)
            node = children[key]
        best[node] = max(best[node], probability)
    return PronunciationTree(np.array(parents), np.array(phones), np.array(best, np.float32), list(classes.values()))


def _pronunciations() -> Iterator[tuple[tuple[str, ...], float]]:
    """Yields the phones and the log probability of every word."""
    for syllable in SYLLABLES:
        for name in (syllable, f"{syllable}r"):
            yield _phones([name]), UNKNOWN_LOG_PROBABILITY
    for token in TOKENS:
        if token and "_c" not in token:
            yield (token,), ENGLISH_LOG_PROBABILITY
    for word, probability in word_dictionary().words():
        if probability >= MIN_LOG_PROBABILITY:
            for readings in _readings(word):
                syllables = [split_tone(reading)[0] if reading[-1] in TONES else reading for reading in readings]
                if all(is_syllable(syllable) for syllable in syllables):
                    yield _phones(syllables), probability


def _readings(word: str) -> list[list[str]]:
    """Returns the readings of a word: of a character all, of a word that ends in 儿 also with erhua."""
    dictionary = pinyin_dictionary()
    if len(word) == 1:
        return [[reading] for reading in dictionary.character_readings(word)]
    readings = dictionary.readings(word)
    if word[-1] != "儿":
        return [readings]
    base, tone = split_tone(readings[-2])
    return [readings, [*readings[:-2], f"{base}r{tone}"]]


def _phones(syllables: list[str]) -> tuple[str, ...]:
    pairs = [to_phones(syllable, "PinYin") for syllable in syllables]
    return tuple(phone for pair in pairs for phone in pair if phone not in GLOTTAL_ONSETS)
