"""The converted speaker encoder gives the embeddings of the original code; its conversion with and without a voice."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from convert.__main__ import main as convert
from convert.checkpoint.reader import read_weights
from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.models.speaker_encoder import speaker_encoder
from server.cli import main as serve
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.types import Audio
from server.voices.discovery import voice_folders
from server.voices.voice import Voice
from tests.conftest import GOLDEN, SPEAKER_ENCODER, cpu
from tests.convert.pth import write_zip

EMBEDDING_PACKAGE = "se_nsf_global_16k"
"""A golden package of a voice with a speaker embedding."""


def error_message(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The error message of the converter, without a traceback."""
    assert convert([*arguments, "--output", str(folder)]) == 1
    shown = capsys.readouterr()
    assert (shown.out, "Traceback" in shown.err) == ("", False)
    return shown.err


# The graph


@pytest.mark.parametrize("frames", [98, 199, 200, 201, 202, 402])
def test_the_converted_encoder_gives_the_recorded_embeddings(
    frames: int, encoder_folder: Path, encoder_tensors: Mapping[str, np.ndarray]
) -> None:
    """Lengths below and above a whole number of segments of 200 frames."""
    session = cpu().open(encoder_folder / "speaker_encoder.onnx")
    features = encoder_tensors["features"][None, :frames].astype(np.float32)
    embedding = session.run({"features": features})["embedding"]
    np.testing.assert_allclose(embedding, encoder_tensors[f"embedding_{frames}"], rtol=0, atol=1e-5)


def test_the_mean_of_the_features_does_not_change_the_embedding(
    encoder_folder: Path, encoder_tensors: Mapping[str, np.ndarray]
) -> None:
    session = cpu().open(encoder_folder / "speaker_encoder.onnx")
    features = encoder_tensors["features"][None, :98].astype(np.float32) + np.linspace(-5, 5, 80, dtype=np.float32)
    np.testing.assert_allclose(
        session.run({"features": features})["embedding"], encoder_tensors["embedding_98"], rtol=0, atol=1e-4
    )


def test_a_batch_gives_the_embeddings_of_its_recordings(
    encoder_folder: Path, encoder_tensors: Mapping[str, np.ndarray]
) -> None:
    session = cpu().open(encoder_folder / "speaker_encoder.onnx")
    features = encoder_tensors["features"].astype(np.float32)
    both = session.run({"features": np.stack([features[:98], features[100:198]])})["embedding"]
    np.testing.assert_allclose(both[:1], encoder_tensors["embedding_98"], rtol=0, atol=1e-5)
    assert np.abs(both[1] - both[0]).max() > 1e-3


def test_the_metadata_has_the_sample_rate_and_sizes(encoder_folder: Path) -> None:
    metadata = cpu().open(encoder_folder / "speaker_encoder.onnx").metadata
    assert (metadata["sample_rate"], metadata["bins"], metadata["size"]) == (16000, 80, 192)


# Models with other weights


def changed_weights(changes: Mapping[str, np.ndarray | None]) -> Weights:
    arrays = read_weights(SPEAKER_ENCODER) | {name: array for name, array in changes.items() if array is not None}
    return Weights({name: array for name, array in arrays.items() if changes.get(name, 0) is not None}, "se.model")


def test_every_weight_is_used() -> None:
    weights = changed_weights({})
    speaker_encoder(weights)
    weights.check()
    assert weights.unused(["*.num_batches_tracked"]) == []


def test_missing_and_misshapen_weights_are_reported_together() -> None:
    missing, misshapen = "xvector.block2.tdnnd3.se.linear2.bias", "head.layer1.1.bn2.running_var"
    weights = changed_weights({missing: None, misshapen: np.ones(3, np.float32)})
    speaker_encoder(weights)
    with pytest.raises(ConvertError) as refused:
        weights.check()
    assert f"{missing} is missing" in str(refused.value)
    assert f"{misshapen} has shape (3,), expected (4,)" in str(refused.value)


def test_an_extra_weight_is_reported() -> None:
    weights = changed_weights({"xvector.block4.bias": np.ones(1, np.float32)})
    speaker_encoder(weights)
    weights.check()
    assert weights.unused(["*.num_batches_tracked"]) == ["xvector.block4.bias"]


