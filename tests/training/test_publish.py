"""A published voice is smaller, runs the same operators, and states its origin."""

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from convert.models.text_encoder import sinusoids
from server.text.units.unit_tables import read_symbol_lines
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, GOLDEN, open_voice
from training.voice.corpus.speakers import EMOTIONS
from training.voice.publish.__main__ import main
from training.voice.publish.publication import publish
from training.voice.publish.weight_storage import STORAGE_FORMATS, store_as_int8

NAME = "noncausal_16k"
MAX_SIZE_RATIO = {"float16": 0.75, "int8": 0.3}
TOLERANCE = {"float16": 0.02, "int8": 0.05}


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.onnx"))


@pytest.mark.parametrize("storage", STORAGE_FORMATS)
def test_a_published_voice_is_smaller_and_speaks_the_same(voices: Path, tmp_path: Path, storage: str) -> None:
    publish(voices / NAME, tmp_path / "small", {"origin": "a test"}, storage)
    assert size(tmp_path / "small") < MAX_SIZE_RATIO[storage] * size(voices / NAME)
    original, small = open_voice(voices / NAME), open_voice(tmp_path / "small")
    small.voice.verify()
    assert (small.voice.name, small.voice.manifest.source["origin"]) == ("small", "a test")
    for _, line in read_symbol_lines((GOLDEN / NAME / "symbols.txt").read_text()):
        expected, actual = (voice.synthesize(voice.tables.encode(line)) for voice in (original, small))
        differences = np.abs(actual.prosody.durations - expected.prosody.durations)
        assert differences.max() <= (storage == "int8")  # frames: durations near .5 may round differently
        assert differences.mean() <= 0.1
        if not differences.any():
            np.testing.assert_allclose(actual.mel, expected.mel, atol=TOLERANCE[storage])
            np.testing.assert_allclose(actual.audio.samples, expected.audio.samples, atol=TOLERANCE[storage])


def optimized(graph: Path, folder: Path) -> onnx.GraphProto:
    """The graph that onnxruntime runs, after its optimizations."""
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.log_severity_level = 3  # it warns that the file is for this machine only
    ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return onnx.load(folder / "optimized.onnx").graph


@pytest.mark.parametrize("storage", STORAGE_FORMATS)
def test_a_published_graph_runs_the_same_operators(voices: Path, tmp_path: Path, storage: str) -> None:
    publish(voices / NAME, tmp_path / "small", {}, storage)
    for path in (voices / NAME).glob("*.onnx"):
        before, after = (optimized(folder / path.name, tmp_path) for folder in (voices / NAME, tmp_path / "small"))
        operators_before, operators_after = (Counter(node.op_type for node in graph.node) for graph in (before, after))
        assert not operators_after - operators_before
        assert {weight.data_type for weight in after.initializer} <= {TensorProto.FLOAT, TensorProto.INT64}


def restored_from_int8(weight: np.ndarray, *, convolve: bool) -> np.ndarray:
    """The weight that a graph computes with after it was stored as int8."""
    kind = "Conv" if convolve else "MatMul"
    data = np.eye(weight.shape[0], dtype=np.float32)
    if convolve:  # one channel, one impulse: the output is the mirrored weight
        data = np.zeros((1, 1, 2 * weight.shape[2] - 1), np.float32)
        data[0, 0, weight.shape[2] - 1] = 1
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "w"], ["y"])],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, data.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    store_as_int8(graph)
    assert any(array.data_type == TensorProto.INT8 for array in graph.initializer)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (output,) = session.run(["y"], {"x": data})
    return output[0, :, None, ::-1] if convolve else output


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_int8_changes_a_weight_by_half_a_step_of_its_channel_at_most(seed: int, scale: float) -> None:
    weight = (np.random.default_rng(seed).standard_normal((24, 20)) * scale).astype(np.float32)
    weight[:, 0] = 0
    steps = np.abs(weight).max(0) / 127
    assert (np.abs(restored_from_int8(weight, convolve=False) - weight) <= 0.51 * steps + 1e-6 * scale).all()


