"""The command `embed`: speaker embeddings of recordings, and its errors."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from convert.__main__ import main as convert
from server.cli import main
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.types import Audio
from tests.conftest import EMBEDDED, GOLDEN, SPEAKER_ENCODER

EMBEDDING_PACKAGE = "se_nsf_global_16k"
"""A golden package of a voice with a speaker embedding."""


def test_several_recordings_give_the_mean_embedding(
    encoder_folder: Path, recording: Audio, encoder: SpeakerEncoder, tmp_path: Path
) -> None:
    parts = [Audio(recording.samples[start : start + 16000], 16000) for start in (0, 880)]
    paths = [tmp_path / f"{number}.flac" for number in range(2)]
    for path, part in zip(paths, parts, strict=True):
        soundfile.write(path, np.stack([part.samples, part.samples], axis=1), part.rate)
    made = tmp_path / "se.npy"
    assert main(["embed", *map(str, paths), "-o", str(made), "--models", str(encoder_folder)]) == 0
    mean = (encoder.embed(parts[0]) + encoder.embed(parts[1])) / 2
    np.testing.assert_allclose(np.load(made), mean, rtol=0, atol=1e-6)


def test_an_encoder_shared_by_all_voices_needs_no_voice(recording_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "models"
    package = [str(GOLDEN / EMBEDDING_PACKAGE), "--output", str(output), "--se-model", str(SPEAKER_ENCODER), "--voice"]
    assert [convert([*package, name]) for name in ("one", "two")] == [0, 0]
    (output / "broken").mkdir()
    assert main(["embed", str(recording_file), "-o", str(tmp_path / "se.npy"), "--models", str(output)]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.wav"], "nowhere.wav: cannot be read: No such file"),
        ([__file__], "is not an audio file that can be read"),
        (["me.wav", "--voice", "absent"], "unknown voice 'absent'; valid: none"),
        (["me.wav", "-o", "nowhere/se.npy"], "cannot write nowhere/se.npy"),
    ],
)
def test_invalid_recordings_and_options_are_reported(
    arguments: list[str],
    message: str,
    recording_file: Path,
    encoder_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(recording_file.parent)
    assert main(["embed", *arguments, "--models", str(encoder_folder)]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not (recording_file.parent / "se.npy").exists()


@pytest.mark.parametrize(
    ("voice", "message"),
    [([], "there is no speaker encoder in"), (["--voice", "demo"], "'demo' has no speaker encoder")],
)
def test_the_error_for_a_missing_encoder_describes_how_to_convert_one(
    voice: list[str], message: str, recording_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "demo").symlink_to(EMBEDDED)
    assert main(["embed", str(recording_file), "--models", str(models), *voice]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert "--se-model se.model" in shown
