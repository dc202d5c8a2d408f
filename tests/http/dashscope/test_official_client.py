"""The official Python client, unchanged, against a running server with the embedded voice."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import Request, urlopen

import dashscope
import numpy as np
import pytest
from dashscope.audio import tts

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from server.types import Audio, Floats
from tests.audio.conftest import decode, resampled
from tests.conftest import EMBEDDED
from tests.http.dashscope.server_thread import serving_in_thread

TEXT = "今天天气很好。明天也不错！"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("models")
    (models / "demo").symlink_to(EMBEDDED)
    config = Config.model_validate({"models": {"path": str(models)}, "runtime": {"providers": ["cpu"], "threads": 1}})
    with serving_in_thread(VoiceRegistry(config), config) as address:
        yield address


@pytest.fixture(autouse=True)
def client(address, monkeypatch) -> None:
    monkeypatch.setattr(dashscope, "base_websocket_api_url", f"ws://{address}/api-ws/v1/inference")
    monkeypatch.setattr(dashscope, "api_key", "any")


@pytest.fixture
def speech(address) -> Callable[..., Floats]:
    """The samples of POST /v1/audio/speech, with a seed, so that both have the same noise."""

    def request(text: str, **fields: Any) -> Floats:
        body = {"input": text, "voice": "demo", "response_format": "pcm", "seed": 1, **fields}
        head = {"Content-Type": "application/json"}
        with urlopen(Request(f"http://{address}/v1/audio/speech", json.dumps(body).encode(), head)) as answer:
            return samples_of(answer.read())

    return request


def samples_of(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32767


def assert_same_speech(data: bytes, name: str, rate: int, expected: Floats) -> None:
    """Compares the audio of a client with samples of 16 kHz."""
    audio = Audio(samples_of(data), rate) if name == "pcm" else decode(data)
    samples = resampled(audio.samples, audio.rate, 16000) if audio.rate != 16000 else audio.samples
    assert abs(len(samples) - len(expected)) <= 1152 * 16000 / audio.rate + 1
    shared = min(len(samples), len(expected))
    assert np.corrcoef(samples[:shared], expected[:shared])[0, 1] > (0.99 if name in ("pcm", "wav") else 0.95)


class SambertCallback(tts.ResultCallback):
    """Keeps what it is called with."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.audio = b""
        self.sentences: list[dict[str, Any]] = []
        self.error: Any = None

    def on_open(self) -> None:
        self.calls.append("open")

    def on_complete(self) -> None:
        self.calls.append("complete")

    def on_error(self, response: Any) -> None:
        self.calls.append("error")
        self.error = response

    def on_close(self) -> None:
        self.calls.append("close")

    def on_event(self, result: tts.SpeechSynthesisResult) -> None:
        self.audio += result.get_audio_frame() or b""
        if result.get_timestamp():
            self.sentences.append(result.get_timestamp())


class TestSambert:
    """`dashscope.audio.tts`: the whole text in one message."""

    @pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
    @pytest.mark.parametrize("name", ["wav", "pcm", "mp3"])
    def test_formats_and_rates(self, speech, name, rate):
        result = tts.SpeechSynthesizer.call(model="sambert-demo-v1", text=TEXT, format=name, sample_rate=rate, seed=1)
        assert result.get_response()["status_code"] == 200
        assert result.get_response()["usage"] == {"characters": 24}
        assert result.get_timestamps() == []
        assert_same_speech(result.get_audio_data(), name, rate, speech(TEXT))

    def test_the_default_is_wav_at_16_khz(self):
        data = tts.SpeechSynthesizer.call(model="sambert-demo-v1", text="好。").get_audio_data()
        assert (data[:4], decode(data).rate) == (b"RIFF", 16000)

    def test_volume_rate_and_pitch(self, speech):
        data = tts.SpeechSynthesizer.call(
            model="sambert-demo-v1", text=TEXT, format="pcm", volume=100, rate=1.5, pitch=0.8, seed=1
        ).get_audio_data()
        expected = speech(TEXT, volume=2, speed=1.5, pitch=12 * np.log2(0.8))
        np.testing.assert_array_equal(samples_of(data), expected)

    def test_times_and_a_callback(self):
        callback = SambertCallback()
        result = tts.SpeechSynthesizer.call(
            model="sambert-demo-v1",
            text="今天好。明天25℃。",
            callback=callback,
            format="pcm",
            word_timestamp_enabled=True,
            phoneme_timestamp_enabled=True,
        )
        assert callback.calls == ["open", "complete", "close"]
        assert callback.audio == result.get_audio_data()
        assert callback.sentences == result.get_timestamps()
        first, second = callback.sentences
        assert [word["text"] for word in first["words"]] == ["今", "天", "好"]
        assert [word["text"] for word in second["words"]] == ["明", "天", "25", "℃"]
        assert first["words"][0]["phonemes"][0]["text"] == "j_c"
        assert first["end_time"] <= second["begin_time"]
        assert second["end_time"] == round(len(callback.audio) / 32)

    def test_ssml(self, speech):
        text = "<speak>今天<break time='500ms'/>很好</speak>"
        data = tts.SpeechSynthesizer.call(
            model="sambert-demo-v1", text=text, format="pcm", text_type="SSML", seed=1
        ).get_audio_data()
        np.testing.assert_array_equal(samples_of(data), speech(text))

    @pytest.mark.parametrize(
        ("model", "text", "code"),
        [("sambert-nobody-v1", TEXT, "ModelNotFound"), ("sambert-demo-v1", "字" * 20000, "InvalidParameter")],
    )
    def test_errors(self, model, text, code):
        callback = SambertCallback()
        result = tts.SpeechSynthesizer.call(model=model, text=text, callback=callback)
        assert callback.calls == ["open", "error", "close"]
        assert (result.get_audio_data(), result.get_response()["code"]) == (None, code)
        assert callback.error["message"]

    def test_a_text_without_anything_to_speak(self):
        result = tts.SpeechSynthesizer.call(model="sambert-demo-v1", text="……")
        assert result.get_response()["code"] == "InvalidParameter"