@given(st.integers(0, 2**32 - 1))
def test_zeros_of_upsampling_kernels_are_restored(seed: int) -> None:
    random = np.random.default_rng(seed)
    weight = random.standard_normal((160, 1, 3)).astype(np.float32)
    early = random.random(160) < 0.5
    weight[early, :, -1], weight[~early, :, 0] = 0, 0
    restored = restored_from_int8(weight, convolve=True)
    assert not restored[weight == 0].any()
    np.testing.assert_allclose(restored, weight, atol=0.5 * np.abs(weight).max() / 127)


def test_the_position_table_is_computed(tmp_path: Path, voices: Path) -> None:
    publish(voices / NAME, tmp_path / "small", {}, "int8")
    rows = Voice(voices / NAME).manifest.units.longest
    table = next(
        array
        for weight in optimized(tmp_path / "small" / "text_encoder.onnx", tmp_path).initializer
        if (array := numpy_helper.to_array(weight)).shape[:1] == (rows,)
    )
    np.testing.assert_allclose(table, sinusoids(*table.shape), atol=1e-4)
    stored = onnx.load(tmp_path / "small" / "text_encoder.onnx").graph.initializer
    assert max(np.prod(weight.dims) for weight in stored) < table.size


def test_a_published_voice_keeps_its_trained_emotions(voices: Path, tmp_path: Path) -> None:
    shutil.copytree(voices / NAME, tmp_path / NAME)
    manifest = tmp_path / NAME / "voice.yaml"
    manifest.write_text(manifest.read_text() + "trained_emotions: [neutral, happy]\n")
    publish(tmp_path / NAME, tmp_path / "small", {}, "int8")
    assert Voice(tmp_path / "small").manifest.trained_emotions == ("neutral", "happy")


def test_the_embedded_voices_list_the_emotions_of_the_recipe() -> None:
    for name in ("demo", "demo-small", "demo-timbre"):
        assert set(Voice(EMBEDDED.with_name(name)).manifest.trained_emotions) == set(EMOTIONS)


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: Path | str) -> int:
    monkeypatch.setattr(sys, "argv", ["publish", *map(str, arguments)])
    return main()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "report"
    folder.mkdir()
    figures = {"syllable_errors": 1.25, "sound_errors": 2, "tone_errors": 0.5, "english_errors": 7}
    (folder / "figures.json").write_text(json.dumps({"read F7-neutral": figures}))
    return folder


def test_the_command_writes_the_name_the_figures_and_the_storage(
    voices: Path, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo-small"
    assert run_command(monkeypatch, voices / NAME, report, folder, "--storage", "int8") == 0
    assert f"{sum(file.stat().st_size for file in folder.iterdir()):,} bytes" in capsys.readouterr().out
    manifest = Voice(folder).manifest
    assert manifest.name == "demo-small"
    assert manifest.source["figures"].endswith(
        "percent: F7-neutral 1.2; without its knowledge of words: F7-neutral 2.0; "
        "wrong tones: F7-neutral 0.5; wrong English words: F7-neutral 7.0"
    )
    assert "8 bits" in manifest.source["storage"]


def test_errors_name_the_cause_and_leave_no_files(
    voices: Path, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variant = Path(shutil.copytree(voices / NAME, tmp_path / "variant"))
    manifest = yaml.safe_load((variant / "voice.yaml").read_text())
    (variant / "voice.yaml").write_text(yaml.safe_dump(manifest | {"variants": {"int8": {}}}))
    for voice, figures, reason in (
        (EMBEDDED, report, "does not have float32 weights"),
        (tmp_path, report, "voice.yaml is missing"),
        (voices / NAME, tmp_path, "training.voice.evaluate` writes it"),
        (variant, report, "also holds int8; convert it again with --precision fp32"),
    ):
        assert run_command(monkeypatch, voice, figures, tmp_path / "new") == 1
        assert reason in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report", "variant"]
