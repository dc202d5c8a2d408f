"""How probable a break is: a log-linear model of single places, trained on labelled sentences of our own.

training/prosody/ makes its weights. They are read when the first sentence needs them.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights.json"
SCALE = 100
"""Weights are stored as integers, in hundredths."""
LEVELS = 4
"""A place has no break (0) or one of level 1 to 3; what ends a sentence is never asked."""


@dataclass(frozen=True, slots=True)
class Model:
    weights: Mapping[str, tuple[int, int, int]]
    """How much a clue speaks for a break of level 1, 2 and 3 rather than for none."""
    trained_on: str
    """SHA-256 of the labelled sentences."""

    def breaks(self, clues: Iterable[str]) -> tuple[float, float, float]:
        """The probabilities that a break of at least level 1, 2 and 3 stands at a place."""
        first = second = third = 0
        for clue in clues:
            if weight := self.weights.get(clue):
                first += weight[0]
                second += weight[1]
                third += weight[2]
        most = max(0, first, second, third)
        none, *odds = (math.exp((score - most) / SCALE) for score in (0, first, second, third))
        total = none + sum(odds)
        return sum(odds) / total, (odds[1] + odds[2]) / total, odds[2] / total


@lru_cache(maxsize=1)
def load() -> Model:
    """The model that comes with the server."""
    content = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    weights = {clue: (first, second, third) for clue, (first, second, third) in content["weights"].items()}
    return Model(weights, content["trained_on"])
