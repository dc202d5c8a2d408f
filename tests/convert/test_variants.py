"""Variants in other precisions meet the quality limits, or are not written."""

import itertools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.__main__ import main
from convert.models.hifigan_layers import generator_of_graph
from convert.quantization import variants
from convert.quantization.calibration import Arrays, CalibrationSession, OfflineAcousticModel
from convert.quantization.int8 import Int8Choice, int8_vocoder, multiplication_share
from convert.quantization.metrics import SpectralMetrics, compare_audio
from convert.quantization.ranges import Range, measure_ranges, shared_profile
from convert.quantization.sentences import EncodedSentence, load_sentences
from convert.quantization.variants import (
    QUALITY_LIMITS,
    Evaluator,
    int8_candidate,
    int8_choices,
    make_variants,
)
from server.config import RuntimeSection
from server.runtime.runtime import Runtime
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


@pytest.mark.parametrize("name", NAMES)
def test_fp16_has_the_float32_inputs_and_outputs_of_its_graph(name: str, several: Path) -> None:
    exact, other = (onnx.load(several / name / f"vocoder{end}.onnx").graph for end in ("", ".fp16"))
    assert list(other.input) == list(exact.input)
    assert list(other.output) == list(exact.output)


def test_the_states_in_8_bits_stand_for_those_of_the_float32_graph(several: Path) -> None:
    exact, other = (CalibrationSession(several / "demo" / f"vocoder{end}.onnx") for end in ("", ".int8"))
    metadata = {
        entry.key: json.loads(entry.value) for entry in onnx.load(several / "demo" / "vocoder.int8.onnx").metadata_props
    }
    encodings = metadata["state_encodings"]
    plain, encoded = exact.initial_state(), other.initial_state()
    assert any(array.dtype == np.uint8 for array in encoded.values())
    assert {encodings[name]["state"] if name in encodings else name for name in encoded} == set(plain)
    for name, array in encoded.items():
        if name in encodings:
            shape = plain[encodings[name]["state"]].shape
            assert array.shape == ((shape[0], 1, shape[3], shape[1]) if encodings[name]["channels_last"] else shape)


def test_a_variant_keeps_the_metadata_of_its_graph(several: Path) -> None:
    exact, *others = (
        {entry.key: entry.value for entry in onnx.load(several / "demo" / f"vocoder{end}.onnx").metadata_props}
        for end in ("", ".fp16", ".int8")
    )
    for key in ("samples_per_frame", "delay", "lookahead", "harmonics"):
        assert {other[key] for other in others} == {exact[key]}


def test_calibration_computes_the_mels_of_the_server(several: Path) -> None:
    for name in NAMES:
        folder = several / name
        sentence = load_sentences(read_manifest(folder)).evaluation[0]
        synthesizer = open_voice(folder, Runtime(RuntimeSection(providers=("cpu",), threads=1, precision="fp32")))
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
    message = r"vocoder\.fp16 is left out: it differs too much from fp32 \(SNR (\d\d\.\d) dB"
    assert 50 < float(re.match(message, created.notes[0])[1]) < 70
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


