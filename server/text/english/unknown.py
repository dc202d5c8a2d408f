"""How an unknown English word is read: a small network labels each letter with the phones that it stands for.

Two bidirectional GRU layers, trained on the CMU dictionary by `training/english/train.py`; 0.4 MB, a millisecond a
word, and numpy is enough.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from server.types import Floats

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_WEIGHTS = Path(__file__).with_name("unknown.npz")


class Reader:
    """One trained network."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._weights = {
                name: arrays[name].astype(np.float32) * arrays.get(f"{name}.scale", np.float32(1))
                for name in arrays.files
                if name != "labels" and not name.endswith(".scale")
            }
            labels = [tuple(str(label).split()) for label in arrays["labels"]]
        self._labels = labels
        rows = {label: row for row, label in enumerate(labels)}
        stressed = [tuple(phone + "1" if phone[0] in "aeiou" else phone for phone in label) for label in labels]
        self._stressed = np.array(
            [rows.get(other, -1) if other != label else -1 for label, other in zip(labels, stressed, strict=True)]
        )
        """For every label without stress the one with it, if there is one."""

    def read(self, word: str) -> tuple[str, ...]:
        """`word` is of small letters a to z; the vowel of the primary stress ends in 1."""
        scores = self._score(word)  # (letters, labels)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        has_stressed = np.nonzero(self._stressed >= 0)[0]
        bare = odds.copy()
        bare[:, has_stressed] += odds[:, self._stressed[has_stressed]]
        bare[:, self._stressed[has_stressed]] = 0
        best = bare.argmax(axis=1)
        accent = [
            odds[place, self._stressed[row]] / bare[place, row] if self._stressed[row] >= 0 else -1.0
            for place, row in enumerate(best)
        ]
        accented = int(np.argmax(accent))
        if accent[accented] >= 0:
            best[accented] = self._stressed[best[accented]]
        return tuple(phone for row in best for phone in self._labels[row])

    def _score(self, word: str) -> Floats:
        x: Floats = self._weights["embedding.weight"][[ALPHABET.index(letter) for letter in word]]
        for layer in range(2):
            forward = self._gru(x, f"layers.{layer}", "")
            backward = self._gru(x[::-1], f"layers.{layer}", "_reverse")[::-1]
            x = np.concatenate((forward, backward), axis=1)
        scores: Floats = x @ self._weights["output.weight"].T + self._weights["output.bias"]
        return scores

    def _gru(self, x: Floats, layer: str, direction: str) -> Floats:
        """As PyTorch's GRU: gates reset, update, new."""
        w_in, w_state, b_in, b_state = (
            self._weights[f"{layer}.{name}_l0{direction}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        size = w_state.shape[1]
        given = x @ w_in.T + b_in
        state: Floats = np.zeros(size, np.float32)
        states = []
        for step in given:
            own = w_state @ state + b_state
            reset, update = np.split(1 / (1 + np.exp(-(step[: 2 * size] + own[: 2 * size]))), 2)
            new = np.tanh(step[2 * size :] + reset * own[2 * size :])
            state = (1 - update) * new + update * state
            states.append(state)
        return np.stack(states)


@lru_cache(maxsize=1)
def _reader() -> Reader:
    return Reader(_WEIGHTS)


@lru_cache(maxsize=4096)
def guess(word: str) -> tuple[str, ...]:
    """The phones of a word of small letters a to z."""
    return _reader().read(word)
