"""Speech like a recording, in this process and by `python -m server speak`."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.api import AsyncTextToSpeech, Reference, RequestError, TextToSpeech
from server.audio.encoders import OutputFormat, encode_file
from server.cli import main
from server.references import reference_cache
from server.synthesis.reference import expression
from server.synthesis.reference.expression import Expression
from server.types import Audio, Floats, Style
from tests.api.conftest import MODELS, settings
from tests.conftest import samples_of

TEXT = "你好。"
SETTINGS = Style(speed=1.3, pitch=1.5, pauses=0.5)
SUMMARY = "emotion=happy; confidence=0.75; speed=1.3; pitch=1.5; pauses=0.5"


@pytest.fixture(scope="module")
def wav(tts: TextToSpeech) -> bytes:
    samples = samples_of(tts.speak("今天天气很好，我们去公园散步。"))
    return encode_file(OutputFormat("wav"), Audio(samples, tts.voice.rate))


@pytest.fixture(autouse=True)
def strengths(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was asked of `express`, which says happy."""
    asked: list[float] = []

    def happy(analysis: object, voice: object, speaker: str, strength: float, emotion: str | None = None) -> Expression:
        asked.append(strength)
        return Expression(emotion or "happy", 0.75, SETTINGS, {}, ())

    monkeypatch.setattr(expression, "express", happy)
    return asked


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the files that were decoded."""
    sizes: list[int] = []
    decode = reference_cache.decode

    def counted(data: bytes, *more: Any) -> object:
        sizes.append(len(data))
        return decode(data, *more)

    monkeypatch.setattr(reference_cache, "decode", counted)
    return sizes


def spoken(tts: TextToSpeech, **arguments: Any) -> Floats:
    return samples_of(tts.speak(TEXT, seed=1, **arguments))


def test_a_path_the_bytes_and_an_opened_one_are_the_same(
    tts: TextToSpeech, wav: bytes, tmp_path: Path, decoded: Sequence[int]
) -> None:
    path = tmp_path / "me.wav"
    path.write_bytes(wav)
    expected = spoken(tts, emotion="happy", speed=1.3, pitch=1.5, pauses=0.5)
    sources = [path, str(path), wav, Reference.open(path)]
    for source in sources:
        np.testing.assert_array_equal(spoken(tts, reference=source), expected)
    assert len(decoded) == 2, "the object is opened by itself, all others share the recording"


def test_a_strength_of_0_changes_nothing(tts: TextToSpeech, wav: bytes, strengths: Sequence[float]) -> None:
    np.testing.assert_array_equal(spoken(tts, reference=wav, reference_strength=0), spoken(tts))
    assert not strengths


def test_what_is_taken_over_is_said(tts: TextToSpeech, wav: bytes, caplog: pytest.LogCaptureFixture) -> None:
    applied = tts.reference_settings(reference=wav, reference_strength=0.5)
    assert (applied.summary, applied.style) == (SUMMARY, SETTINGS)
    assert applied.ignored[0].startswith("timbre: voice 'demo'")
    with caplog.at_level(logging.WARNING):
        spoken(tts, reference=wav, reference_use=("emotion",))
        assert not caplog.messages
        spoken(tts, reference=wav)
    assert caplog.messages[0].startswith("not taken over of the reference: timbre: voice 'demo'")


def test_a_text_in_pieces_takes_one_too(tts: TextToSpeech, wav: bytes) -> None:
    pieces = samples_of(tts.speak(iter(["你", "好。"]), seed=1, reference=wav))
    np.testing.assert_array_equal(pieces, spoken(tts, reference=wav))


async def test_so_does_the_asynchronous_class(tts: TextToSpeech, wav: bytes) -> None:
    async with AsyncTextToSpeech("demo", config=settings()) as other:
        chunks = [chunk async for chunk in other.speak(TEXT, seed=1, reference=wav)]
        assert (await other.reference_settings(reference=wav)).summary == SUMMARY
    np.testing.assert_array_equal(samples_of(chunks), spoken(tts, reference=wav))


@pytest.mark.parametrize(
    ("arguments", "param", "message"),
    [
        ({"reference": 5}, "reference", "a path, the bytes of a file, or an opened Reference, not 5"),
        ({"reference": "no-such-file.wav"}, "reference", "no-such-file.wav cannot be read"),
        ({"reference": b"no sound"}, "reference", "the file "),
        ({"reference_strength": 0.5}, "reference_strength", "send reference too"),
        ({"delivery": True}, "delivery", "give a reference too"),
        ({"reference": b"", "reference_strength": 1.5}, "reference_strength", "at most 1"),
        ({"reference": b"", "reference_use": ["smell"]}, "reference_use", "one of 'timbre', 'emotion'"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_said(tts: TextToSpeech, arguments: Any, param: str, message: str) -> None:
    with pytest.raises(RequestError) as raised:
        tts.speak(TEXT, **arguments)
    assert (raised.value.param, message in str(raised.value)) == (param, True), raised.value


def test_settings_without_a_reference_are_an_error(tts: TextToSpeech) -> None:
    with pytest.raises(RequestError, match="reference is missing"):
        tts.reference_settings(voice="demo")


def test_the_command_takes_a_file(
    wav: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], strengths: Sequence[float]
) -> None:
    path, output = tmp_path / "me.wav", tmp_path / "out.wav"
    path.write_bytes(wav)
    like = ["--reference", str(path), "--reference-strength", "0.5"]
    assert main(["speak", TEXT, *like, "-o", str(output), "--models", str(MODELS)]) == 0
    assert capsys.readouterr().err.startswith(f"{path}: {SUMMARY}")
    assert output.stat().st_size > 1000
    assert set(strengths) == {0.5}


@pytest.mark.parametrize("option", [["--delivery"], ["--transcript", "x"], ["--reference-strength", "0"]])
def test_options_of_a_reference_need_one(option: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speak", TEXT, *option]) == 1
    assert "belong to --reference FILE" in capsys.readouterr().err
