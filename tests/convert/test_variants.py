"""Variants in other precisions: they sound like float32, or they are not written."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import yaml

from convert.__main__ import main
from convert.quantization import variants
from convert.quantization.calibration import Arrays, Player, Rehearsal
from convert.quantization.int8 import quantise, wide_blocks, work
from convert.quantization.metrics import Likeness, likeness
from convert.quantization.sentences import Lines, sentences
from convert.quantization.variants import LIMITS, Judge, eight_bits, make_variants, nodes
from server.text.units.unit_tables import UnitTables
from server.types import Units
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, GOLDEN, open_voice

NAMES = ("demo", "noncausal_16k")
MADE = [("demo", "fp16"), ("demo", "int8"), ("noncausal_16k", "fp16")]


def manifest_of(folder: Path) -> dict:
    return yaml.safe_load((folder / "voice.yaml").read_text())


@pytest.mark.parametrize(("name", "kind"), MADE)
def test_a_variant_is_written_with_its_figures(name: str, kind: str, several: Path) -> None:
    voice = Voice(several / name)
    voice.verify()
    variant = voice.manifest.variants[kind]
    assert variant.report.snr_db >= LIMITS[kind].snr
    assert variant.report.log_spectral_distance_db <= LIMITS[kind].distance
    assert variant.graphs["vocoder"].bytes < 0.9 * voice.manifest.graphs["vocoder"].bytes


@pytest.mark.parametrize(("name", "kind"), MADE)
def test_a_variant_takes_and_gives_float32_arrays_of_the_same_shapes(name: str, kind: str, several: Path) -> None:
    exact, other = (onnx.load(several / name / f"vocoder{end}.onnx").graph for end in ("", f".{kind}"))
    assert list(other.input) == list(exact.input)
    assert list(other.output) == list(exact.output)


def test_a_variant_keeps_the_facts_of_its_graph(several: Path) -> None:
    exact, *others = (
        onnx.load(several / "demo" / f"vocoder{end}.onnx").metadata_props for end in ("", ".fp16", ".int8")
    )
    assert all(list(other) == list(exact) for other in others)


def test_the_rehearsal_makes_the_mels_that_the_server_makes(several: Path) -> None:
    for name in NAMES:
        folder = several / name
        _, held_out = sentences(manifest_of(folder))
        synthesizer = open_voice(folder)
        units = synthesizer.tables.encode(symbols_of(synthesizer.tables, held_out[0]))
        expected = synthesizer.synthesize(units, source_noise=False).mel
        got = Rehearsal(folder, manifest_of(folder)).vocoder_inputs(held_out[0])["mel"][0]
        np.testing.assert_allclose(got, expected[:, : got.shape[1]], atol=1e-4)


def symbols_of(tables: UnitTables, lines: Lines) -> str:
    return tables.decode(Units(lines.features[0], lines.emotions[0], lines.speakers[0]))


def test_voices_that_read_bytes_are_judged_too(voices: Path) -> None:
    manifest = manifest_of(voices / "byte_16k")
    tuning, held_out = sentences(manifest)
    assert bytes(tuning[0].features[0, :, 0].astype(np.uint8)).decode().endswith("。")
    assert len(held_out) == 4


def test_converting_with_variants_again_gives_the_same_bytes(
    several: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(GOLDEN / "noncausal_16k"), "--output", str(tmp_path), "--precision", "fp32,fp16,int8"]
    assert main(command) == 0
    assert "int8 is left out: this vocoder is too small to gain from it" in capsys.readouterr().err
    first, second = (folder / "noncausal_16k" for folder in (several, tmp_path))
    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_what_sounds_too_different_is_refused_with_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "fp16", Likeness(snr=90, distance=0.5))
    folder = Path(shutil.copytree(EMBEDDED, tmp_path / "demo"))
    notes: list[str] = []
    assert make_variants(folder, manifest_of(folder), ["fp16"], notes, lambda step: None) == {}
    assert "fp16 is left out: it sounds too different from fp32 (SNR 5" in notes[0]
    assert "at least 90 dB and at most 0.5 dB are asked for" in notes[0]
    assert list(folder.glob("*.fp16.onnx")) == []


@pytest.fixture(scope="module")
def rehearsed() -> tuple[Judge, list[Arrays]]:
    manifest = manifest_of(EMBEDDED)
    tuning, held_out = sentences(manifest)
    voice = Rehearsal(EMBEDDED, manifest)
    return Judge(EMBEDDED / "vocoder.onnx", [voice.vocoder_inputs(held_out[0])]), [voice.vocoder_inputs(tuning[0])]


def test_the_most_harmful_block_stays_in_float32_where_that_is_enough(
    rehearsed: tuple[Judge, list[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, tuning = rehearsed
    blocks = wide_blocks(judge.exact)
    everything = eight_bits(judge, blocks, tuning)
    assert everything.share == work(judge.exact, nodes(blocks)) < 1
    wanted = Likeness(everything.likeness.snr + 0.5, everything.likeness.distance)
    monkeypatch.setitem(LIMITS, "int8", wanted)
    monkeypatch.setattr(variants, "LEAST_WORK", 0.1)
    less = eight_bits(judge, blocks, tuning)
    assert 0.1 <= less.share < everything.share
    assert less.passes(wanted)


def test_8_bits_are_refused_when_too_much_would_stay(
    rehearsed: tuple[Judge, list[Arrays]], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, tuning = rehearsed
    monkeypatch.setitem(LIMITS, "int8", Likeness(snr=90, distance=0.001))
    candidate = eight_bits(judge, wide_blocks(judge.exact), tuning)
    assert candidate.share >= variants.LEAST_WORK
    assert "it sounds too different from fp32" in (variants.refusal(candidate, "int8") or "")


def test_every_chosen_convolution_becomes_an_integer_kernel(several: Path, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 4
    path = several / "demo" / "vocoder.int8.onnx"
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    optimized = onnx.load(tmp_path / "optimized.onnx").graph.node
    blocks = wide_blocks(onnx.load(several / "demo" / "vocoder.onnx"))
    assert sum(node.op_type == "QLinearConv" for node in optimized) == len(nodes(blocks)) > 0


def test_a_language_without_sentences_is_noted(tmp_path: Path) -> None:
    manifest = manifest_of(EMBEDDED) | {"language": "Sichuan"}
    notes: list[str] = []
    assert make_variants(tmp_path, manifest, ["int8"], notes, lambda step: None) == {}
    assert notes == ["int8 left out: there are no sentences in Sichuan to judge it by"]


def test_an_unknown_precision_lists_the_valid_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(GOLDEN / "byte_16k"), "--precision", "fp32,int4"])
    assert "unknown precision 'int4'; valid: fp32, int8, fp16" in capsys.readouterr().err


def test_without_onnxruntime_the_reason_is_said_before_anything_is_written(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec; from convert import __main__ as m; "
        "m.find_spec = lambda name: None if name == 'onnxruntime' else find(name); "
        f"sys.exit(m.main([{str(GOLDEN / 'byte_16k')!r}, '--output', {str(tmp_path / 'models')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=GOLDEN.parents[1])
    assert done.returncode == 1
    assert "give --precision fp32" in done.stderr
    assert not (tmp_path / "models").exists()


def test_a_silent_or_equal_sound_has_figures() -> None:
    sound = np.sin(np.arange(8000) / 7, dtype=np.float32)
    assert likeness([sound], [sound]) == Likeness(120.0, 0.0)
    assert likeness([sound * 0], [sound * 0]).distance == 0
    noisy = sound + np.float32(0.1) * np.random.default_rng(0).standard_normal(8000, np.float32)
    assert likeness([sound], [noisy]).snr == pytest.approx(17, abs=0.5)
    assert likeness([sound], [noisy]).distance > 3


def test_quantised_weights_of_a_dead_channel_stay_finite() -> None:
    model = onnx.load(EMBEDDED / "vocoder.onnx")
    name, *_ = next(iter(wide_blocks(model).values()))
    node = next(node for node in model.graph.node if node.name == name)
    channels = next(array.dims for array in model.graph.initializer if array.name == node.input[1])
    dead = {tensor: (np.zeros(channels[0], np.float32),) * 2 for tensor in (node.input[0], node.output[0])}
    player = Player(quantise(model, {name}, dead).SerializeToString())
    manifest = manifest_of(EMBEDDED)
    inputs = Rehearsal(EMBEDDED, manifest).vocoder_inputs(sentences(manifest)[1][0])
    assert np.isfinite(player.run(inputs | player.start(), "audio")["audio"]).all()
