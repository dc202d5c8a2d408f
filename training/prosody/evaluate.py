"""Breaks of the front end against labels: `python -m training.prosody.evaluate FILE`.

A break stands between two Chinese characters. The end of the sentence is one by itself, so figures with it are higher;
both are printed. A line is normalised, read into words and grouped, all of it the front end's own; it is not cut into
sentences, so each line should hold one.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from server.text.normalization import normalize
from server.text.pronunciation.word_reader import read_words
from server.text.prosody.phrase_breaks import group
from training.prosody.labels import Labelled, read_labels


def predict(sentence: Labelled) -> dict[int, int]:
    """Number of Chinese characters before a break -> its level."""
    words, _ = read_words(normalize.normalize(sentence.text).text)
    breaks: dict[int, int] = {}
    size = 0
    for each in group(words):
        size += sum(len(syllable.text) for syllable in each.syllables)
        breaks[size] = each.level
    return breaks


def f1(pairs: Iterable[tuple[Mapping[int, int], Mapping[int, int]]], level: int) -> tuple[float, float, float]:
    """Precision, recall and F1 of the breaks of at least `level`; pairs are (label, prediction)."""
    right = labelled = predicted = 0
    for label, prediction in pairs:
        true = {place for place, height in label.items() if height >= level}
        guessed = {place for place, height in prediction.items() if height >= level}
        right += len(true & guessed)
        labelled += len(true)
        predicted += len(guessed)
    return right / max(predicted, 1), right / max(labelled, 1), 2 * right / max(labelled + predicted, 1)


def inner(breaks: Mapping[int, int], size: int) -> dict[int, int]:
    """Without the end of the sentence."""
    return {place: level for place, level in breaks.items() if place < size}


def main(file: Path) -> None:
    sentences = list(read_labels(file))
    guesses = [predict(sentence) for sentence in sentences]
    whole = [(each.breaks | {each.size: 4}, guess) for each, guess in zip(sentences, guesses, strict=True)]
    within = [
        (inner(each.breaks, each.size), inner(guess, each.size)) for each, guess in zip(sentences, guesses, strict=True)
    ]
    print(f"{len(sentences)} sentences          precision  recall  F1")
    for name, pairs in (("inside the sentence", within), ("with its end", whole)):
        for level in (1, 2, 3):
            print(f"{name:20} >= #{level}   " + "   ".join(f"{figure:.3f}" for figure in f1(pairs, level)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m training.prosody.evaluate FILE")
    main(Path(sys.argv[1]))