def test_the_fastest_choice_that_reaches_the_goal_is_taken(
    calibrated: tuple[Evaluator, list[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, calibration = calibrated
    everything, *_, exact = int8_choices(evaluator.generator)
    monkeypatch.setattr(variants, "INT8_GOAL", SpectralMetrics(10, 10))
    fastest = int8_candidate(evaluator, calibration)
    assert fastest.share == multiplication_share(evaluator.generator, everything.blocks)
    monkeypatch.setattr(variants, "INT8_GOAL", SpectralMetrics(90, 0))
    finest = int8_candidate(evaluator, calibration)
    assert finest.share == multiplication_share(evaluator.generator, exact.blocks) < fastest.share < 1
    assert finest.metrics.snr_db > fastest.metrics.snr_db + 1
    assert finest.metrics.log_spectral_distance_db < fastest.metrics.log_spectral_distance_db


def test_the_block_with_the_largest_distance_stays_float32_if_that_is_enough(
    calibrated: tuple[Evaluator, list[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, calibration = calibrated
    monkeypatch.setattr(variants, "INT8_GOAL", SpectralMetrics(90, 0))
    wide = int8_candidate(evaluator, calibration)
    limit = SpectralMetrics(wide.metrics.snr_db + 0.5, wide.metrics.log_spectral_distance_db)
    monkeypatch.setitem(QUALITY_LIMITS, "int8", limit)
    monkeypatch.setattr(variants, "MIN_INT8_SHARE", 0.1)
    less = int8_candidate(evaluator, calibration)
    assert 0.1 <= less.share < wide.share
    assert less.metrics.meets(limit)


def test_int8_is_rejected_if_too_few_multiplications_remain(
    calibrated: tuple[Evaluator, list[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, calibration = calibrated
    monkeypatch.setitem(QUALITY_LIMITS, "int8", SpectralMetrics(90, 0.001))
    candidate = int8_candidate(evaluator, calibration)
    assert candidate.share >= variants.MIN_INT8_SHARE
    assert "it differs too much from fp32" in (variants.rejection(candidate, "int8") or "")


def test_every_chosen_residual_convolution_becomes_an_integer_kernel(several: Path, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 4
    path = several / "demo" / "vocoder.int8.onnx"
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    optimized = onnx.load(tmp_path / "optimized.onnx").graph.node
    generator = generator_of_graph(onnx.load(several / "demo" / "vocoder.onnx"))
    names = [name for name, _ in generator.convolutions]
    weights = {weight.name for weight in onnx.load(path).graph.initializer if weight.data_type == onnx.TensorProto.INT8}
    chosen = {name for name in names if f"{name}.weight" in weights}
    of_choices = [{name for name in names if name.rsplit(".", 2)[0] in each.blocks} for each in int8_choices(generator)]
    assert chosen in of_choices
    assert sum(node.op_type == "QLinearConv" for node in optimized) == len(chosen) > 0


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


@pytest.fixture(scope="module")
def mixed(calibrated: tuple[Evaluator, list[Arrays]]) -> onnx.ModelProto:
    """The embedded voice's vocoder with 8-bit and float32 blocks in one stage."""
    evaluator, calibration = calibrated
    names = [name for name, _ in evaluator.generator.convolutions if name.endswith((".dilated", ".plain"))]
    ranges = measure_ranges(evaluator.model, names, calibration)
    return int8_vocoder(evaluator.generator, ranges, Int8Choice(frozenset(["0.1", "1.0", "2.1", "3.0"]))).build()


def test_a_stage_may_have_blocks_in_both_precisions(
    calibrated: tuple[Evaluator, list[Arrays]], mixed: onnx.ModelProto
) -> None:
    metrics = calibrated[0].evaluate(mixed, 0).metrics
    assert metrics.meets(SpectralMetrics(22, 2.5))


@pytest.mark.parametrize("chunks", [(20, 4), (20, 1, 7, 30), (48,), (25, 96)])
def test_chunks_and_batches_in_8_bits_give_exactly_the_audio_of_the_whole(
    chunks: tuple[int, ...], calibrated: tuple[Evaluator, list[Arrays]], mixed: onnx.ModelProto
) -> None:
    (inputs,) = calibrated[1]
    session = CalibrationSession(mixed.SerializeToString())
    whole = session.run(inputs | session.initial_state(), "audio")["audio"]
    state = session.initial_state(batch=2)
    begin, audio = 0, []
    frames, hop = inputs["mel"].shape[1], calibrated[0].generator.samples_per_frame
    for size in itertools.chain(chunks, itertools.repeat(chunks[-1])):
        end = min(frames, begin + size)
        given = {name: np.repeat(part, 2, axis=0) for name, part in piece(inputs, begin, end, hop).items()}
        given["mel"][1] *= -0.7  # the other row of the batch
        outputs = session.run({**given, "final": np.array([int(end == frames)]), **state})
        state = {name: outputs[f"next_{name}"] for name in state}
        audio.append(outputs["audio"][0])
        if (begin := end) == frames:
            break
    np.testing.assert_array_equal(np.concatenate(audio), whole[0])


def piece(inputs: Arrays, begin: int, end: int, hop: int) -> Arrays:
    """Some frames of the inputs of a vocoder, without `final`."""
    part = {name: inputs[name][:, begin * hop : end * hop] for name in ("phase", "voiced", "noise")}
    return part | {"mel": inputs["mel"][:, begin:end], "harmonic_phases": inputs["harmonic_phases"]}


def test_ranges_of_zeros_give_finite_audio(calibrated: tuple[Evaluator, list[Arrays]]) -> None:
    evaluator, (inputs,) = calibrated
    generator = evaluator.generator
    ranges = {}
    for name, layer in generator.convolutions:
        zeros = Range(np.zeros(len(layer.weight)), np.zeros(len(layer.weight)))
        ranges[name] = zeros, zeros
    for choice in int8_choices(generator):
        session = CalibrationSession(int8_vocoder(generator, ranges, choice).build().SerializeToString())
        assert np.isfinite(session.run(inputs | session.initial_state(), "audio")["audio"]).all()


@given(
    st.lists(st.tuples(st.floats(-1e4, 0), st.floats(0, 1e4)), min_size=1, max_size=9),
    st.floats(-1, 1),
)
def test_scales_cover_the_range_of_every_channel(spans: list[tuple[float, float]], place: float) -> None:
    low, high = np.array(spans).T
    scales, zero = Range(low, high).channel_scales()
    values = np.where(place < 0, -place * low, place * high)
    levels = np.rint(values / scales) + zero
    assert ((levels >= 0) & (levels <= 255)).all()
    assert (np.abs((levels - zero) * scales - values) <= scales * 0.501).all()


def test_a_shared_profile_is_no_worse_than_one_scale_for_all_channels() -> None:
    random = np.random.default_rng(3)
    for _ in range(5):
        magnitudes = list(np.exp(random.normal(0, 1.5, (1, 12)) + random.normal(0, 0.4, (6, 12))))

        def noise(profile: np.ndarray, magnitudes: list[np.ndarray] = magnitudes) -> float:
            return float(np.sum(profile**2) * sum(np.max(each / profile) ** 2 for each in magnitudes))

        profile = shared_profile(magnitudes)
        assert noise(profile) < 0.9 * noise(np.exp(np.log(magnitudes).mean(axis=0)))
        assert noise(profile) < 0.7 * noise(np.ones(12))
