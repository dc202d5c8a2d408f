"""The official Python client, unchanged, against a running server with the embedded voice."""

import gc
import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import Request, urlopen

import av
import dashscope
import numpy as np
import pytest
from dashscope.audio import tts, tts_v2
from dashscope.audio.tts_v2.speech_synthesizer import HotFix
from dashscope.common.error import RequestFailure
from websocket import WebSocketConnectionClosedException

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from server.types import Audio, Floats
from tests.audio.conftest import decode, resampled
from tests.clients.conftest import logged, serve
from tests.conftest import EMBEDDED

# The client leaves the socket of a connection that the server has closed to the garbage collector, which therefore runs
# after each test, where these filters apply.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]

PCM = tts_v2.AudioFormat.PCM_16000HZ_MONO_16BIT
TEXT = "今天天气很好。明天也不错！"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("models")
    (models / "demo").symlink_to(EMBEDDED)
    config = Config.model_validate(
        {
            "models": {"path": str(models)},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "synthesis": {"early_clause": False},
            "label": {"producer": "某公司"},
            "storage": {"path": tmp_path_factory.mktemp("data")},
        }
    )
    with serve(VoiceRegistry(config), config) as url:
        yield url
    gc.collect()


@pytest.fixture(autouse=True)
def client(url: str, ending_websockets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "base_websocket_api_url", f"{url.replace('http', 'ws')}/api-ws/v1/inference")
    monkeypatch.setattr(dashscope, "api_key", "any")


@pytest.fixture
def speech(url: str) -> Callable[..., Floats]:
    """The samples of POST /v1/audio/speech, with a seed, so that both have the same noise."""

    def request(text: str, **fields: Any) -> Floats:
        body = {"input": text, "voice": "demo", "response_format": "pcm", "seed": 1, **fields}
        head = {"Content-Type": "application/json"}
        with urlopen(Request(f"{url}/v1/audio/speech", json.dumps(body).encode(), head)) as answer:
            return samples_of(answer.read())

    return request


