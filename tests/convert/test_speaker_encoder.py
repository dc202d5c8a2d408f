"""Speaker embeddings of recordings: filter banks, the converted encoder, and both command lines.

data/se.model and data/speaker_encoder.npz come from the original code: a reduced D-TDNN with random weights, its
outputs, and a second of speech with its Kaldi filter banks.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from convert.__main__ import main as convert
from convert.checkpoint.reader import read_weights
from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.models.speaker_encoder import speaker_encoder
from server.cli import main as serve
from server.errors import RequestError, VoiceError
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.synthesis.speaker_encoder.fbank import fbank
from server.types import Audio
from server.voices.discovery import voice_folders
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, GOLDEN, cpu
from tests.convert.pth import write_zip

DATA = Path(__file__).parent / "data"
MODEL = DATA / "se.model"
EMBEDDING_PACKAGE = "se_nsf_global_16k"
"""A golden package of a voice with a speaker embedding."""


@pytest.fixture(scope="session")
def recorded() -> Mapping[str, np.ndarray]:
    with np.load(DATA / "speaker_encoder.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of voices with only a speaker encoder."""
    folder = tmp_path_factory.mktemp("models")
    assert convert(["--se-model", str(MODEL), "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def encoder(models: Path) -> SpeakerEncoder:
    return SpeakerEncoder(cpu().open(models / "speaker_encoder.onnx"))


@pytest.fixture(scope="session")
def recording(recorded: Mapping[str, np.ndarray]) -> Audio:
    return Audio(recorded["recording"].astype(np.float32) / 32768, 16000)


@pytest.fixture
def wav(recording: Audio, tmp_path: Path) -> Path:
    path = tmp_path / "me.wav"
    soundfile.write(path, recording.samples, recording.rate)
    return path


def error_message(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The error message of the converter, without a traceback."""
    assert convert([*arguments, "--output", str(folder)]) == 1
    shown = capsys.readouterr()
    assert (shown.out, "Traceback" in shown.err) == ("", False)
    return shown.err


# Filter banks


def test_filter_banks_equal_those_of_kaldi(recording: Audio, recorded: Mapping[str, np.ndarray]) -> None:
    np.testing.assert_allclose(fbank(recording, 80), recorded["recording_fbank"], rtol=0, atol=1e-3)


def test_only_whole_frames_are_used() -> None:
    sizes = [len(fbank(Audio(np.ones(samples, np.float32), 16000), 80)) for samples in (0, 399, 400, 559, 560)]
    assert sizes == [0, 0, 1, 1, 2]


@given(offset=st.floats(-1, 1))
def test_a_constant_offset_does_not_change_the_features(offset: float, recording: Audio) -> None:
    shifted = Audio(recording.samples[:4000] + np.float32(offset), recording.rate)
    np.testing.assert_allclose(fbank(shifted, 80), fbank(Audio(recording.samples[:4000], 16000), 80), rtol=0, atol=0.3)


def test_features_of_silence_are_the_finite_minimum() -> None:
    assert np.unique(fbank(Audio(np.zeros(16000, np.float32), 16000), 80)) == pytest.approx(np.log(2.0**-23))


# The graph


@pytest.mark.parametrize("frames", [98, 199, 200, 201, 202, 402])
def test_the_converted_encoder_gives_the_recorded_embeddings(
    frames: int, models: Path, recorded: Mapping[str, np.ndarray]
) -> None:
    """Lengths below and above a whole number of segments of 200 frames."""
    session = cpu().open(models / "speaker_encoder.onnx")
    features = recorded["features"][None, :frames].astype(np.float32)
    embedding = session.run({"features": features})["embedding"]
    np.testing.assert_allclose(embedding, recorded[f"embedding_{frames}"], rtol=0, atol=1e-5)


def test_the_mean_of_the_features_does_not_change_the_embedding(
    models: Path, recorded: Mapping[str, np.ndarray]
) -> None:
    session = cpu().open(models / "speaker_encoder.onnx")
    features = recorded["features"][None, :98].astype(np.float32) + np.linspace(-5, 5, 80, dtype=np.float32)
    np.testing.assert_allclose(
        session.run({"features": features})["embedding"], recorded["embedding_98"], rtol=0, atol=1e-4
    )


def test_a_batch_gives_the_embeddings_of_its_recordings(models: Path, recorded: Mapping[str, np.ndarray]) -> None:
    session = cpu().open(models / "speaker_encoder.onnx")
    features = recorded["features"].astype(np.float32)
    both = session.run({"features": np.stack([features[:98], features[100:198]])})["embedding"]
    np.testing.assert_allclose(both[:1], recorded["embedding_98"], rtol=0, atol=1e-5)
    assert np.abs(both[1] - both[0]).max() > 1e-3


def test_the_metadata_has_the_sample_rate_and_sizes(models: Path) -> None:
    metadata = cpu().open(models / "speaker_encoder.onnx").metadata
    assert (metadata["sample_rate"], metadata["bins"], metadata["size"]) == (16000, 80, 192)


# From a recording


def test_a_recording_gives_the_recorded_embedding(
    encoder: SpeakerEncoder, recording: Audio, recorded: Mapping[str, np.ndarray]
) -> None:
    np.testing.assert_allclose(encoder.embed(recording), recorded["recording_embedding"], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.ones(44100), 44100, r"has 44100 Hz, the speaker encoder takes 16000 Hz; resample it first"),
        (np.ones(15999), 16000, r"is 1\.00 s long; valid: 1 to 60 s"),
        (np.ones(0), 16000, r"is 0\.00 s long"),
        (np.ones(60 * 16000 + 160), 16000, r"is 60\.01 s long; valid: 1 to 60 s"),
        (np.zeros(16000), 16000, r"is silent"),
        (np.full(16000, np.nan), 16000, r"not numbers"),
    ],
    ids=["rate", "a sample too short", "empty", "too long", "silent", "NaN"],
)
def test_an_unusable_recording_is_refused(
    samples: np.ndarray, rate: int, message: str, encoder: SpeakerEncoder
) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        encoder.embed(Audio(samples.astype(np.float32), rate))
    assert refused.value.param == "recording"


def test_another_graph_is_refused_as_speaker_encoder() -> None:
    with pytest.raises(VoiceError, match=r"postnet\.onnx is not a speaker encoder"):
        SpeakerEncoder(cpu().open(EMBEDDED / "postnet.onnx"))


# Models with other weights


def changed_weights(changes: Mapping[str, np.ndarray | None]) -> Weights:
    arrays = read_weights(MODEL) | {name: array for name, array in changes.items() if array is not None}
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
def test_a_source_with_only_an_encoder_is_converted(source: str, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "speaker_embedding"
    folder.mkdir()
    path = Path(shutil.copy(MODEL, folder))
    output = tmp_path / "models"
    assert convert([str(path if source == "file" else folder), "--output", str(output)]) == 0
    [written] = output.iterdir()
    assert written.name == "speaker_encoder.onnx"
    assert written.read_bytes() == (models / "speaker_encoder.onnx").read_bytes()


def test_an_encoder_is_not_a_voice(models: Path) -> None:
    assert voice_folders(models) == []


def test_a_failed_conversion_keeps_the_older_encoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = tmp_path / "speaker_encoder.onnx"
    older.write_bytes(b"older")
    damaged = write_zip(tmp_path / "x.model", read_weights(MODEL) | {"bn.bias": np.ones(1, np.float32)})
    message = error_message(tmp_path, capsys, "--se-model", str(damaged))
    assert f"{damaged} does not fit" in message
    assert "bn.bias has shape (1,)" in message
    assert older.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["speaker_encoder.onnx", "x.model"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "SOURCE is missing"),
        (["--se-model", str(MODEL), "--voice", "me"], "Only --se-model alone, or"),
        ([str(MODEL), "--voice", "me"], "is a file"),
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
        shutil.copy(MODEL, tmp_path / name)
    assert "choose one with --se-model" in error_message(tmp_path / "models", capsys, str(tmp_path))


# With a voice


def test_a_computed_embedding_is_used_by_the_voice(wav: Path, tmp_path: Path, encoder: SpeakerEncoder) -> None:
    output, made = tmp_path / "models", tmp_path / "se.npy"
    package = ["--output", str(output), str(GOLDEN / EMBEDDING_PACKAGE)]
    assert convert([*package, "--se-model", str(MODEL)]) == 0
    assert (output / EMBEDDING_PACKAGE / "speaker_encoder.onnx").is_file()
    assert serve(["embed", str(wav), "-o", str(made), "--models", str(output), "--voice", EMBEDDING_PACKAGE]) == 0
    assert convert([*package, "--se", str(made)]) == 0
    samples, rate = soundfile.read(wav, dtype="float32")
    used = np.load(output / EMBEDDING_PACKAGE / "speaker.npy")
    assert (used.shape, used.dtype) == ((1, 192), np.float32)
    np.testing.assert_array_equal(used, encoder.embed(Audio(samples, rate)))


def test_an_encoder_in_a_package_is_converted_with_the_voice(tmp_path: Path, models: Path) -> None:
    package = Path(shutil.copytree(GOLDEN / EMBEDDING_PACKAGE, tmp_path / "package"))
    folder = package / "voices" / EMBEDDING_PACKAGE / "se" / "ckpt"
    folder.mkdir(parents=True)
    shutil.copy(MODEL, folder)
    assert convert([str(package), "--output", str(tmp_path / "models")]) == 0
    voice = Voice(tmp_path / "models" / EMBEDDING_PACKAGE)
    voice.verify()
    assert voice.graph("speaker_encoder").read_bytes() == (models / "speaker_encoder.onnx").read_bytes()


def test_a_voice_without_embedding_gets_no_encoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert([str(GOLDEN / "noncausal_16k"), "--output", str(tmp_path), "--se-model", str(MODEL)]) == 0
    assert "se.model is left out: this voice takes no speaker embedding" in capsys.readouterr().err
    assert not (tmp_path / "noncausal_16k" / "speaker_encoder.onnx").exists()


def test_several_recordings_give_the_mean_embedding(
    models: Path, recording: Audio, encoder: SpeakerEncoder, tmp_path: Path
) -> None:
    parts = [Audio(recording.samples[start : start + 16000], 16000) for start in (0, 880)]
    paths = [tmp_path / f"{number}.flac" for number in range(2)]
    for path, part in zip(paths, parts, strict=True):
        soundfile.write(path, np.stack([part.samples, part.samples], axis=1), part.rate)
    made = tmp_path / "se.npy"
    assert serve(["embed", *map(str, paths), "-o", str(made), "--models", str(models)]) == 0
    mean = (encoder.embed(parts[0]) + encoder.embed(parts[1])) / 2
    np.testing.assert_allclose(np.load(made), mean, rtol=0, atol=1e-6)


def test_an_encoder_shared_by_all_voices_needs_no_voice(wav: Path, tmp_path: Path) -> None:
    output = tmp_path / "models"
    package = [str(GOLDEN / EMBEDDING_PACKAGE), "--output", str(output), "--se-model", str(MODEL), "--voice"]
    assert [convert([*package, name]) for name in ("one", "two")] == [0, 0]
    (output / "broken").mkdir()
    assert serve(["embed", str(wav), "-o", str(tmp_path / "se.npy"), "--models", str(output)]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.wav"], "nowhere.wav: cannot be read: No such file"),
        ([__file__], "is not an audio file that can be read"),
        (["me.wav", "--voice", "nobody"], "unknown voice 'nobody'; valid: none"),
        (["me.wav", "-o", "nowhere/se.npy"], "cannot write nowhere/se.npy"),
    ],
)
def test_invalid_recordings_and_options_are_reported(
    arguments: list[str],
    message: str,
    wav: Path,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(wav.parent)
    assert serve(["embed", *arguments, "--models", str(models)]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not (wav.parent / "se.npy").exists()


@pytest.mark.parametrize(
    ("voice", "message"),
    [([], "there is no speaker encoder in"), (["--voice", "demo"], "'demo' has no speaker encoder")],
)
def test_the_error_for_a_missing_encoder_describes_how_to_convert_one(
    voice: list[str], message: str, wav: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(["embed", str(wav), "--models", str(EMBEDDED.parent), *voice]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert "--se-model se.model" in shown
