"""Disambiguates polyphonic characters (多音字) by their sentence, with the network of g2pM.

Its reading is the last resort: `mandarin_g2p.py` asks the lexicon, the context rules and the dictionary first.

g2pM (Apache-2.0) contains a small bidirectional LSTM as NumPy arrays in pickles. Inference is implemented here, because
g2pM's own code predicts every character of every sentence, runs the two directions separately, leaves its files open
and unpickles arbitrary classes. The network is loaded for the first sentence that needs it and is read-only after that,
so threads may share it.
"""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_UNKNOWN, _BEGIN, _END = "<UNK>", "시", "끝"
_MIN_LEAD_AT_END, _MIN_LEAD = 40.0, 4.0
"""Of the best score over the next one: divided by the characters up to the comma, both counted, and at least."""
_ALLOWED_CLASSES = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
}
"""The only names that the pickles may refer to -> their location in NumPy 2."""


class _Network:
    """The weights of the network."""

    def __init__(self) -> None:
        arrays: dict[str, Array] = _load("np_ckpt")
        lstm = {name: [arrays[f"lstm.{name}_l0{way}"] for way in ("", "_reverse")] for name in
                ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}  # fmt: skip
        self.ids: Mapping[str, int] = _load("char2idx")
        """Character -> row of `embedding`."""
        self.embedding = arrays["embedding.weight"]
        """[characters, 64]"""
        self.inputs = [weight.T for weight in lstm["weight_ih"]]
        """Forward and backward: [64, 4 * 32] for the embedding."""
        self.recurrent = np.stack([weight.T for weight in lstm["weight_hh"]])
        """[2, 32, 4 * 32]; the gates are input, forget, cell, output."""
        self.bias = np.stack(lstm["bias_ih"]) + np.stack(lstm["bias_hh"])
        """[2, 4 * 32]"""
        self.hidden = arrays["logit_layer.0.weight"].T, arrays["logit_layer.0.bias"]
        """Weights [64, 32] and bias [32]."""
        self.output = arrays["logit_layer.2.weight"], arrays["logit_layer.2.bias"]
        """Weights [classes, 32] and bias [classes]."""
        self.readings: dict[str, tuple[tuple[int, str], ...]] = {}
        """Character -> its readings, each with its row of the output layer."""
        classes = {_normalize_pinyin(name): row for name, row in _load("class2idx").items()}
        for char, names in _load("digest_cedict").items():
            known = tuple((classes[name], name) for name in map(_normalize_pinyin, names) if name in classes)
            if len(char) == 1 and len(known) > 1:
                self.readings[char] = known


def disambiguate(sentence: str, positions: Sequence[int]) -> dict[int, str]:
    """Returns the readings of the characters at `positions`, as far as the network has several for them.

    A reading is `chong2`, with v for ü and 5 for the neutral tone.
    """
    return {position: candidates[int(scores.argmax())] for position, candidates, scores in _scores(sentence, positions)}


def network_readings(char: str) -> tuple[str, ...]:
    """The readings that the network knows of a character; empty for one that is not polyphonic."""
    return tuple(reading for _, reading in _network().readings.get(char, ()))


def is_settled(sentence: str, positions: Sequence[int]) -> bool:
    """Returns whether the readings at `positions` can be relied on before it is known how the sentence goes on.

    The network reads in both directions, so any continuation changes the scores, the less the farther away it is. With
    7,300 continuations (of other sentences, and random characters) of 1,500 clauses, no reading changed whose lead over
    the next one was more than 8.2 at the comma, 6.2 a character before it, and 2.5 from there on.
    """
    leads = (
        (len(sentence) - position, float(np.diff(np.sort(scores)[-2:])[0]))
        for position, _, scores in _scores(sentence, positions)
    )
    return all(lead >= max(_MIN_LEAD, _MIN_LEAD_AT_END / distance) for distance, lead in leads)


def _scores(sentence: str, positions: Sequence[int]) -> Iterator[tuple[int, Sequence[str], Array]]:
    """Yields the positions for which the network has several readings, with these and their scores."""
    network = _network() if positions else None
    known = [position for position in positions if network and sentence[position] in network.readings]
    if not network or not known:
        return
    unknown = network.ids[_UNKNOWN]
    ids = [network.ids[_BEGIN], *(network.ids.get(char, unknown) for char in sentence), network.ids[_END]]
    states = _lstm(network, network.embedding[ids])[np.array(known) + 1]
    weight, bias = network.hidden
    hidden = np.maximum(states @ weight + bias, 0)
    for position, vector in zip(known, hidden, strict=True):
        candidates = network.readings[sentence[position]]
        rows = [row for row, _ in candidates]
        scores = network.output[0][rows] @ vector + network.output[1][rows]
        yield position, [reading for _, reading in candidates], scores


def _lstm(network: _Network, embedded: Array) -> Array:
    """Computes the LSTM outputs, [characters, 64] -> [characters, 2 * 32], both directions in each step."""
    size = network.recurrent.shape[1]
    gates = np.stack([embedded @ network.inputs[0], embedded[::-1] @ network.inputs[1]], axis=1) + network.bias
    states = np.empty((len(embedded), 2, 1, size), np.float32)
    output: Array = np.zeros((2, 1, size), np.float32)
    cell: Array = output
    # a sigmoid is a tanh of half its argument, and a tanh cannot overflow; one call for all gates: calls are the cost
    scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), size)
    input_gate, forget_gate, candidate, output_gate = (slice(k * size, (k + 1) * size) for k in range(4))
    for step in range(len(embedded)):
        tanh: Array = np.tanh(scale * (gates[step, :, None] + output @ network.recurrent))
        sigmoid: Array = 0.5 + 0.5 * tanh
        cell = sigmoid[..., forget_gate] * cell + sigmoid[..., input_gate] * tanh[..., candidate]
        output = states[step] = sigmoid[..., output_gate] * np.tanh(cell)
    return np.concatenate([states[:, 0, 0], states[::-1, 1, 0]], axis=1)


@lru_cache(maxsize=1)
def _network() -> _Network:
    return _Network()


def _normalize_pinyin(reading: str) -> str:
    return reading.replace("u:", "v")


def _load(name: str) -> dict[str, Any]:
    with files("g2pM").joinpath(f"{name}.pkl").open("rb") as file:
        return cast(dict[str, Any], _ArrayUnpickler(file).load())


class _ArrayUnpickler(pickle.Unpickler):
    """Restricted to plain containers and NumPy arrays."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED_CLASSES:
            raise pickle.UnpicklingError(
                f"the data of g2pM refers to {module}.{name}, which is not allowed; reinstall it: pip install g2pM"
            )
        return super().find_class(*_ALLOWED_CLASSES[module, name])
