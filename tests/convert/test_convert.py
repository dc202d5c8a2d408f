"""Conversion of a package to a voice folder: atomic, reproducible, with all weights used or reported."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from convert.__main__ import main
from convert.checkpoint.reader import read_weights
from convert.conversion import convert_voice
from convert.errors import ConvertError
from convert.output.manifest import write_manifest
from convert.source.package import find_voices
from server.voices.manifest import read_manifest
from tests.conftest import GOLDEN, open_voice
from tests.convert.pth import write_zip

Weights = dict[str, np.ndarray]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of a package that a test may change."""
    return Path(shutil.copytree(GOLDEN / "noncausal_16k", tmp_path / "package"))


def network_folder(package: Path, kind: str) -> Path:
    return next((package / "voices").glob(f"*/{kind}"))


def change_weights(package: Path, kind: str, change: Callable[[Weights], Any]) -> None:
    path = next((network_folder(package, kind) / "ckpt").iterdir())
    keys = ("model",) if kind == "am" else ("model", "generator")
    weights = read_weights(path, *keys)
    change(weights)
    content: Any = weights
    for key in reversed(keys):
        content = {key: content}
    write_zip(path, content)


def change_config(package: Path, kind: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = network_folder(package, kind) / "config.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content))


def run(package: Path, output: Path, *options: str) -> int:
    return main([str(package), "--output", str(output), "--precision", "fp32", *options])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_package_is_converted_to_a_voice_folder(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "models"
    assert run(package, output) == 0
    shown = capsys.readouterr()
    assert str(output / "noncausal_16k") in shown.out
    assert "writing vocoder.onnx" in shown.err
    manifest = yaml.safe_load((output / "noncausal_16k/voice.yaml").read_text())
    assert (manifest["sample_rate"], manifest["speakers"]) == (16000, ["F7"])
    assert manifest["units"]["specials"] == ["_", "~", "@[MASK]"]
    assert all(len(graph["sha256"]) == 64 and graph["bytes"] > 0 for graph in manifest["graphs"].values())


def test_converting_again_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    output = tmp_path / "models"
    assert run(package, output) == 0
    first = snapshot(output)
    assert run(package, output) == 0
    assert snapshot(output) == first


def test_a_failed_conversion_leaves_only_the_old_voice(package: Path, tmp_path: Path) -> None:
    output = tmp_path / "models"
    assert run(package, output) == 0
    first = snapshot(output)
    change_config(package, "voc", lambda config: config["Model"]["Generator"]["params"].update(out_channels=4))
    assert run(package, output) == 1
    assert snapshot(output) == first


def test_files_of_a_killed_conversion_are_removed(package: Path, tmp_path: Path) -> None:
    output = tmp_path / "models"
    assert run(package, output) == 0
    first = snapshot(output)
    (output / ".noncausal_16k.abc.partial").mkdir()
    (output / "noncausal_16k").rename(output / ".noncausal_16k.old")  # killed between its two renames
    assert run(package, output) == 0
    assert snapshot(output) == first


def test_all_voices_of_a_package_or_the_given_one_are_converted(package: Path, tmp_path: Path) -> None:
    shutil.copytree(package / "voices/noncausal_16k", package / "voices/second")
    (package / "voices/voices.json").write_text(json.dumps({"voices": ["noncausal_16k", "second"]}))
    assert run(package, tmp_path / "all") == 0
    assert sorted(folder.name for folder in (tmp_path / "all").iterdir()) == ["noncausal_16k", "second"]
    assert run(package, tmp_path / "one", "--voice", "second") == 0
    assert [folder.name for folder in (tmp_path / "one").iterdir()] == ["second"]


def test_the_only_voice_can_be_renamed(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models", "--voice", "mine") == 0
    assert open_voice(tmp_path / "models/mine").voice.name == "mine"


def test_components_without_a_package_are_converted_with_the_vocoders_sampling_rate(
    package: Path, tmp_path: Path
) -> None:
    assert run(package, tmp_path / "models") == 0
    (network_folder(package, "am").parent / "audio_config.yaml").unlink()
    parts = [
        "--am",
        str(network_folder(package, "am")),
        "--voc",
        str(next((network_folder(package, "voc") / "ckpt").iterdir())),
    ]
    assert main([*parts, "--voice", "parts", "--precision", "fp32", "--output", str(tmp_path / "models")]) == 0
    whole, parted = (
        yaml.safe_load((tmp_path / f"models/{name}/voice.yaml").read_text()) for name in ("noncausal_16k", "parts")
    )
    assert parted["graphs"] == whole["graphs"]
    assert parted["sample_rate"] == 16000


def test_components_without_a_package_need_a_name(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = ["--am", str(network_folder(package, "am")), "--voc", str(network_folder(package, "voc"))]
    assert main([*parts, "--output", str(tmp_path)]) == 1
    assert "--am, --voc and --voice together" in capsys.readouterr().err


def without_masks(weights: Weights) -> None:
    for name in weights:
        if (name.startswith("text_encoder.") and name.endswith("_emb.weight")) or name.endswith("tokenizer.weight"):
            weights[name] = weights[name][:-1].copy()


def test_a_package_without_a_mask_row_gives_the_same_audio(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models") == 0
    change_weights(package, "am", without_masks)
    configuration = package / "configuration.json"
    configuration.write_text(configuration.read_text().replace("true", "false"))
    assert run(package, tmp_path / "models", "--voice", "unmasked") == 0
    whole, unmasked = (open_voice(tmp_path / "models" / name) for name in ("noncausal_16k", "unmasked"))
    assert unmasked.voice.manifest.units.specials == ("_", "~")
    text = next(whole.sentences("你好，世界。")).symbols
    expected, got = (voice.synthesize(voice.tables.encode(text)).audio.samples for voice in (whole, unmasked))
    np.testing.assert_array_equal(got, expected)


def test_tables_that_contradict_the_declared_mask_count(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_weights(package, "am", without_masks)
    assert run(package, tmp_path / "models") == 0
    assert "declares has_mask: true, but its tables have no mask row" in capsys.readouterr().err
    assert open_voice(tmp_path / "models" / "noncausal_16k").voice.manifest.units.specials == ("_", "~")


def test_the_byte_table_keeps_its_mask_row(tmp_path: Path) -> None:
    package = Path(shutil.copytree(GOLDEN / "byte_16k", tmp_path / "package"))

    def strip(weights: Weights) -> None:
        for name in ("emo_tokenizer.weight", "spk_tokenizer.weight"):
            weights[name] = weights[name][:-1].copy()

    change_weights(package, "am", strip)
    assert run(package, tmp_path / "models") == 0
    voice = open_voice(tmp_path / "models/byte_16k")
    assert voice.voice.manifest.units.specials == ("_", "~")
    assert len(voice.synthesize(next(voice.sentences("你好。")).units).audio.samples)


def test_missing_positional_tables_are_computed(package: Path, tmp_path: Path) -> None:
    def strip(weights: Weights) -> None:
        for name in [name for name in weights if "position_enc" in name or "inv_timescales" in name]:
            del weights[name]

    assert run(package, tmp_path / "models") == 0
    change_weights(package, "am", strip)
    assert run(package, tmp_path / "models", "--voice", "stripped") == 0
    whole, stripped = (open_voice(tmp_path / "models" / name) for name in ("noncausal_16k", "stripped"))
    units = next(whole.sentences("你好，世界。")).units
    np.testing.assert_allclose(stripped.synthesize(units).mel, whole.synthesize(units).mel, atol=1e-5)


def longer_table(weights: Weights) -> None:
    table = weights["text_encoder.sy_emb.weight"]
    weights["text_encoder.sy_emb.weight"] = np.concatenate([table, table[:5]])


MISMATCHES: dict[str, tuple[str, Callable[[Weights], Any], str]] = {
    "missing": (
        "am",
        lambda w: w.pop("mel_postnet.fc.weight"),
        "mel_postnet.fc.weight is missing, expected shape (80, 24)",
    ),
    "misshapen": (
        "am",
        lambda w: w.update({"mel_postnet.fc.bias": np.zeros(7, np.float32)}),
        "mel_postnet.fc.bias has shape (7,), expected (80,)",
    ),
    "vocoder": ("voc", lambda w: w.pop("conv_pre.conv1d.bias"), "conv_pre.conv1d.bias is missing"),
    "not finite": ("voc", lambda w: w["conv_post.conv1d.bias"].fill(np.nan), "conv_post.conv1d.bias holds NaN"),
    "table": ("am", longer_table, "has 152 rows; 144 phones make 147 with a mask row, 146 without"),
}


@pytest.mark.parametrize("case", MISMATCHES)
def test_weights_that_do_not_fit_are_reported(
    case: str, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, change, message = MISMATCHES[case]
    change_weights(package, kind, change)
    assert run(package, tmp_path / "models") == 1
    assert message in capsys.readouterr().err
    assert snapshot(tmp_path / "models") == {}


def test_all_missing_weights_are_reported_together(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def drop(weights: Weights) -> None:
        del weights["mel_postnet.fc.weight"], weights["mel_decoder.mel_dec.ln.bias"]

    change_weights(package, "am", drop)
    assert run(package, tmp_path / "models") == 1
    shown = capsys.readouterr().err
    assert "mel_postnet.fc.weight" in shown
    assert "mel_decoder.mel_dec.ln.bias" in shown


def test_unused_weights_are_reported(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_weights(package, "am", lambda weights: weights.update({"mystery.weight": np.zeros(3, np.float32)}))
    assert run(package, tmp_path / "models") == 0
    assert "not used: mystery.weight" in capsys.readouterr().err


def test_sub_band_vocoders_are_refused(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_config(package, "voc", lambda config: config["Model"]["Generator"]["params"].update(out_channels=4))
    assert run(package, tmp_path / "models") == 1
    assert "sub-bands (PQMF)" in capsys.readouterr().err


def test_a_missing_key_of_a_configuration_is_reported(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_config(package, "am", lambda config: config["Model"]["KanTtsSAMBERT"]["params"].pop("decoder_num_units"))
    assert run(package, tmp_path / "models") == 1
    shown = capsys.readouterr().err
    assert "has no key 'decoder_num_units'" in shown
    assert "config.yaml" in shown


def test_converting_imports_neither_torch_nor_onnxruntime_nor_the_servers_libraries(tmp_path: Path) -> None:
    code = (
        "import sys; from convert.__main__ import main; "
        f"assert main([{str(GOLDEN / 'byte_16k')!r}, '--output', {str(tmp_path)!r}, '--precision', 'fp32']) == 0; "
        "print(sorted({'torch', 'onnxruntime', 'modelscope', 'aiohttp', 'server.synthesis'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=GOLDEN.parents[1]
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_untrained_sounds_are_written_to_the_manifest(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models", "--untrained", "erhua, english") == 0
    assert open_voice(tmp_path / "models/noncausal_16k").voice.manifest.untrained == ("erhua", "english")
    assert run(package, tmp_path / "models") == 0
    assert open_voice(tmp_path / "models/noncausal_16k").voice.manifest.untrained == ()


def test_unknown_sounds_are_refused_with_a_list_of_the_valid_ones(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(package), "--untrained", "english,dutch"])
    assert "unknown sounds 'dutch'; valid: english, erhua" in capsys.readouterr().err


def test_given_emotions_are_written_without_prefix_in_the_order_of_the_table(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models", "--emotions", "emotion_happy, neutral,happy") == 0
    assert open_voice(tmp_path / "models/noncausal_16k").voice.manifest.trained_emotions == ("neutral", "happy")
    assert run(package, tmp_path / "models") == 0
    assert "trained_emotions" not in (tmp_path / "models/noncausal_16k/voice.yaml").read_text()


@pytest.mark.parametrize("emotion", ["bored", "none", ""])
def test_unknown_emotions_are_refused_with_a_list_of_the_valid_ones(
    emotion: str, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(package), "--emotions", f"happy,{emotion}"])
    assert f"unknown emotion '{emotion}'; valid: neutral, angry, " in capsys.readouterr().err
    with pytest.raises(ConvertError, match=r"unknown emotions .*; valid: neutral, angry, "):
        convert_voice(*find_voices(package), tmp_path, "package", lambda step: None, emotions=("happy", emotion))
    assert list(tmp_path.iterdir()) == [package]


def test_without_given_emotions_those_of_the_training_list_are_written(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    symbols = "{n_c$tone3$s_begin$word_begin$emotion_sad$F7} {i_c$tone3$s_end$word_end$emotion_sad$F7}"
    (network_folder(package, "am").parent / "data").mkdir()
    (network_folder(package, "am").parent / "data/am_train.lst").write_text(f"0001\t{symbols}\n")
    assert run(package, tmp_path / "models") == 0
    assert "note: trained emotions, from am_train.lst: sad" in capsys.readouterr().err
    assert open_voice(tmp_path / "models/noncausal_16k").voice.manifest.trained_emotions == ("sad",)
    assert run(package, tmp_path / "models", "--emotions", "calm") == 0
    assert open_voice(tmp_path / "models/noncausal_16k").voice.manifest.trained_emotions == ("calm",)


def test_the_manifest_is_written_as_the_server_reads_it(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models") == 0
    folder = tmp_path / "models/noncausal_16k"
    written = (folder / "voice.yaml").read_text("utf-8")
    assert list(yaml.safe_load(written)) == [
        *("format", "name", "language", "sample_rate", "precision", "speakers", "emotions", "units", "acoustic"),
        *("vocoder", "source", "files", "graphs"),
    ]
    write_manifest(read_manifest(folder), tmp_path)
    assert (tmp_path / "voice.yaml").read_text("utf-8") == written


def test_a_terminal_shows_the_current_step(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(package, tmp_path / "models", "--voice", "my[red]voice") == 0
    shown = capsys.readouterr()
    assert str(tmp_path / "models/my[red]voice") in shown.out
    assert "my[red]voice: " in shown.err
    assert "\n  writing vocoder.onnx" not in shown.err
