"""The voice registry: broken voices are listed with the reason, and the others work."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from server.config import Config, ModelsSection, RuntimeSection
from server.errors import ConfigurationError, UnknownNameError, VoiceError
from server.synthesis.registry import VoiceRegistry
from tests.conftest import EMBEDDED, open_voice, speak
from tests.synthesis.voice_copies import change_manifest, copy_voice


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two voices: `demo`, and `other`, which tests damage."""
    for name in ("demo", "other"):
        copy_voice(tmp_path, name)
    return tmp_path


def loaded(models: Path) -> VoiceRegistry:
    runtime = RuntimeSection(providers=("cpu",), threads=1)
    registry = VoiceRegistry(Config(models=ModelsSection(path=models), runtime=runtime))
    registry.load()
    return registry


def test_all_voices_load(models: Path) -> None:
    registry = loaded(models)
    assert (registry.state, list(registry.voices), dict(registry.broken)) == ("ready", ["demo", "other"], {})
    assert registry.synthesizer(None).voice.name == "demo"
    assert registry.synthesizer("other").voice.name == "other"
    with pytest.raises(UnknownNameError, match="unknown voice 'absent'; valid: demo, other"):
        registry.synthesizer("absent")


BREAKAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "damaged-graph": (lambda folder: (folder / "vocoder.onnx").write_bytes(b"damaged"), "vocoder.onnx is damaged"),
    "missing-graph": (lambda folder: (folder / "postnet.onnx").unlink(), "postnet.onnx is missing"),
    "no-voice.yaml": (lambda folder: (folder / "voice.yaml").unlink(), "is not a converted voice"),
    "empty-voice.yaml": (lambda folder: (folder / "voice.yaml").write_text(""), "holds no settings"),
    "broken-yaml": (lambda folder: (folder / "voice.yaml").write_text("a: [b"), "cannot be read"),
    "no-text": (lambda folder: (folder / "voice.yaml").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "endless-brackets": (lambda folder: (folder / "voice.yaml").write_text("[" * 100_000), "cannot be read"),
    "newer-format": (lambda folder: change_manifest(folder, format=99), "has format 99, this server reads 3"),
    "unknown-key": (lambda folder: change_manifest(folder, colour="red"), "colour"),
    "no-graphs": (lambda folder: change_manifest(folder, graphs={}), "has no graph 'text_encoder'"),
    "other-name": (lambda folder: change_manifest(folder, name="third"), "rename the folder"),
}
"""Name of a folder -> what is wrong with it, and the reason that is told."""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> VoiceRegistry:
    """A voice that works, and all broken ones."""
    models = tmp_path_factory.mktemp("models")
    copy_voice(models, "demo")
    for name, (break_it, _) in BREAKAGES.items():
        break_it(copy_voice(models, name))
    (models / ".third.x.partial").mkdir()
    return loaded(models)


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_voice_is_listed_with_the_reason(name: str, mixed: VoiceRegistry) -> None:
    assert BREAKAGES[name][1] in mixed.broken[name]
    with pytest.raises(VoiceError, match=f"'{name}' is broken"):
        mixed.synthesizer(name)


def test_beside_broken_voices_the_others_work(mixed: VoiceRegistry) -> None:
    assert (mixed.state, list(mixed.voices), mixed.broken.keys()) == ("ready", ["demo"], BREAKAGES.keys())
    assert len(next(speak(mixed.synthesizer("demo"), "你好。")).samples)


def test_the_state_without_a_working_voice_is_failed(models: Path) -> None:
    shutil.rmtree(models / "demo")
    (models / "other/vocoder.onnx").write_bytes(b"damaged")
    assert loaded(models).state == "failed"


def test_a_missing_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        loaded(tmp_path / "nowhere")


def test_unfinished_conversions_are_not_voices(mixed: VoiceRegistry) -> None:
    assert "third" not in " ".join([*mixed.known, *mixed.broken])


def test_the_small_voice_works_as_the_only_voice(tmp_path: Path) -> None:
    shutil.copytree(EMBEDDED.with_name("demo-small"), tmp_path / "demo-small")
    small, large = loaded(tmp_path).synthesizer(None), open_voice(EMBEDDED)
    assert small.voice.name == "demo-small"
    sentence = next(large.sentences("今天天气很好。", speaker="male"))
    made, wanted = (
        voice.synthesize(voice.tables.encode(sentence.symbols)).prosody.durations for voice in (small, large)
    )
    assert np.abs(made - wanted).max() <= 1
