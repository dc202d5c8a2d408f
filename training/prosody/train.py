"""Trains the model of breaks on the labelled sentences: `python -m training.prosody.train`; about half a minute.

Multinomial logistic regression with an L2 penalty, minimised by Newton's directions in small memory (L-BFGS, Nocedal
and Wright, algorithm 7.4). Nothing is drawn by chance: the same sentences give the same weights.
"""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.text.normalization import normalize
from server.text.pronunciation.word_reader import read_words
from server.text.prosody.break_model import LEVELS, SCALE, WEIGHTS
from server.text.prosody.features import clues
from training.prosody.labels import Labelled, read_labels

SENTENCES = tuple(sorted(Path(__file__).parent.glob("sentences*.txt")))
PENALTY = 10.0
"""Strong: the rules of a few hundred sentences must hold for others."""
LEAST_SEEN = 3
"""A clue that fewer places have says nothing."""
_STEPS = 200
_MEMORY = 10
_SMALL_GRADIENT = 0.05

Floats = NDArray[np.float64]
Example = tuple[list[str], int]


def fingerprint() -> str:
    """SHA-256 of the labelled sentences."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in SENTENCES)).hexdigest()


def examples(sentence: Labelled) -> Iterator[Example]:
    """The clues and the level of every place that only the model can decide."""
    words, _ = read_words(normalize.normalize(sentence.text).text)
    size = 0
    for word, known in zip(words, clues(words), strict=False):
        size += sum(len(syllable.text) for syllable in word.syllables)
        if not word.pause:
            yield known, min(sentence.breaks.get(size, 0), LEVELS - 1)


def fit(places: Sequence[Example]) -> dict[str, tuple[int, int, int]]:
    """The weight of each clue for levels 1 to 3, against level 0, in units of 1 / `SCALE`."""
    seen = Counter(clue for known, _ in places for clue in known)
    index = {clue: place for place, clue in enumerate(clue for clue, count in seen.items() if count >= LEAST_SEEN)}
    rows = np.array([row for row, (known, _) in enumerate(places) for clue in known if clue in index])
    columns = np.array([index[clue] for known, _ in places for clue in known if clue in index])
    truth = np.eye(LEVELS)[[level for _, level in places]]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, LEVELS)
        scores = np.stack(
            [np.bincount(rows, weights[columns, level], minlength=len(places)) for level in range(LEVELS)], axis=1
        )
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        chances /= chances.sum(axis=1, keepdims=True)
        wrong = chances - truth
        slope = np.stack(
            [np.bincount(columns, wrong[rows, level], minlength=len(index)) for level in range(LEVELS)], axis=1
        )
        value = -float(np.log((chances * truth).sum(axis=1)).sum()) + PENALTY / 2 * float(flat @ flat)
        return value, (slope + PENALTY * weights).ravel()

    best = minimise(loss, np.zeros(len(index) * LEVELS)).reshape(-1, LEVELS)
    whole = np.rint((best[:, 1:] - best[:, :1]) * SCALE).astype(int)
    return {clue: (int(a), int(b), int(c)) for clue, (a, b, c) in zip(index, whole, strict=True) if a or b or c}


def minimise(loss: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """Where `loss`, which gives a value and a gradient, is least."""
    point, (value, slope) = start, loss(start)
    past: deque[tuple[Floats, Floats]] = deque(maxlen=_MEMORY)
    for _ in range(_STEPS):
        if np.abs(slope).max() < _SMALL_GRADIENT:
            break
        direction = -_newton(slope, past)
        pace = 1.0 if past else 1.0 / max(1.0, float(np.abs(slope).sum()))
        fall = float(slope @ direction)
        while (after := loss(point + pace * direction))[0] > value + 1e-4 * pace * fall:
            pace /= 2
        moved, turned = pace * direction, after[1] - slope
        if float(moved @ turned) > 0:
            past.append((moved, turned))
        point, (value, slope) = point + moved, after
    return point


def _newton(slope: Floats, past: Sequence[tuple[Floats, Floats]]) -> Floats:
    """The inverse curvature, as far as past steps (move, change of the gradient) tell it, times the gradient."""
    direction = slope.copy()
    shares = []
    for moved, turned in reversed(past):
        share = float(moved @ direction) / float(moved @ turned)
        direction -= share * turned
        shares.append(share)
    if past:
        moved, turned = past[-1]
        direction *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), share in zip(past, reversed(shares), strict=True):
        direction += (share - float(turned @ direction) / float(moved @ turned)) * moved
    return direction


def write(weights: dict[str, tuple[int, int, int]]) -> None:
    lines = [f"{json.dumps(clue, ensure_ascii=False)}: {list(weight)}" for clue, weight in sorted(weights.items())]
    content = f'{{"trained_on": "{fingerprint()}", "weights": {{\n' + ",\n".join(lines) + "\n}}\n"
    WEIGHTS.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    found = [place for file in SENTENCES for sentence in read_labels(file) for place in examples(sentence)]
    weights = fit(found)
    write(weights)
    print(f"{len(found)} places, {len(weights)} clues, {WEIGHTS.stat().st_size / 1000:.0f} kB")
