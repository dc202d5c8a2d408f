"""Words -> prosodic words, each with the break after it.

A prosodic word has up to four syllables: particles lean on the word before them, numerals take their measure word,
single syllables pair up, and a single adverb or pronoun leans on the two syllables after it. Breaks are 1 between
prosodic words, and 2 to 4 where the text has punctuation; no pause is guessed where it has none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from server.text.normalization.numerals import NUMERALS
from server.text.pronunciation.lexicon import ENCLITICS, PROCLITICS
from server.text.words import ProsodicWord, Word

LONGEST = 4
"""Syllables of a prosodic word."""
SENTENCE_END = 4


def group(words: Iterable[Word], last: int = SENTENCE_END) -> list[ProsodicWord]:
    """All words in order; `last` is the level of the break after them."""
    groups: list[ProsodicWord] = []
    open_group = False
    for word in words:
        if open_group and groups[-1].size + len(word.syllables) <= LONGEST and _joins(groups[-1].words, word):
            groups[-1] = ProsodicWord((*groups[-1].words, word), max(word.pause, 1))
        else:
            groups.append(ProsodicWord((word,), max(word.pause, 1)))
        open_group = word.pause == 0
    if groups:
        groups[-1] = replace(groups[-1], level=last)
    return groups


def _joins(before: Sequence[Word], word: Word) -> bool:
    last = before[-1]
    size = sum(len(part.syllables) for part in before)
    if last.latin or word.latin:
        return last.latin and word.latin
    if word.glued:
        return size + len(word.syllables) <= 3
    if word.text in ENCLITICS:
        return True
    if len(word.text) == 1:
        leans = len(last.text) == 1 and (size == 1 or (size == 2 and last.text in PROCLITICS))
        return leans or last.text[-1] in NUMERALS
    return size == 1 and last.text in PROCLITICS and len(word.text) == 2
