"""The voice registry: broken voices are listed with the reason, and the others work."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from server.config import Config, ModelsSection, RuntimeSection
from server.errors import ConfigurationError, UnknownNameError, VoiceError
from server.synthesis.registry import VoiceRegistry
from tests.conftest import EMBEDDED, open_voice, speak


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The embedded voice twice: as `demo`, and as `other`, which tests damage."""
    for name in ("demo", "other"):
        shutil.copytree(EMBEDDED, tmp_path / name)
    manifest = tmp_path / "other" / "voice.yaml"
    manifest.write_text(manifest.read_text().replace("name: demo", "name: other"))
    return tmp_path


def loaded(models: Path) -> VoiceRegistry:
    runtime = RuntimeSection(providers=("cpu",), threads=1)
    registry = VoiceRegistry(Config(models=ModelsSection(path=models), runtime=runtime))
    registry.load()
    return registry


def edit(models: Path, **changes: object) -> None:
    path = models / "other" / "voice.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def test_all_voices_load(models: Path) -> None:
    registry = loaded(models)
    assert (registry.state, list(registry.voices), dict(registry.broken)) == ("ready", ["demo", "other"], {})
    assert registry.synthesizer(None).voice.name == "demo"
    assert registry.synthesizer("other").voice.name == "other"
    with pytest.raises(UnknownNameError, match="unknown voice 'absent'; valid: demo, other"):
        registry.synthesizer("absent")


BREAKAGES = {
    "a damaged graph": (lambda m: (m / "other/vocoder.onnx").write_bytes(b"damaged"), "vocoder.onnx is damaged"),
    "a missing graph": (lambda m: (m / "other/postnet.onnx").unlink(), "postnet.onnx is missing"),
    "no voice.yaml": (lambda m: (m / "other/voice.yaml").unlink(), "is not a converted voice"),
    "an empty voice.yaml": (lambda m: (m / "other/voice.yaml").write_text(""), "holds no settings"),
    "broken YAML": (lambda m: (m / "other/voice.yaml").write_text("a: [b"), "cannot be read"),
    "bytes that are no text": (lambda m: (m / "other/voice.yaml").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "brackets without end": (lambda m: (m / "other/voice.yaml").write_text("[" * 100_000), "cannot be read"),
    "a newer format": (lambda m: edit(m, format=99), "has format 99, this server reads 2"),
    "an unknown key": (lambda m: edit(m, colour="red"), "colour"),
    "no graphs": (lambda m: edit(m, graphs={}), "has no graph 'text_encoder'"),
    "another voice's folder": (lambda m: edit(m, name="third"), "rename the folder"),
}


@pytest.mark.parametrize("case", BREAKAGES)
def test_a_broken_voice_is_listed_with_the_reason_and_the_others_work(case: str, models: Path) -> None:
    break_it, reason = BREAKAGES[case]
    break_it(models)
    registry = loaded(models)
    assert registry.state == "ready"
    assert reason in registry.broken["other"]
    with pytest.raises(VoiceError, match="'other' is broken"):
        registry.synthesizer("other")
    assert len(next(speak(registry.synthesizer("demo"), "你好。")).samples)


def test_the_state_without_a_working_voice_is_failed(models: Path) -> None:
    shutil.rmtree(models / "demo")
    (models / "other/vocoder.onnx").write_bytes(b"damaged")
    assert loaded(models).state == "failed"


def test_a_missing_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        loaded(tmp_path / "nowhere")


def test_unfinished_conversions_are_not_voices(models: Path) -> None:
    (models / ".third.x.partial").mkdir()
    assert "third" not in " ".join([*loaded(models).voices, *loaded(models).broken])


def test_the_small_voice_works_as_the_only_voice(tmp_path: Path) -> None:
    shutil.copytree(EMBEDDED.with_name("demo-small"), tmp_path / "demo-small")
    small, large = loaded(tmp_path).synthesizer(None), open_voice(EMBEDDED)
    assert small.voice.name == "demo-small"
    sentence = next(large.sentences("今天天气很好。"))
    made, wanted = (
        voice.synthesize(voice.tables.encode(sentence.symbols)).prosody.durations for voice in (small, large)
    )
    assert np.abs(made - wanted).max() <= 1
