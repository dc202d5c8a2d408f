"""Grapheme-to-phoneme conversion of English words that no dictionary has.

A network of two bidirectional GRU layers labels each letter with its phones. `training/english/train.py` trains it on
the CMU dictionary. Inference needs NumPy only and takes about a millisecond a word; the weights are 0.4 MB.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from server.types import Floats

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_WEIGHTS = Path(__file__).with_name("g2p.npz")


class G2PModel:
    """The trained network."""

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
        """For each unstressed label, the row of the same label with stress; -1 if there is none."""
        self._fixed = [1.0 if "1" in "".join(label) else -1.0 for label in labels]
        """The stress of labels without such a pair: 1 if the label exists only with stress, -1 if it has no stress."""

    def predict(self, word: str) -> tuple[str, ...]:
        """Returns the phones of a word of small letters a to z; the vowel of the primary stress ends in 1.

        Each letter gets its most probable label regardless of stress; then the vowel with the highest probability of
        stress is stressed.
        """
        scores = self._scores(word)  # (letters, labels)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        has_stressed = np.nonzero(self._stressed >= 0)[0]
        unstressed = odds.copy()
        unstressed[:, has_stressed] += odds[:, self._stressed[has_stressed]]
        unstressed[:, self._stressed[has_stressed]] = 0
        best = unstressed.argmax(axis=1)
        stress = [
            odds[index, self._stressed[row]] / unstressed[index, row] if self._stressed[row] >= 0 else self._fixed[row]
            for index, row in enumerate(best)
        ]
        most_stressed = int(np.argmax(stress))
        if self._stressed[best[most_stressed]] >= 0:
            best[most_stressed] = self._stressed[best[most_stressed]]
        return tuple(
            phone if index == most_stressed else phone.rstrip("1")
            for index, row in enumerate(best)
            for phone in self._labels[row]
        )

    def _scores(self, word: str) -> Floats:
        x: Floats = self._weights["embedding.weight"][[ALPHABET.index(letter) for letter in word]]
        for layer in range(2):
            forward = self._gru(x, f"layers.{layer}", "")
            backward = self._gru(x[::-1], f"layers.{layer}", "_reverse")[::-1]
            x = np.concatenate((forward, backward), axis=1)
        scores: Floats = x @ self._weights["output.weight"].T + self._weights["output.bias"]
        return scores

    def _gru(self, x: Floats, layer: str, direction: str) -> Floats:
        """Returns the states of a GRU layer, (letters, hidden), as PyTorch computes it: gates reset, update, new."""
        w_in, w_state, b_in, b_state = (
            self._weights[f"{layer}.{name}_l0{direction}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        size = w_state.shape[1]
        projected = x @ w_in.T + b_in
        state: Floats = np.zeros(size, np.float32)
        states = []
        for step in projected:
            recurrent = w_state @ state + b_state
            reset, update = np.split(1 / (1 + np.exp(-(step[: 2 * size] + recurrent[: 2 * size]))), 2)
            new = np.tanh(step[2 * size :] + reset * recurrent[2 * size :])
            state = (1 - update) * new + update * state
            states.append(state)
        return np.stack(states)


@lru_cache(maxsize=1)
def _model() -> G2PModel:
    return G2PModel(_WEIGHTS)


@lru_cache(maxsize=4096)
def predict(word: str) -> tuple[str, ...]:
    """Returns the phones of a word of small letters a to z."""
    return _model().predict(word)
