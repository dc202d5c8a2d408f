"""The network of Piper's medium quality: its size, its formulas, and audio of a plausible length."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from bench.__main__ import main
from bench.piper import duration_predictor, text_encoder
from bench.piper.layers import VitsGraph
from bench.piper.network import piper_network
from bench.piper.sizes import MEDIUM
from bench.piper.voice import PiperVoice
from convert.graph.builder import Value
from tests.conftest import EMBEDDED

SMALL = replace(MEDIUM, channels=32, filter_channels=48, generator_channels=32, layers=2, flows=2, wavenet_layers=2)


def run(graph: VitsGraph, output: Value, shape: list[Any], **inputs: NDArray[Any]) -> NDArray[np.float32]:
    graph.output("output", output, shape)
    session = onnxruntime.InferenceSession(graph.build().SerializeToString(), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(None, inputs)[0]
    return found


def test_the_medium_network_has_as_many_parameters_as_a_published_voice() -> None:
    weights = piper_network().graph.initializer
    assert sum(int(np.prod(weight.dims)) for weight in weights) == pytest.approx(15.7e6, rel=0.01)


def test_the_audio_is_as_long_as_speech_and_neither_fades_nor_clips() -> None:
    sentences = list(PiperVoice(SMALL).sentences("今天天气很好，我们去公园。早点休息吧！"))
    assert len(sentences) == 2
    for audio, syllables in zip(sentences, (11, 5), strict=True):
        assert 0.15 < len(audio) / MEDIUM.sampling_rate / syllables < 0.27
        assert np.isfinite(audio).all()
        assert 0.001 < np.abs(audio).mean() < 0.7


def test_a_row_of_a_batch_is_as_it_is_alone_up_to_the_generator_s_last_samples() -> None:
    session = onnxruntime.InferenceSession(piper_network(SMALL).SerializeToString(), providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(0).integers(0, 256, (2, 40))
    scales = np.array([0, 1.5, 0], np.float32)  # without noise

    def speak(rows: NDArray[np.int64], *lengths: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(
            None, {"input": rows, "input_lengths": np.array(lengths), "scales": scales}
        )[0]
        return found[:, 0]

    both, alone = speak(ids, 40, 23), speak(ids[1:, :23], 23)
    kept = alone.shape[1] - 40 * MEDIUM.hop_length
    assert 0 < kept < both.shape[1] - 40 * MEDIUM.hop_length
    np.testing.assert_allclose(both[1, :kept], alone[0, :kept], atol=1e-5)


def test_scores_by_distance_and_by_position_are_each_other_s_inverse() -> None:
    length, heads = 7, 2
    graph = VitsGraph("shift")
    x = graph.input("x", [1, heads, "time", "distances"])
    positions = text_encoder._by_position(graph, x, heads, graph.size(x, 2))
    graph.output("back", text_encoder._by_distance(graph, positions, heads, graph.size(x, 2)), [1, heads, None, None])
    distances = np.random.default_rng(0).standard_normal((1, heads, length, 2 * length - 1), np.float32)
    graph.output("output", positions, [1, heads, None, None])
    session = onnxruntime.InferenceSession(graph.build().SerializeToString(), providers=["CPUExecutionProvider"])
    back, found = session.run(None, {"x": distances})
    for row in range(length):
        for column in range(length):
            expected = distances[..., row, column - row + length - 1]
            np.testing.assert_array_equal(found[..., row, column], expected)
            np.testing.assert_array_equal(back[..., row, column - row + length - 1], expected)


def test_the_inverse_spline_is_the_inverse_of_the_spline() -> None:
    bins, count = 10, 200
    random = np.random.default_rng(0)
    parts = {name: random.standard_normal((1, 1, count, bins)).astype(np.float32) for name in ("widths", "heights")}
    parts["derivatives"] = random.standard_normal((1, 1, count, bins - 1)).astype(np.float32)
    y = random.uniform(-6, 6, (1, 1, count)).astype(np.float32)
    graph = VitsGraph("spline")
    given = [graph.input("y", y.shape), *(graph.input(name, part.shape) for name, part in parts.items())]
    x = run(graph, duration_predictor._inverse_spline(graph, bins, *given), list(y.shape), y=y, **parts)
    for index in range(count):
        widths, heights, derivatives = (part[0, 0, index].astype(np.float64) for part in parts.values())
        assert spline(x[0, 0, index], widths, heights, derivatives) == pytest.approx(y[0, 0, index], abs=1e-3)


def spline(x: float, widths: NDArray[Any], heights: NDArray[Any], derivatives: NDArray[Any]) -> float:
    """Durkan et al. (2019), equation 4, with linear tails outside of [-5, 5]."""
    if abs(x) >= 5:
        return x
    xs, ys = (
        np.concatenate([[-5.0], -5 + 10 * np.cumsum(0.001 + 0.99 * np.exp(part) / np.exp(part).sum())])
        for part in (widths, heights)
    )
    slopes = np.concatenate([[1.0], 0.001 + np.log1p(np.exp(derivatives)), [1.0]])
    k = min(int(np.searchsorted(xs, x, side="right")) - 1, len(widths) - 1)
    width, height = xs[k + 1] - xs[k], ys[k + 1] - ys[k]
    share, delta = (x - xs[k]) / width, height / width
    bend = (slopes[k + 1] + slopes[k] - 2 * delta) * share * (1 - share)
    return float(ys[k] + height * (delta * share**2 + slopes[k] * share * (1 - share)) / (delta + bend))


def test_the_command_compares_every_precision_with_piper_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.measure.beside_piper.PiperVoice", lambda: PiperVoice(SMALL))
    arguments = ["--models", str(EMBEDDED.parent), "--voice", "demo", "--repeat", "2", "--output", str(tmp_path)]
    assert main(["piper", *arguments]) == 0
    piper, *precisions = json.loads((tmp_path / "piper.json").read_text("utf-8"))["voices"][0]["piper"]
    assert (piper["name"], piper["ratio"], piper["lowest_ratio"]) == ("Piper medium", 1, 1)
    assert "fp32" in [result["name"] for result in precisions]
    for result in precisions:
        assert 0 < result["lowest_ratio"] <= result["ratio"] <= result["highest_ratio"]
    assert "of Piper's" in capsys.readouterr().out
