"""Compares predicted breaks with labels: `python -m training.prosody.evaluate FILE`.

Prints precision, recall and F1 of the breaks between two Chinese characters, without and with the end of the sentence,
which is always a break. The front end normalizes and pronounces each line but does not split it into sentences, so a
line should hold one sentence.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from server.text.normalization import normalize
from server.text.pronunciation.mandarin_g2p import pronounce
from server.text.prosody.phrase_breaks import predict_breaks
from training.prosody.labels import LabeledSentence, read_labels


def predict(sentence: LabeledSentence) -> dict[int, int]:
    """Returns the predicted breaks: number of Chinese characters before a break -> its level."""
    words, _ = pronounce(normalize.normalize(sentence.text).text)
    breaks: dict[int, int] = {}
    length = 0
    for prosodic_word in predict_breaks(words):
        length += sum(len(syllable.text) for syllable in prosodic_word.syllables)
        breaks[length] = prosodic_word.break_level
    return breaks


def f1(pairs: Iterable[tuple[Mapping[int, int], Mapping[int, int]]], level: int) -> tuple[float, float, float]:
    """Returns precision, recall and F1 of the breaks of at least `level`; pairs are (labels, prediction)."""
    correct = labeled = predicted = 0
    for labels, prediction in pairs:
        expected = {position for position, break_level in labels.items() if break_level >= level}
        found = {position for position, break_level in prediction.items() if break_level >= level}
        correct += len(expected & found)
        labeled += len(expected)
        predicted += len(found)
    return correct / max(predicted, 1), correct / max(labeled, 1), 2 * correct / max(labeled + predicted, 1)


def inner(breaks: Mapping[int, int], length: int) -> dict[int, int]:
    """Returns the breaks without the one at the end of the sentence."""
    return {position: level for position, level in breaks.items() if position < length}


def main(file: Path) -> None:
    """Prints the scores on a file of labeled sentences."""
    sentences = list(read_labels(file))
    pairs = [(sentence, predict(sentence)) for sentence in sentences]
    with_end = [(labels.breaks | {labels.length: 4}, prediction) for labels, prediction in pairs]
    inside = [(inner(labels.breaks, labels.length), inner(breaks, labels.length)) for labels, breaks in pairs]
    print(f"{len(sentences)} sentences          precision  recall  F1")
    for name, scored in (("inside the sentence", inside), ("with its end", with_end)):
        for level in (1, 2, 3):
            print(f"{name:20} >= #{level}   " + "   ".join(f"{figure:.3f}" for figure in f1(scored, level)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m training.prosody.evaluate FILE")
    main(Path(sys.argv[1]))
