"""The voice with random weights: its package converts, and the voice synthesizes."""

from pathlib import Path

import numpy as np
import pytest

from bench.voices.checkpoint_file import write_checkpoint
from bench.voices.random_package import STANDARD, Dimensions, write_package
from bench.voices.random_voice import RANDOM_VOICE, random_voice_models
from convert.checkpoint.reader import read_weights
from convert.conversion import convert_voice
from convert.source.package import find_voices
from server.voices.voice import Voice
from tests.conftest import open_voice, speak

SMALL = Dimensions(
    acoustic={
        **STANDARD.acoustic,
        "encoder_num_layers": 1,
        "decoder_num_layers": 1,
        "encoder_ffn_inner_dim": 64,
        "decoder_ffn_inner_dim": 64,
        "postnet_fsmn_num_layers": 1,
        "postnet_ffn_inner_dim": 32,
        "postnet_num_memory_units": 32,
        "predictor_fsmn_num_layers": 1,
    },
    vocoder={**STANDARD.vocoder, "channels": 32, "resblock_dilations": [[1, 3]] * 3},
)
"""The structure of the standard voice with small dimensions."""


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("random")
    (parts,) = find_voices(write_package(folder / "package", "random", SMALL))
    result = convert_voice(parts, folder / "models", "random weights", lambda step: None)
    assert result.notes == ()  # every weight was used, and none was missing
    return result.path


def test_a_random_voice_is_complete_and_synthesizes(converted: Path) -> None:
    Voice(converted).verify()
    chunks = list(speak(open_voice(converted), "今天天气很好。"))
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert np.isfinite(samples).all()
    assert 0.001 < np.abs(samples).mean() < 0.7  # the signal neither fades nor clips


def test_audio_of_a_random_voice_is_as_long_as_that_of_a_real_one(converted: Path) -> None:
    """About 7 frames for each unit: real-time factors are divided by the duration of the audio."""
    voice = open_voice(converted)
    sentence = next(iter(voice.sentences("今天天气很好。")))
    durations = voice.synthesize(sentence.units).prosody.durations
    assert 5 < durations.mean() < 10


def test_equal_dimensions_give_equal_weights(tmp_path: Path) -> None:
    first, second = (write_package(tmp_path / name, "random", SMALL) for name in ("first", "second"))
    for part, keys in (("am", ("model",)), ("voc", ("model", "generator"))):
        file = f"voices/random/{part}/ckpt/checkpoint_0.pth"
        one, other = (read_weights(folder / file, *keys) for folder in (first, second))
        assert one.keys() == other.keys()
        for name, array in one.items():
            np.testing.assert_array_equal(array, other[name])


def test_a_written_checkpoint_can_be_read(tmp_path: Path) -> None:
    weights = {
        "a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "a.bias": np.float32([1.5]),
        "数": np.zeros((3, 2), np.float32),
    }
    write_checkpoint(tmp_path / "checkpoint_0.pth", weights, "model", "generator")
    found = read_weights(tmp_path / "checkpoint_0.pth", "model", "generator")
    assert found.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_random_voice_is_converted_once_and_outdated_ones_are_deleted(tmp_path: Path) -> None:
    outdated = tmp_path / "0123456789ab-int8"
    outdated.mkdir()
    models = random_voice_models((), tmp_path, SMALL)
    manifest = models / RANDOM_VOICE / "voice.yaml"
    written = manifest.stat().st_mtime_ns
    assert random_voice_models((), tmp_path, SMALL) == models
    assert manifest.stat().st_mtime_ns == written
    assert not outdated.exists()
