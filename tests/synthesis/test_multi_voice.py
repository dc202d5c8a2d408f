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
from server.types import DEFAULT_STYLE, Style
from tests.conftest import EMBEDDED, samples_of, speak

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
def planner(voices: OnDemandVoices) -> SpeechPlanner:
    return SpeechPlanner(voices)


def script(*parts: tuple[str, str | None] | str, style: Style = DEFAULT_STYLE) -> Script:
    """Texts one after another, each with its voice."""
    pairs = [(part, None) if isinstance(part, str) else part for part in parts]
    text = "".join(part for part, _ in pairs)
    styles = [SpeakingStyle(style, voice) for part, voice in pairs for _ in part]
    return Script(text, range(len(text)), range(1, len(text) + 1), styles)


def spoken(plan: SpeechPlan) -> np.ndarray:
    return samples_of(plan.speak())


def who(plan: SpeechPlan) -> list[tuple[str, str]]:
    return [(segment.synthesizer.voice.name, segment.speaker) for segment in plan.segments]


def test_a_plain_text_sounds_as_its_voice_alone(planner: SpeechPlanner, voices: OnDemandVoices) -> None:
    text, style = "你好。再见。", Style(speed=1.2, volume=0.5)
    alone = speak(voices.synthesizer("demo"), text, style)
    together = spoken(planner.plan(script(text, style=style)))
    np.testing.assert_array_equal(together, samples_of(alone))


def test_a_name_is_a_speaker_of_the_own_voice_then_a_voice_then_a_voice_with_its_speaker(
    planner: SpeechPlanner,
) -> None:
    names = ["demo", "kind", "anna", "demo/demo", "other/demo", None]
    parts = script(*(("你好。", name) for name in names))
    assert who(planner.plan(parts, voice="kind")) == [
        ("demo", "demo"),
        ("kind", "anna"),
        ("kind", "anna"),
        ("demo", "demo"),
        ("other", "demo"),
        ("kind", "anna"),
    ]
    assert who(planner.plan(script(("你好。", "demo")), voice="other")) == [("other", "demo")]


def test_parts_follow_one_another_at_the_distance_of_sentences(planner: SpeechPlanner, voices: OnDemandVoices) -> None:
    plan = planner.plan(script("你好。", ("再见。", "kind"), "走吧。"))
    single = [spoken(planner.plan(script(text))) for text in ("你好。", "再见。", "走吧。")]
    silence = np.zeros(round(0.28 * 16000), np.float32)
    expected = np.concatenate([single[0], silence, single[1], silence, single[2]])
    np.testing.assert_allclose(spoken(plan), expected, atol=1e-6)


def test_each_part_is_computed_by_its_own_voice(
    planner: SpeechPlanner, monkeypatch: pytest.MonkeyPatch, decoder_steps: list[str]
) -> None:
    parts = script("你好。", ("再见。", "kind"), ("走吧。", "other/demo"))
    spoken(planner.plan(parts))
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
def test_an_unknown_name_is_refused_with_those_that_exist(name: str, listed: str, planner: SpeechPlanner) -> None:
    with pytest.raises(UnknownNameError) as caught:
        planner.plan(script("你好。", ("再见。", name)))
    assert str(caught.value) == f"unknown voice {name!r}; valid: {listed}"
    assert caught.value.code == "unknown_voice"


def test_a_broken_voice_is_refused_with_its_reason(planner: SpeechPlanner) -> None:
    with pytest.raises(VoiceError, match=r"vocoder\.onnx is damaged"):
        planner.plan(script("你好。", ("再见。", "cracked")))


def test_voices_of_different_rates_are_refused_with_the_voices_that_fit(planner: SpeechPlanner) -> None:
    with pytest.raises(RequestError, match="'demo' speaks at 16000 Hz and voice 'fast' at 24000 Hz") as caught:
        planner.plan(script("你好。", ("再见。", "fast")))
    assert str(caught.value).endswith("Voices of 16000 Hz: cracked, demo, kind, other")


def test_the_rate_is_that_of_the_voices_that_speak(planner: SpeechPlanner) -> None:
    assert planner.plan(script(("你好。", "fast"))).rate == 24000


def test_an_emotion_that_one_of_the_voices_lacks_is_refused(planner: SpeechPlanner) -> None:
    with pytest.raises(UnknownNameError, match="unknown emotion 'silly'"):
        planner.plan(script("你好。", ("再见。", "kind")), emotion="silly")


def test_a_part_without_anything_to_speak_is_passed_over(planner: SpeechPlanner) -> None:
    blank = planner.plan(script(" \n", "你好。", ("……", "kind")))
    np.testing.assert_array_equal(spoken(blank), spoken(planner.plan(script("你好。"))))


def test_parts_without_anything_to_speak_at_all_are_refused_before_anything_sounds(planner: SpeechPlanner) -> None:
    with pytest.raises(RequestError, match="nothing to speak"):
        planner.plan(script(" ", ("……", "kind"))).speak()


def test_closing_a_plan_stops_the_decoder(planner: SpeechPlanner, decoder_steps: list[str]) -> None:
    stream = planner.plan(script("今天天气很好。" * 3, ("再见。", "kind"))).speak()
    next(stream)
    before = len(decoder_steps)
    stream.close()
    assert list(stream) == []
    assert len(decoder_steps) == before


def test_synthesizers_are_opened_once(voices: OnDemandVoices) -> None:
    assert isinstance(voices.synthesizer(), Synthesizer)
    assert voices.synthesizer("demo") is voices.synthesizer()
