"""A text in several voices: the order in which names are resolved, errors before any audio, and one stream."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from server.config import Config, ModelsSection, RuntimeSection
from server.errors import RequestError, UnknownNameError, VoiceError
from server.synthesis.options import SpeechOptions
from server.synthesis.registry import OnDemandVoices
from server.synthesis.speech_plan import SpeechPlan, SpeechPlanner
from server.synthesis.synthesizer import Synthesizer
from server.text.markup.script import Script, SpeakingStyle
from server.types import DEFAULT_STYLE, Style
from server.voices.aliases import OPENAI_ALIASES
from tests.conftest import EMBEDDED, samples_of, speak

VALID_NAMES = f"demo, cracked, fast, kind, other, {', '.join(OPENAI_ALIASES)}, VOICE/SPEAKER"


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
    """Returns a script of several parts, each with its voice."""
    pairs = [(part, None) if isinstance(part, str) else part for part in parts]
    text = "".join(part for part, _ in pairs)
    styles = [SpeakingStyle(style, voice) for part, voice in pairs for _ in part]
    return Script(text, range(len(text)), range(1, len(text) + 1), styles)


def synthesized(plan: SpeechPlan) -> np.ndarray:
    return samples_of(plan.speak())


def speakers_of(plan: SpeechPlan) -> list[tuple[str, str]]:
    return [(segment.synthesizer.voice.name, segment.speaker) for segment in plan.segments]


def test_a_plain_text_is_synthesized_by_its_voice(planner: SpeechPlanner, voices: OnDemandVoices) -> None:
    text, style = "你好。再见。", Style(speed=1.2, volume=0.5)
    expected = speak(voices.synthesizer("demo"), text, style)
    audio = synthesized(planner.plan(script(text, style=style)))
    np.testing.assert_allclose(audio, samples_of(expected), atol=1e-6)  # chunk sizes depend on timing


def test_a_name_is_a_speaker_of_the_main_voice_or_a_voice_or_a_voice_with_its_speaker(
    planner: SpeechPlanner,
) -> None:
    names = ["demo", "kind", "anna", "demo/demo", "other/demo", None]
    parts = script(*(("你好。", name) for name in names))
    assert speakers_of(planner.plan(parts, SpeechOptions(voice="kind"))) == [
        ("demo", "demo"),
        ("kind", "anna"),
        ("kind", "anna"),
        ("demo", "demo"),
        ("other", "demo"),
        ("kind", "anna"),
    ]
    assert speakers_of(planner.plan(script(("你好。", "demo")), SpeechOptions(voice="other"))) == [("other", "demo")]


def test_the_silence_between_parts_is_that_between_sentences(planner: SpeechPlanner) -> None:
    plan = planner.plan(script("你好。", ("再见。", "kind"), "走吧。"))
    single = [synthesized(planner.plan(script(text))) for text in ("你好。", "再见。", "走吧。")]
    silence = np.zeros(round(0.28 * 16000), np.float32)
    expected = np.concatenate([single[0], silence, single[1], silence, single[2]])
    np.testing.assert_allclose(synthesized(plan), expected, atol=1e-6)


def test_each_part_is_computed_by_its_own_voice(planner: SpeechPlanner, decoder_steps: list[str]) -> None:
    parts = script("你好。", ("再见。", "kind"), ("走吧。", "other/demo"))
    synthesized(planner.plan(parts))
    assert list(dict.fromkeys(decoder_steps)) == ["demo", "kind", "other"]


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("absent", VALID_NAMES),
        ("", VALID_NAMES),
        ("absent/anna", VALID_NAMES),
        ("../demo", VALID_NAMES),
        ("kind/absent", "kind/anna"),
        ("kind/", "kind/anna"),
    ],
)
def test_the_error_for_an_unknown_name_lists_the_valid_ones(name: str, listed: str, planner: SpeechPlanner) -> None:
    with pytest.raises(UnknownNameError) as caught:
        planner.plan(script("你好。", ("再见。", name)))
    assert str(caught.value) == f"unknown voice {name!r}; valid: {listed}"
    assert caught.value.code == "unknown_voice"


def test_the_error_for_a_broken_voice_has_the_reason(planner: SpeechPlanner) -> None:
    with pytest.raises(VoiceError, match=r"vocoder\.onnx is damaged"):
        planner.plan(script("你好。", ("再见。", "cracked")))


def test_the_error_for_voices_of_different_rates_lists_the_valid_ones(planner: SpeechPlanner) -> None:
    with pytest.raises(RequestError, match="'demo' speaks at 16000 Hz and voice 'fast' at 24000 Hz") as caught:
        planner.plan(script("你好。", ("再见。", "fast")))
    assert str(caught.value).endswith("Voices of 16000 Hz: cracked, demo, kind, other")


def test_the_rate_is_that_of_the_voices_in_use(planner: SpeechPlanner) -> None:
    assert planner.plan(script(("你好。", "fast"))).rate == 24000


def test_an_emotion_that_one_of_the_voices_lacks_is_an_error(planner: SpeechPlanner) -> None:
    with pytest.raises(UnknownNameError, match="unknown emotion 'silly'"):
        planner.plan(script("你好。", ("再见。", "kind")), SpeechOptions(emotion="silly"))


def test_a_part_with_nothing_to_speak_is_skipped(planner: SpeechPlanner) -> None:
    blank = planner.plan(script(" \n", "你好。", ("……", "kind")))
    np.testing.assert_allclose(synthesized(blank), synthesized(planner.plan(script("你好。"))), atol=1e-6)


def test_a_text_whose_parts_all_have_nothing_to_speak_is_an_error_before_any_audio(planner: SpeechPlanner) -> None:
    with pytest.raises(RequestError, match="nothing to speak"):
        next(planner.plan(script(" ", ("……", "kind"))).speak())


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
