"""Characters with several readings -> the reading that fits the sentence, by the network of g2pM.

g2pM (Apache-2.0) ships a small bidirectional LSTM as NumPy arrays in pickles. Its arithmetic is done here, because
its own code reads every character of every sentence, runs the two directions apart, leaves its files open and
executes whatever its pickles ask for. Nothing is loaded before the first sentence that needs it; after that the
arrays are only read, from any number of threads.
"""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_UNKNOWN, _FIRST, _LAST = "<UNK>", "시", "끝"
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
}
"""All that the pickles may name, and where NumPy 2 keeps it."""


@dataclass(frozen=True, slots=True)
class _Network:
    ids: Mapping[str, int]
    """Character -> row of `embedding`."""
    readings: Mapping[str, tuple[tuple[int, str], ...]]
    """Character -> its readings, each with its row of the output layer."""
    embedding: Array
    """[characters, 64]"""
    inputs: tuple[Array, Array]
    """Forward and backward: [64, 4 * 32] for the embedding."""
    recurrent: Array
    """[2, 32, 4 * 32]; the gates are input, forget, cell, output."""
    bias: Array
    """[2, 4 * 32]"""
    hidden: tuple[Array, Array]
    """Weights [64, 32] and bias [32]."""
    output: tuple[Array, Array]
    """Weights [classes, 32] and bias [classes]."""


def decide(sentence: str, places: Sequence[int]) -> dict[int, str]:
    """The readings of the characters at `places`, for those that the network knows: `chong2`, v for ü, neutral 5."""
    if not places:
        return {}
    network = _network()
    known = [place for place in places if sentence[place] in network.readings]
    if not known:
        return {}
    unknown = network.ids[_UNKNOWN]
    ids = [network.ids[_FIRST], *(network.ids.get(char, unknown) for char in sentence), network.ids[_LAST]]
    states = _states(network, network.embedding[ids])[np.array(known) + 1]
    weight, bias = network.hidden
    hidden = np.maximum(states @ weight + bias, 0)
    decided: dict[int, str] = {}
    for place, vector in zip(known, hidden, strict=True):
        candidates = network.readings[sentence[place]]
        rows = [row for row, _ in candidates]
        scores = network.output[0][rows] @ vector + network.output[1][rows]
        decided[place] = candidates[int(scores.argmax())][1]
    return decided


def _states(network: _Network, embedded: Array) -> Array:
    """[characters, 64] -> the LSTM's outputs, [characters, 2 * 32]; both directions step together."""
    size = network.recurrent.shape[1]
    gates = np.stack([embedded @ network.inputs[0], embedded[::-1] @ network.inputs[1]], axis=1) + network.bias
    states = np.empty((len(embedded), 2, size), np.float32)
    output = np.zeros((2, 1, size), np.float32)
    cell = np.zeros((2, size), np.float32)
    for step in range(len(embedded)):
        gate = gates[step] + (output @ network.recurrent)[:, 0]
        # a sigmoid is a tanh of half its argument, and a tanh cannot overflow
        entry, forget, exit_ = (0.5 + 0.5 * np.tanh(0.5 * gate[:, k * size : (k + 1) * size]) for k in (0, 1, 3))
        cell = forget * cell + entry * np.tanh(gate[:, 2 * size : 3 * size])
        states[step] = exit_ * np.tanh(cell)
        output = states[step][:, None, :]
    return np.concatenate([states[:, 0], states[::-1, 1]], axis=1)


@lru_cache(maxsize=1)
def _network() -> _Network:
    classes = {_ours(name): row for name, row in _load("class2idx").items()}
    arrays: dict[str, Array] = _load("np_ckpt")
    lstm = {name: [arrays[f"lstm.{name}_l0{way}"] for way in ("", "_reverse")] for name in
            ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}  # fmt: skip
    readings = {
        char: tuple((classes[_ours(name)], _ours(name)) for name in names if _ours(name) in classes)
        for char, names in _load("digest_cedict").items()
        if len(char) == 1 and len(names) > 1
    }
    return _Network(
        ids=_load("char2idx"),
        readings={char: known for char, known in readings.items() if len(known) > 1},
        embedding=arrays["embedding.weight"],
        inputs=(lstm["weight_ih"][0].T, lstm["weight_ih"][1].T),
        recurrent=np.stack([weight.T for weight in lstm["weight_hh"]]),
        bias=np.stack(lstm["bias_ih"]) + np.stack(lstm["bias_hh"]),
        hidden=(arrays["logit_layer.0.weight"].T, arrays["logit_layer.0.bias"]),
        output=(arrays["logit_layer.2.weight"], arrays["logit_layer.2.bias"]),
    )


def _ours(reading: str) -> str:
    return reading.replace("u:", "v")


def _load(name: str) -> dict[str, Any]:
    with files("g2pM").joinpath(f"{name}.pkl").open("rb") as file:
        return cast(dict[str, Any], _Arrays(file).load())


class _Arrays(pickle.Unpickler):
    """Plain containers and NumPy arrays, nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"the data of g2pM asks for {module}.{name}; reinstall it: pip install g2pM")
        return super().find_class(*_ALLOWED[module, name])