def samples_of(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32767


def assert_same_speech(data: bytes, name: str, rate: int, expected: Floats, correlation: float = 0.95) -> None:
    """Compares the audio of a client with samples of 16 kHz."""
    audio = Audio(samples_of(data), rate) if name == "pcm" else decode(data)
    samples = resampled(audio.samples, audio.rate, 16000) if audio.rate != 16000 else audio.samples
    if rate < 16000:  # the expected speech without what such a rate cannot have
        expected = resampled(resampled(expected, 16000, rate), rate, 16000)
    padding = 1152 + 576 if name == "mp3" else 1152  # LAME fills a frame, and adds one if less than half was left
    assert abs(len(samples) - len(expected)) <= padding * 16000 / audio.rate + 1
    shared = min(len(samples), len(expected))
    assert np.corrcoef(samples[:shared], expected[:shared])[0, 1] > (0.99 if name in ("pcm", "wav") else correlation)


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


class CosyVoiceCallback(tts_v2.ResultCallback):
    """Keeps what it is called with."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.audio: list[bytes] = []
        self.events: list[dict[str, Any]] = []
        self.error: dict[str, Any] = {}
        self.got_audio = threading.Event()
        self.sentence_ended = threading.Event()
        self.closed = threading.Event()

    def on_open(self) -> None:
        self.calls.append("open")

    def on_complete(self) -> None:
        self.calls.append("complete")

    def on_error(self, message: str) -> None:
        self.calls.append("error")
        self.error = json.loads(message)["header"]

    def on_close(self) -> None:
        self.calls.append("close")
        self.closed.set()

    def on_event(self, message: str) -> None:
        self.events.append(json.loads(message)["payload"])
        if self.events[-1]["output"]["type"] == "sentence-end":
            self.sentence_ended.set()

    def on_data(self, data: bytes) -> None:
        self.audio.append(data)
        self.got_audio.set()


def synthesizer(**options: Any) -> tts_v2.SpeechSynthesizer:
    defaults = {"model": "cosyvoice-v2", "voice": "demo", "format": PCM, "seed": 1}
    return tts_v2.SpeechSynthesizer(**{**defaults, **options})


class TestCosyVoice:
    """`dashscope.audio.tts_v2`: the text in pieces."""

    @pytest.mark.parametrize("audio_format", tts_v2.AudioFormat)
    def test_every_format_and_rate(self, speech, audio_format):
        data = synthesizer(format=audio_format).call("今天很好。")
        name, rate = (audio_format.format, audio_format.sample_rate) if audio_format.sample_rate else ("mp3", 22050)
        assert name == "pcm" or decode(data).rate == (48000 if name == "opus" else rate)
        correlation = 0.7 if name == "opus" and audio_format.bit_rate <= rate / 500 else 0.95
        assert_same_speech(data, name, rate, speech("今天很好。"), correlation)

    @pytest.mark.parametrize("size", [1, 3, 1000])
    def test_text_in_pieces_with_a_callback(self, speech, size):
        callback = CosyVoiceCallback()
        one = synthesizer(callback=callback)
        for start in range(0, len(TEXT), size):
            one.streaming_call(TEXT[start : start + size])
        one.streaming_complete()
        assert callback.closed.wait(60)  # the client calls back while its caller goes on
        assert callback.calls == ["open", "complete", "close"]
        np.testing.assert_array_equal(samples_of(b"".join(callback.audio)), speech(TEXT))
        assert one.get_response()["payload"]["usage"] == {"characters": 24}

    def test_every_binary_frame_follows_its_event(self):
        callback = CosyVoiceCallback()
        synthesizer(callback=callback).call(TEXT)
        assert callback.closed.wait(60)
        kinds = [event["output"]["type"] for event in callback.events]
        assert kinds.count("sentence-synthesis") == len(callback.audio)
        assert [kind for kind in kinds if kind != "sentence-synthesis"] == ["sentence-begin", "sentence-end"] * 2
        ends = [event for event in callback.events if event["output"]["type"] == "sentence-end"]
        assert [end["output"]["original_text"] for end in ends] == ["今天天气很好。", "明天也不错！"]
        assert [end["output"]["sentence"] for end in ends] == [{"index": 0, "words": []}, {"index": 1, "words": []}]
        assert [end["usage"]["characters"] for end in ends] == [13, 24]

    def test_the_text_is_completed_asynchronously(self):
        callback = CosyVoiceCallback()
        one = synthesizer(callback=callback)
        one.streaming_call(TEXT)
        one.async_streaming_complete()
        assert callback.closed.wait(60)
        assert callback.calls == ["open", "complete", "close"]

    def test_a_flush_is_heard_before_the_text_is_complete(self):
        callback = CosyVoiceCallback()
        one = synthesizer(callback=callback)
        one.streaming_call("今天很")
        one.streaming_flush()
        assert callback.got_audio.wait(60)
        one.streaming_call("好")
        one.streaming_complete()
        assert callback.closed.wait(60)  # the client calls back while its caller goes on
        assert callback.calls == ["open", "complete", "close"]

    def test_the_end_of_a_sentence_is_told_while_no_more_text_comes(self, speech):
        callback = CosyVoiceCallback()
        one = synthesizer(callback=callback)
        one.streaming_call("今天很好。")
        one.streaming_flush()
        assert callback.sentence_ended.wait(60)
        np.testing.assert_array_equal(samples_of(b"".join(callback.audio)), speech("今天很好。"))
        one.streaming_call("明天")
        one.streaming_complete()
        types = [event["output"]["type"] for event in callback.events]
        assert [kind for kind in types if kind != "sentence-synthesis"] == ["sentence-begin", "sentence-end"] * 2
        assert [event["output"]["sentence"]["index"] for event in callback.events][-1] == 1

    def test_a_cancelled_task_ends_at_once(self):
        callback = CosyVoiceCallback()
        one = synthesizer(callback=callback)
        one.streaming_call("今天天气很好，" * 500)
        one.streaming_flush()
        assert callback.got_audio.wait(60)
        one.streaming_cancel()
        assert callback.closed.wait(60)
        assert callback.calls == ["open", "complete", "close"]
        assert len(b"".join(callback.audio)) < 32000 * 300
        assert one.get_response()["header"]["event"] == "task-finished"

    def test_times(self):
        one = synthesizer(additional_params={"word_timestamp_enabled": True})
        data = one.call("今天好。明天25℃。")
        words = one.get_response()["payload"]["output"]["sentence"]["words"]
        assert [word["text"] for word in words] == ["今", "天", "好", "明", "天", "25", "℃"]
        assert [word["begin_index"] for word in words] == [0, 1, 2, 4, 5, 6, 8]
        assert words[-1]["end_time"] <= len(data) / 32

    def test_ssml_volume_rate_and_pitch(self, speech):
        text = "<speak>今天<break time='500ms'/>很好</speak>"
        data = synthesizer(volume=25, speech_rate=0.8, pitch_rate=1.2).call(text)
        expected = speech(text, volume=0.5, speed=0.8, pitch=12 * np.log2(1.2))
        np.testing.assert_array_equal(samples_of(data), expected)

    def test_readings_and_replacements(self, speech):
        hot_fix = HotFix(pronunciation=[{"草地": "cao3 de5"}], replace=[{"SQL": "数据"}, {"好": "不错"}])
        data = synthesizer(hot_fix=hot_fix).call("草地的SQL好")
        expected = speech("草地的SQL好", lexicon={"草地": "cao3 de5"}, replacements={"SQL": "数据", "好": "不错"})
        np.testing.assert_array_equal(samples_of(data), expected)

    def test_an_instruction(self, speech):
        one = synthesizer(instruction="开心地说，用四川话", callback=CosyVoiceCallback())
        one.streaming_call("今天")
        warnings = one.get_response()["header"]["attributes"]["warnings"]
        one.streaming_complete()
        assert warnings == ["parameters.instruction: '用四川话' was not understood"]
        data = synthesizer(instruction="请非常开心地说一句话。").call("今天")
        assert len(samples_of(data)) == len(speech("今天", emotion="happy"))

    def test_markdown(self, speech):
        data = synthesizer(additional_params={"enable_markdown_filter": True}).call("**今天**很[好](https://a.cn)")
        np.testing.assert_array_equal(samples_of(data), speech("今天很好"))

    def test_a_label(self):
        asked = {"enable_aigc_tag": True, "aigc_propagator": "某平台", "aigc_propagate_id": "7"}
        data = synthesizer(format=tts_v2.AudioFormat.OGG_OPUS_24KHZ_MONO_32KBPS, additional_params=asked).call("今天")
        with av.open(io.BytesIO(data)) as container:
            metadata = {**container.metadata, **container.streams.audio[0].metadata}
        label = json.loads(metadata["AIGC"])
        assert (label["ContentProducer"], label["ContentPropagator"], label["PropagateID"]) == ("某公司", "某平台", "7")

    @pytest.mark.parametrize(
        ("options", "text", "code"),
        [
            ({"voice": "nobody"}, TEXT, "InvalidParameter"),
            ({"voice": None, "model": "nobody"}, TEXT, "ModelNotFound"),
            ({"volume": 101}, TEXT, "InvalidParameter"),
            ({}, "字" * 20000, "InvalidParameter"),
            ({}, "<speak>好</spea>", "InvalidParameter"),
        ],
    )
    def test_errors(self, options, text, code, caplog):
        """The client raises what it has received, or that the connection is closed where it still wanted to send."""
        with pytest.raises((RequestFailure, ConnectionError, WebSocketConnectionClosedException)) as failure:
            synthesizer(**options).call(text)
        assert getattr(failure.value, "name", code) == code
        logged(caplog, f'"error_code": "{code}"')

    def test_an_error_with_a_callback(self):
        callback = CosyVoiceCallback()
        one = synthesizer(callback=callback)
        one.streaming_call("今天[pause:1h]")
        assert callback.closed.wait(60)
        assert callback.calls == ["open", "error", "close"]
        assert callback.error["error_code"] == "InvalidParameter"
        assert "line 1, column 3" in callback.error["error_message"]

    def test_tasks_of_a_pool_follow_each_other_on_its_connections(self, speech):
        pool = tts_v2.SpeechSynthesizerObjectPool(max_size=1)
        try:
            for text in ("今天", "明天", "后天"):
                callback = CosyVoiceCallback()
                one = pool.borrow_synthesizer("cosyvoice-v2", "demo", format=PCM, seed=1, callback=callback)
                connection = one.ws
                one.streaming_call(text)
                one.streaming_complete()
                assert one.ws is connection
                np.testing.assert_array_equal(samples_of(b"".join(callback.audio)), speech(text))
                pool.return_synthesizer(one)
        finally:
            one.close()
            pool.shutdown()
