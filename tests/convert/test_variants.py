"""Variants in other precisions meet the quality limits, or are not written."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from convert.__main__ import main
from convert.quantization import variants
from convert.quantization.calibration import Arrays, CalibrationSession, OfflineAcousticModel
from convert.quantization.int8 import multiplication_share, quantize, wide_blocks
from convert.quantization.metrics import SpectralMetrics, compare_audio
from convert.quantization.sentences import EncodedSentence, load_sentences
from convert.quantization.variants import QUALITY_LIMITS, Evaluator, int8_candidate, make_variants, node_names
from server.text.units.unit_tables import UnitTables
from server.types import Units
from server.voices.manifest import read_manifest
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, GOLDEN, open_voice

NAMES = ("demo", "noncausal_16k")
MADE = [("demo", "fp16"), ("demo", "int8"), ("noncausal_16k", "fp16")]


@pytest.mark.parametrize(("name", "kind"), MADE)
def test_a_variant_is_written_with_its_metrics(name: str, kind: str, several: Path) -> None:
    voice = Voice(several / name)
    voice.verify()
    variant = voice.manifest.variants[kind]
    report = variant.reports.vocoder
    assert report is not None
    assert report.snr_db >= QUALITY_LIMITS[kind].snr_db
    assert report.log_spectral_distance_db <= QUALITY_LIMITS[kind].log_spectral_distance_db
    assert variant.graphs["vocoder"].bytes < 0.9 * voice.manifest.graphs["vocoder"].bytes


@pytest.mark.parametrize(("name", "kind"), MADE)
def test_a_variant_has_the_float32_inputs_and_outputs_of_its_graph(name: str, kind: str, several: Path) -> None:
    exact, other = (onnx.load(several / name / f"vocoder{end}.onnx").graph for end in ("", f".{kind}"))
    assert list(other.input) == list(exact.input)
    assert list(other.output) == list(exact.output)


def test_a_variant_keeps_the_metadata_of_its_graph(several: Path) -> None:
    exact, *others = (
        onnx.load(several / "demo" / f"vocoder{end}.onnx").metadata_props for end in ("", ".fp16", ".int8")
    )
    assert all(list(other) == list(exact) for other in others)


def test_calibration_computes_the_mels_of_the_server(several: Path) -> None:
    for name in NAMES:
        folder = several / name
        sentence = load_sentences(read_manifest(folder)).evaluation[0]
        synthesizer = open_voice(folder)
        units = synthesizer.tables.encode(symbols_of(synthesizer.tables, sentence))
        expected = synthesizer.synthesize(units, source_noise=False).mel
        got = OfflineAcousticModel(folder, read_manifest(folder)).vocoder_inputs(sentence)["mel"][0]
        np.testing.assert_allclose(got, expected[:, : got.shape[1]], atol=1e-4)


def symbols_of(tables: UnitTables, sentence: EncodedSentence) -> str:
    return tables.decode(Units(sentence.features[0], sentence.emotions[0], sentence.speakers[0]))


def test_sentences_are_encoded_as_bytes_for_voices_that_read_bytes(voices: Path) -> None:
    sentences = load_sentences(read_manifest(voices / "byte_16k"))
    assert bytes(sentences.calibration[0].features[0, :, 0].astype(np.uint8)).decode().endswith("。")
    assert len(sentences.evaluation) == 4


def test_converting_with_variants_again_gives_the_same_bytes(
    several: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(GOLDEN / "noncausal_16k"), "--output", str(tmp_path), "--precision", "fp32,fp16,int8"]
    assert main(command) == 0
    assert "vocoder.int8 is left out: it is too small to gain from it" in capsys.readouterr().err
    first, second = (folder / "noncausal_16k" for folder in (several, tmp_path))
    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_a_variant_below_the_limit_is_rejected_with_its_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(QUALITY_LIMITS, "fp16", SpectralMetrics(90, 0.5))
    folder = Path(shutil.copytree(EMBEDDED, tmp_path / "demo"))
    created = make_variants(folder, read_manifest(folder), ["fp16"], lambda step: None)
    assert created.variants == {}
    assert "vocoder.fp16 is left out: it differs too much from fp32 (SNR 5" in created.notes[0]
    assert "required are at least 90 dB and at most 0.5 dB" in created.notes[0]
    assert list(folder.glob("*.fp16.onnx")) == []


@pytest.fixture(scope="module")
def calibrated() -> tuple[Evaluator, list[Arrays]]:
    """An evaluator with one sentence, and the calibration data of one sentence."""
    manifest = read_manifest(EMBEDDED)
    sentences, model = load_sentences(manifest), OfflineAcousticModel(EMBEDDED, manifest)
    calibration, evaluation = (
        [model.vocoder_inputs(each[0])] for each in (sentences.calibration, sentences.evaluation)
    )
    return Evaluator(onnx.load(EMBEDDED / "vocoder.onnx"), evaluation), calibration


def test_the_block_with_the_largest_distance_stays_float32_if_that_is_enough(
    calibrated: tuple[Evaluator, list[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, calibration = calibrated
    blocks = wide_blocks(evaluator.model)
    everything = int8_candidate(evaluator, blocks, calibration)
    assert everything.share == multiplication_share(evaluator.model, node_names(blocks)) < 1
    everything_metrics = everything.metrics
    limit = SpectralMetrics(everything_metrics.snr_db + 0.5, everything_metrics.log_spectral_distance_db)
    monkeypatch.setitem(QUALITY_LIMITS, "int8", limit)
    monkeypatch.setattr(variants, "MIN_INT8_SHARE", 0.1)
    less = int8_candidate(evaluator, blocks, calibration)
    assert 0.1 <= less.share < everything.share
    assert less.metrics.meets(limit)


def test_int8_is_rejected_if_too_few_multiplications_remain(
    calibrated: tuple[Evaluator, list[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, calibration = calibrated
    monkeypatch.setitem(QUALITY_LIMITS, "int8", SpectralMetrics(90, 0.001))
    candidate = int8_candidate(evaluator, wide_blocks(evaluator.model), calibration)
    assert candidate.share >= variants.MIN_INT8_SHARE
    assert "it differs too much from fp32" in (variants.rejection(candidate, "int8") or "")


def test_every_chosen_convolution_becomes_an_integer_kernel(several: Path, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 4
    path = several / "demo" / "vocoder.int8.onnx"
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    optimized = onnx.load(tmp_path / "optimized.onnx").graph.node
    blocks = wide_blocks(onnx.load(several / "demo" / "vocoder.onnx"))
    assert sum(node.op_type == "QLinearConv" for node in optimized) == len(node_names(blocks)) > 0


def test_int8_is_not_judged_where_products_saturate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convert.quantization.variants.products_saturate", lambda: True)
    folder = Path(shutil.copytree(EMBEDDED, tmp_path / "demo"))
    created = make_variants(folder, read_manifest(folder), ["int8"], lambda step: None)
    assert set(created.variants["int8"].graphs) == {"mel_decoder"}
    assert "vocoder.int8 is left out: this CPU adds 8-bit products in 16 bits" in created.notes[0]


def test_a_language_without_sentences_is_noted(tmp_path: Path) -> None:
    manifest = read_manifest(EMBEDDED).model_copy(update={"language": "Sichuan"})
    created = make_variants(tmp_path, manifest, ["int8"], lambda step: None)
    assert created.variants == {}
    assert created.notes == ("int8 left out: there are no evaluation sentences in Sichuan",)


def test_an_unknown_precision_lists_the_valid_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(GOLDEN / "byte_16k"), "--precision", "fp32,int4"])
    assert "unknown precision 'int4'; valid: fp32, int8, fp16" in capsys.readouterr().err


def test_without_onnxruntime_the_command_fails_before_anything_is_written(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec; from convert import __main__ as m; "
        "m.find_spec = lambda name: None if name == 'onnxruntime' else find(name); "
        f"sys.exit(m.main([{str(GOLDEN / 'byte_16k')!r}, '--output', {str(tmp_path / 'models')!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=GOLDEN.parents[1]
    )
    assert done.returncode == 1
    assert "give --precision fp32" in done.stderr
    assert not (tmp_path / "models").exists()


def test_silent_and_equal_audio_have_finite_metrics() -> None:
    audio = np.sin(np.arange(8000) / 7, dtype=np.float32)
    assert compare_audio([audio], [audio]) == SpectralMetrics(120.0, 0.0)
    assert compare_audio([audio * 0], [audio * 0]).log_spectral_distance_db == 0
    noisy = audio + np.float32(0.1) * np.random.default_rng(0).standard_normal(8000, np.float32)
    assert compare_audio([audio], [noisy]).snr_db == pytest.approx(17, abs=0.5)
    assert compare_audio([audio], [noisy]).log_spectral_distance_db > 3


def test_quantized_weights_of_a_channel_of_zeros_stay_finite() -> None:
    model = onnx.load(EMBEDDED / "vocoder.onnx")
    name, *_ = next(iter(wide_blocks(model).values()))
    node = next(node for node in model.graph.node if node.name == name)
    channels = next(array.dims for array in model.graph.initializer if array.name == node.input[1])
    zeros = {tensor: (np.zeros(channels[0], np.float32),) * 2 for tensor in (node.input[0], node.output[0])}
    session = CalibrationSession(quantize(model, {name}, zeros).SerializeToString())
    manifest = read_manifest(EMBEDDED)
    inputs = OfflineAcousticModel(EMBEDDED, manifest).vocoder_inputs(load_sentences(manifest).evaluation[0])
    assert np.isfinite(session.run(inputs | session.initial_state(), "audio")["audio"]).all()
