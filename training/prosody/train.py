"""Trains the break model on the labeled sentences: `python -m training.prosody.train`, about half a minute.

Multinomial logistic regression with an L2 penalty, minimized by L-BFGS (Nocedal and Wright, Numerical Optimization,
algorithm 7.4). Training is deterministic: the same sentences give the same weights.
"""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.text.normalization import normalize
from server.text.pronunciation.mandarin_g2p import pronounce
from server.text.prosody.break_model import LEVELS, SCALE, WEIGHTS
from server.text.prosody.features import break_features
from training.prosody.labels import LabeledSentence, read_labels

SENTENCES = tuple(sorted(Path(__file__).parent.glob("sentences*.txt")))
PENALTY = 10.0
"""Of the squared L2 norm; strong, because there are few sentences."""
MIN_FEATURE_COUNT = 3
"""Rarer features are left out."""
_MAX_STEPS = 200
_HISTORY_STEPS = 10
_GRADIENT_TOLERANCE = 0.05
_SUFFICIENT_DECREASE = 1e-4

Floats = NDArray[np.float64]
Example = tuple[list[str], int]


def fingerprint() -> str:
    """Returns the SHA-256 of the labeled sentences."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in SENTENCES)).hexdigest()


def examples(sentence: LabeledSentence) -> Iterator[Example]:
    """Yields the features and the break level of every word boundary without punctuation."""
    words, _ = pronounce(normalize.normalize(sentence.text).text)
    length = 0
    for word, features in zip(words, break_features(words), strict=False):
        length += sum(len(syllable.text) for syllable in word.syllables)
        if not word.break_level:
            yield features, min(sentence.breaks.get(length, 0), LEVELS - 1)


def fit(training_set: Sequence[Example]) -> dict[str, tuple[int, int, int]]:
    """Returns the weights of each feature for levels 1 to 3, relative to level 0, in units of 1 / `SCALE`."""
    counts = Counter(feature for features, _ in training_set for feature in features)
    kept = [feature for feature, count in counts.items() if count >= MIN_FEATURE_COUNT]
    index = {feature: column for column, feature in enumerate(kept)}
    rows = np.array([row for row, (features, _) in enumerate(training_set) for name in features if name in index])
    columns = np.array([index[name] for features, _ in training_set for name in features if name in index])
    targets = np.eye(LEVELS)[[level for _, level in training_set]]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, LEVELS)
        scores = np.stack(
            [np.bincount(rows, weights[columns, level], minlength=len(training_set)) for level in range(LEVELS)], axis=1
        )
        scores -= scores.max(axis=1, keepdims=True)
        probabilities = np.exp(scores)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        errors = probabilities - targets
        gradient = np.stack(
            [np.bincount(columns, errors[rows, level], minlength=len(index)) for level in range(LEVELS)], axis=1
        )
        value = -float(np.log((probabilities * targets).sum(axis=1)).sum()) + PENALTY / 2 * float(flat @ flat)
        return value, (gradient + PENALTY * weights).ravel()

    best = minimize(loss, np.zeros(len(index) * LEVELS)).reshape(-1, LEVELS)
    rounded = np.rint((best[:, 1:] - best[:, :1]) * SCALE).astype(int)
    return {name: (int(a), int(b), int(c)) for name, (a, b, c) in zip(index, rounded, strict=True) if a or b or c}


def minimize(loss: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """Returns the minimum of `loss`, which returns a value and a gradient, by L-BFGS with backtracking."""
    point, (value, gradient) = start, loss(start)
    history: deque[tuple[Floats, Floats]] = deque(maxlen=_HISTORY_STEPS)
    for _ in range(_MAX_STEPS):
        if np.abs(gradient).max() < _GRADIENT_TOLERANCE:
            break
        direction = -_newton_direction(gradient, history)
        step_size = 1.0 if history else 1.0 / max(1.0, float(np.abs(gradient).sum()))
        slope = float(gradient @ direction)
        while (after := loss(point + step_size * direction))[0] > value + _SUFFICIENT_DECREASE * step_size * slope:
            step_size /= 2
        step, change = step_size * direction, after[1] - gradient
        if float(step @ change) > 0:
            history.append((step, change))
        point, (value, gradient) = point + step, after
    return point


def _newton_direction(gradient: Floats, history: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Multiplies the gradient by the approximate inverse Hessian (two-loop recursion).

    `history` holds the last steps and the changes of the gradient in them.
    """
    direction = gradient.copy()
    coefficients = []
    for step, change in reversed(history):
        coefficient = float(step @ direction) / float(step @ change)
        direction -= coefficient * change
        coefficients.append(coefficient)
    if history:
        step, change = history[-1]
        direction *= float(step @ change) / float(change @ change)
    for (step, change), coefficient in zip(history, reversed(coefficients), strict=True):
        direction += (coefficient - float(change @ direction) / float(step @ change)) * step
    return direction


def write(weights: dict[str, tuple[int, int, int]]) -> None:
    """Writes the weights file of the server."""
    lines = [f"{json.dumps(name, ensure_ascii=False)}: {list(weight)}" for name, weight in sorted(weights.items())]
    content = f'{{"trained_on": "{fingerprint()}", "weights": {{\n' + ",\n".join(lines) + "\n}}\n"
    WEIGHTS.write_text(content, encoding="utf-8")


def main() -> None:
    """Trains on all labeled sentences and writes the weights."""
    training_set = [example for file in SENTENCES for sentence in read_labels(file) for example in examples(sentence)]
    weights = fit(training_set)
    write(weights)
    print(f"{len(training_set)} word boundaries, {len(weights)} features, {WEIGHTS.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
