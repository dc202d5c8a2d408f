"""A multinomial logistic regression that predicts the break between two words.

`training/prosody/` trains the weights on labeled sentences. They are loaded for the first sentence.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights.json"
SCALE = 100
"""Weights are stored as integers, in units of 1 / `SCALE`."""
LEVELS = 4
"""The classes: no break (0), or a break of level 1 to 3. The end of a sentence (4) is not predicted."""


@dataclass(frozen=True, slots=True)
class BreakModel:
    """The trained model."""

    weights: Mapping[str, tuple[int, int, int]]
    """Feature -> its weight for a break of level 1, 2 and 3, relative to no break."""
    trained_on: str
    """SHA-256 of the labeled sentences."""

    def probabilities(self, features: Iterable[str]) -> tuple[float, float, float]:
        """Returns the probabilities of a break of at least level 1, 2 and 3."""
        found = [weight for feature in features if (weight := self.weights.get(feature))]
        scores = [0, *map(sum, zip((0, 0, 0), *found, strict=True))]
        highest = max(scores)
        none, *odds = (math.exp((score - highest) / SCALE) for score in scores)
        total = none + sum(odds)
        return sum(odds) / total, (odds[1] + odds[2]) / total, odds[2] / total


@lru_cache(maxsize=1)
def load_model() -> BreakModel:
    """Loads the model that is part of the server."""
    content = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    weights = {feature: (first, second, third) for feature, (first, second, third) in content["weights"].items()}
    return BreakModel(weights, content["trained_on"])