@pytest.mark.parametrize(
    ("name", "shape", "problem"),
    [
        ("xvector.tdnn.linear", None, "xvector.tdnn.linear.weight is missing"),
        ("xvector.dense.linear", (192, 4), r"has shape \(192, 4\), 3 sizes"),
        ("head.conv1", (7, 1, 3, 3), "40 inputs of xvector.tdnn, not a multiple of the 7 channels"),
        ("xvector.transit2.linear", (9, 3, 1), "channels that xvector.block2 adds, not a multiple of the 4"),
    ],
    ids=["missing", "rank", "head", "block"],
)
def test_contradicting_sizes_are_reported(name: str, shape: tuple[int, ...] | None, problem: str) -> None:
    weights = changed_weights({f"{name}.weight": None if shape is None else np.ones(shape, np.float32)})
    with pytest.raises(ConvertError, match=f"not a speaker encoder.*{problem}"):
        speaker_encoder(weights)


# Conversion without a voice


@pytest.mark.parametrize("source", ["file", "folder"])
def test_a_source_with_only_an_encoder_is_converted(source: str, encoder_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "speaker_embedding"
    folder.mkdir()
    path = Path(shutil.copy(SPEAKER_ENCODER, folder))
    output = tmp_path / "models"
    assert convert([str(path if source == "file" else folder), "--output", str(output)]) == 0
    [written] = output.iterdir()
    assert written.name == "speaker_encoder.onnx"
    assert written.read_bytes() == (encoder_folder / "speaker_encoder.onnx").read_bytes()


def test_an_encoder_is_not_a_voice(encoder_folder: Path) -> None:
    assert voice_folders(encoder_folder) == []


def test_a_failed_conversion_keeps_the_older_encoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = tmp_path / "speaker_encoder.onnx"
    older.write_bytes(b"older")
    damaged = write_zip(tmp_path / "x.model", read_weights(SPEAKER_ENCODER) | {"bn.bias": np.ones(1, np.float32)})
    message = error_message(tmp_path, capsys, "--se-model", str(damaged))
    assert f"{damaged} does not fit" in message
    assert "bn.bias has shape (1,)" in message
    assert older.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["speaker_encoder.onnx", "x.model"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "SOURCE is missing"),
        (["--se-model", str(SPEAKER_ENCODER), "--voice", "me"], "Only --se-model alone, or"),
        ([str(SPEAKER_ENCODER), "--voice", "me"], "is a file"),
        (["--se-model", "nowhere/se.model"], "nowhere/se.model is missing"),
        (["--se-model", __file__], "is not a PyTorch checkpoint"),
    ],
)
def test_invalid_arguments_are_reported(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in error_message(tmp_path, capsys, *options)
    assert list(tmp_path.iterdir()) == []


def test_two_encoders_need_a_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        shutil.copy(SPEAKER_ENCODER, tmp_path / name)
    assert "choose one with --se-model" in error_message(tmp_path / "models", capsys, str(tmp_path))


# With a voice


def test_a_computed_embedding_is_used_by_the_voice(
    recording_file: Path, tmp_path: Path, encoder: SpeakerEncoder
) -> None:
    output, made = tmp_path / "models", tmp_path / "se.npy"
    package = ["--output", str(output), str(GOLDEN / EMBEDDING_PACKAGE)]
    assert convert([*package, "--se-model", str(SPEAKER_ENCODER)]) == 0
    assert (output / EMBEDDING_PACKAGE / "speaker_encoder.onnx").is_file()
    assert (
        serve(["embed", str(recording_file), "-o", str(made), "--models", str(output), "--voice", EMBEDDING_PACKAGE])
        == 0
    )
    assert convert([*package, "--se", str(made)]) == 0
    samples, rate = soundfile.read(recording_file, dtype="float32")
    used = np.load(output / EMBEDDING_PACKAGE / "speaker.npy")
    assert (used.shape, used.dtype) == ((1, 192), np.float32)
    np.testing.assert_array_equal(used, encoder.embed(Audio(samples, rate)))


def test_an_encoder_in_a_package_is_converted_with_the_voice(tmp_path: Path, encoder_folder: Path) -> None:
    package = Path(shutil.copytree(GOLDEN / EMBEDDING_PACKAGE, tmp_path / "package"))
    folder = package / "voices" / EMBEDDING_PACKAGE / "se" / "ckpt"
    folder.mkdir(parents=True)
    shutil.copy(SPEAKER_ENCODER, folder)
    assert convert([str(package), "--output", str(tmp_path / "models")]) == 0
    voice = Voice(tmp_path / "models" / EMBEDDING_PACKAGE)
    voice.verify()
    assert voice.graph("speaker_encoder").read_bytes() == (encoder_folder / "speaker_encoder.onnx").read_bytes()


def test_a_voice_without_embedding_gets_no_encoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert([str(GOLDEN / "noncausal_16k"), "--output", str(tmp_path), "--se-model", str(SPEAKER_ENCODER)]) == 0
    assert "se.model is left out: this voice takes no speaker embedding" in capsys.readouterr().err
    assert not (tmp_path / "noncausal_16k" / "speaker_encoder.onnx").exists()
