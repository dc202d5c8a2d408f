"""A text in several voices: found in a fixed order, checked before anything sounds, and spoken one after another."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from server.config import Config, ModelsSection, RuntimeSection
from server.errors import RequestError, UnknownNameError, VoiceError
from server.synthesis.multi_voice import SpeechPlan, SpeechPlanner
from server.synthesis.registry import OnDemandVoices
from server.synthesis.synthesizer import Synthesizer
from server.text.markup.script import Script, SpeakingStyle
from server.types import PLAIN, Style
from tests.conftest import EMBEDDED

EVERYBODY = "demo, cracked, fast, kind, other, VOICE/SPEAKER"


def add_voice(models: Path, name: str, rate: int = 16000, speaker: str = "demo") -> None:
    shutil.copytree(EMBEDDED, models / name)
    manifest = models / name / "voice.yaml"
    text = manifest.read_text().replace("name: demo", f"name: {name}")
    text = re.sub(r"speakers: \[.*?\]", f"speakers: [{speaker}]", text)
    manifest.write_text(text.replace("sample_rate: 16000", f"sample_rate: {rate}"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five voices: `demo` and `other`, whose speakers are both called demo, `kind`, `fast` at 24 kHz, and `cracked`."""
    folder = tmp_path_factory.mktemp("models")
    add_voice(folder, "demo")
    add_voice(folder, "other")
    add_voice(folder, "kind", speaker="anna")
    add_voice(folder, "fast", rate=24000)
    add_voice(folder, "cracked")
    (folder / "cracked" / "vocoder.onnx").write_bytes(b"damaged")
    return folder


@pytest.fixture(scope="module")
def voices(models: Path) -> OnDemandVoices:
    runtime = RuntimeSection(providers=("cpu",), threads=1)
    return OnDemandVoices(Config(models=ModelsSection(path=models), runtime=runtime))


@pytest.fixture(scope="module")
def narrator(voices: OnDemandVoices) -> SpeechPlanner:
    return SpeechPlanner(voices)


def script(*parts: tuple[str, str | None] | str, style: Style = PLAIN) -> Script:
    """Texts one after another, each with its voice."""
    pairs = [(part, None) if isinstance(part, str) else part for part in parts]
    text = "".join(part for part, _ in pairs)
    styles = [SpeakingStyle(style, voice) for part, voice in pairs for _ in part]
    return Script(text, range(len(text)), range(1, len(text) + 1), styles)


def spoken(narration: SpeechPlan) -> np.ndarray:
    return np.concatenate([audio.samples for audio in narration.speak()])


def who(narration: SpeechPlan) -> list[tuple[str, str]]:
    return [(role.synthesizer.voice.name, role.speaker) for role in narration._roles]


def test_a_plain_text_sounds_as_its_voice_alone(narrator: SpeechPlanner, voices: OnDemandVoices) -> None:
    text, style = "你好。再见。", Style(speed=1.2, volume=0.5)
    alone = voices.synthesizer("demo").speak(text, style=style)
    together = spoken(narrator.prepare(script(text, style=style)))
    np.testing.assert_array_equal(together, np.concatenate([audio.samples for audio in alone]))


def test_a_name_is_a_speaker_of_the_own_voice_then_a_voice_then_a_voice_with_its_speaker(
    narrator: SpeechPlanner,
) -> None:
    names = ["demo", "kind", "anna", "demo/demo", "other/demo", None]
    parts = script(*(("你好。", name) for name in names))
    assert who(narrator.prepare(parts, voice="kind")) == [
        ("demo", "demo"),
        ("kind", "anna"),
        ("kind", "anna"),
        ("demo", "demo"),
        ("other", "demo"),
        ("kind", "anna"),
    ]
    assert who(narrator.prepare(script(("你好。", "demo")), voice="other")) == [("other", "demo")]


def test_parts_follow_one_another_at_the_distance_of_sentences(narrator: SpeechPlanner, voices: OnDemandVoices) -> None:
    narration = narrator.prepare(script("你好。", ("再见。", "kind"), "走吧。"))
    single = [spoken(narrator.prepare(script(text))) for text in ("你好。", "再见。", "走吧。")]
    silence = np.zeros(round(0.28 * 16000), np.float32)
    expected = np.concatenate([single[0], silence, single[1], silence, single[2]])
    np.testing.assert_allclose(spoken(narration), expected, atol=1e-6)


def test_each_part_is_computed_by_its_own_voice(
    narrator: SpeechPlanner, monkeypatch: pytest.MonkeyPatch, decoder_steps: list[str]
) -> None:
    parts = script("你好。", ("再见。", "kind"), ("走吧。", "other/demo"))
    spoken(narrator.prepare(parts))
    assert list(dict.fromkeys(decoder_steps)) == ["demo", "kind", "other"]


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("nobody", EVERYBODY),
        ("", EVERYBODY),
        ("nobody/anna", EVERYBODY),
        ("../demo", EVERYBODY),
        ("kind/nobody", "kind/anna"),
        ("kind/", "kind/anna"),
    ],
)
def test_an_unknown_name_is_refused_with_those_that_exist(name: str, listed: str, narrator: SpeechPlanner) -> None:
    with pytest.raises(UnknownNameError) as caught:
        narrator.prepare(script("你好。", ("再见。", name)))
    assert str(caught.value) == f"unknown voice {name!r}; valid: {listed}"
    assert caught.value.code == "unknown_voice"


def test_a_broken_voice_is_refused_with_its_reason(narrator: SpeechPlanner) -> None:
    with pytest.raises(VoiceError, match=r"vocoder\.onnx is damaged"):
        narrator.prepare(script("你好。", ("再见。", "cracked")))


def test_voices_of_different_rates_are_refused_with_the_voices_that_fit(narrator: SpeechPlanner) -> None:
    with pytest.raises(RequestError, match="'demo' speaks at 16000 Hz and voice 'fast' at 24000 Hz") as caught:
        narrator.prepare(script("你好。", ("再见。", "fast")))
    assert str(caught.value).endswith("Voices of 16000 Hz: cracked, demo, kind, other")


def test_the_rate_is_that_of_the_voices_that_speak(narrator: SpeechPlanner) -> None:
    assert narrator.prepare(script(("你好。", "fast"))).rate == 24000


def test_an_emotion_that_one_of_the_voices_lacks_is_refused(narrator: SpeechPlanner) -> None:
    with pytest.raises(UnknownNameError, match="unknown emotion 'silly'"):
        narrator.prepare(script("你好。", ("再见。", "kind")), emotion="silly")


def test_a_part_without_anything_to_speak_is_passed_over(narrator: SpeechPlanner) -> None:
    blank = narrator.prepare(script(" \n", "你好。", ("……", "kind")))
    np.testing.assert_array_equal(spoken(blank), spoken(narrator.prepare(script("你好。"))))


def test_parts_without_anything_to_speak_at_all_are_refused_before_anything_sounds(narrator: SpeechPlanner) -> None:
    with pytest.raises(RequestError, match="nothing to speak"):
        narrator.prepare(script(" ", ("……", "kind"))).speak()


def test_closing_a_narration_stops_the_decoder(narrator: SpeechPlanner, decoder_steps: list[str]) -> None:
    stream = narrator.prepare(script("今天天气很好。" * 3, ("再见。", "kind"))).speak()
    next(stream)
    before = len(decoder_steps)
    stream.close()
    assert list(stream) == []
    assert len(decoder_steps) == before


def test_synthesizers_are_opened_once(voices: OnDemandVoices) -> None:
    assert isinstance(voices.synthesizer(), Synthesizer)
    assert voices.synthesizer("demo") is voices.synthesizer()
