"""A package becomes a voice folder: all or nothing, the same bytes every time, every weight accounted for."""

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
from tests.conftest import GOLDEN, open_voice
from tests.convert.pth import write_zip

Weights = dict[str, np.ndarray]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that a test may damage."""
    return Path(shutil.copytree(GOLDEN / "noncausal_16k", tmp_path / "package"))


def part(package: Path, kind: str) -> Path:
    return next((package / "voices").glob(f"*/{kind}"))


def change_weights(package: Path, kind: str, change: Callable[[Weights], Any]) -> None:
    path = next((part(package, kind) / "ckpt").iterdir())
    keys = ("model",) if kind == "am" else ("model", "generator")
    weights = read_weights(path, *keys)
    change(weights)
    content: Any = weights
    for key in reversed(keys):
        content = {key: content}
    write_zip(path, content)


def change_config(package: Path, kind: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = part(package, kind) / "config.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content))


def run(package: Path, output: Path, *options: str) -> int:
    return main([str(package), "--output", str(output), "--precision", "fp32", *options])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_package_becomes_a_voice(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_a_crash_half_way_leaves_the_old_voice_and_nothing_else(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "models"
    assert run(package, output) == 0
    first = snapshot(output)
    change_config(package, "voc", lambda config: config["Model"]["Generator"]["params"].update(out_channels=4))
    assert run(package, output) == 1
    assert snapshot(output) == first


def test_what_a_killed_conversion_left_is_swept_away(package: Path, tmp_path: Path) -> None:
    output = tmp_path / "models"
    assert run(package, output) == 0
    first = snapshot(output)
    (output / ".noncausal_16k.abc.partial").mkdir()
    (output / "noncausal_16k").rename(output / ".noncausal_16k.old")  # killed between its two renames
    assert run(package, output) == 0
    assert snapshot(output) == first


def test_a_package_of_several_voices_gives_all_or_the_one_that_is_named(package: Path, tmp_path: Path) -> None:
    shutil.copytree(package / "voices/noncausal_16k", package / "voices/second")
    (package / "voices/voices.json").write_text(json.dumps({"voices": ["noncausal_16k", "second"]}))
    assert run(package, tmp_path / "all") == 0
    assert sorted(folder.name for folder in (tmp_path / "all").iterdir()) == ["noncausal_16k", "second"]
    assert run(package, tmp_path / "one", "--voice", "second") == 0
    assert [folder.name for folder in (tmp_path / "one").iterdir()] == ["second"]


def test_the_only_voice_may_be_renamed(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models", "--voice", "mine") == 0
    assert open_voice(tmp_path / "models/mine").voice.name == "mine"


def test_parts_alone_make_a_voice_with_the_rate_of_the_vocoders_configuration(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models") == 0
    (part(package, "am").parent / "audio_config.yaml").unlink()
    parts = ["--am", str(part(package, "am")), "--voc", str(next((part(package, "voc") / "ckpt").iterdir()))]
    assert main([*parts, "--voice", "parts", "--precision", "fp32", "--output", str(tmp_path / "models")]) == 0
    whole, parted = (
        yaml.safe_load((tmp_path / f"models/{name}/voice.yaml").read_text()) for name in ("noncausal_16k", "parts")
    )
    assert parted["graphs"] == whole["graphs"]
    assert parted["sample_rate"] == 16000


def test_parts_alone_need_a_name(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = ["--am", str(part(package, "am")), "--voc", str(part(package, "voc"))]
    assert main([*parts, "--output", str(tmp_path)]) == 1
    assert "--am, --voc and --voice together" in capsys.readouterr().err


def without_masks(weights: Weights) -> None:
    for name in weights:
        if (name.startswith("text_encoder.") and name.endswith("_emb.weight")) or name.endswith("tokenizer.weight"):
            weights[name] = weights[name][:-1].copy()


def test_a_package_without_a_mask_row_sounds_the_same(package: Path, tmp_path: Path) -> None:
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


def test_a_voice_that_reads_bytes_keeps_their_mask_row(tmp_path: Path) -> None:
    package = Path(shutil.copytree(GOLDEN / "byte_16k", tmp_path / "package"))

    def strip(weights: Weights) -> None:
        for name in ("emo_tokenizer.weight", "spk_tokenizer.weight"):
            weights[name] = weights[name][:-1].copy()

    change_weights(package, "am", strip)
    assert run(package, tmp_path / "models") == 0
    voice = open_voice(tmp_path / "models/byte_16k")
    assert voice.voice.manifest.units.specials == ("_", "~")
    assert len(voice.synthesize(next(voice.sentences("你好。")).units).audio.samples)


def test_positional_tables_that_are_missing_are_computed(package: Path, tmp_path: Path) -> None:
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


MISFITS: dict[str, tuple[str, Callable[[Weights], Any], str]] = {
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


@pytest.mark.parametrize("case", MISFITS)
def test_weights_that_do_not_fit_are_named(
    case: str, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, change, message = MISFITS[case]
    change_weights(package, kind, change)
    assert run(package, tmp_path / "models") == 1
    assert message in capsys.readouterr().err
    assert snapshot(tmp_path / "models") == {}


def test_all_missing_weights_are_named_together(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def drop(weights: Weights) -> None:
        del weights["mel_postnet.fc.weight"], weights["mel_decoder.mel_dec.ln.bias"]

    change_weights(package, "am", drop)
    assert run(package, tmp_path / "models") == 1
    shown = capsys.readouterr().err
    assert "mel_postnet.fc.weight" in shown
    assert "mel_decoder.mel_dec.ln.bias" in shown


def test_weights_that_are_not_used_are_reported(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_weights(package, "am", lambda weights: weights.update({"mystery.weight": np.zeros(3, np.float32)}))
    assert run(package, tmp_path / "models") == 0
    assert "not used: mystery.weight" in capsys.readouterr().err


def test_sub_band_vocoders_are_refused_in_words(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_config(package, "voc", lambda config: config["Model"]["Generator"]["params"].update(out_channels=4))
    assert run(package, tmp_path / "models") == 1
    assert "sub-bands (PQMF)" in capsys.readouterr().err


def test_a_configuration_that_lacks_a_key_says_which(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_config(package, "am", lambda config: config["Model"]["KanTtsSAMBERT"]["params"].pop("decoder_num_units"))
    assert run(package, tmp_path / "models") == 1
    shown = capsys.readouterr().err
    assert "has no key 'decoder_num_units'" in shown
    assert "config.yaml" in shown


def test_converting_loads_neither_torch_nor_a_runtime(tmp_path: Path) -> None:
    code = (
        "import sys; from convert.__main__ import main; "
        f"assert main([{str(GOLDEN / 'byte_16k')!r}, '--output', {str(tmp_path)!r}, '--precision', 'fp32']) == 0; "
        "print(sorted({'torch', 'onnxruntime', 'modelscope', 'server'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=GOLDEN.parents[1]
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_was_never_trained_stands_in_the_manifest(package: Path, tmp_path: Path) -> None:
    assert run(package, tmp_path / "models", "--untrained", "erhua, english") == 0
    assert open_voice(tmp_path / "models/noncausal_16k").voice.manifest.untrained == ("erhua", "english")
    assert run(package, tmp_path / "models") == 0
    assert open_voice(tmp_path / "models/noncausal_16k").voice.manifest.untrained == ()


def test_unknown_sounds_are_refused_with_the_valid_ones(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(package), "--untrained", "english,dutch"])
    assert "unknown sounds 'dutch'; valid: english, erhua" in capsys.readouterr().err
