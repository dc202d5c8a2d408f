"""The `openai` package, unchanged: plain, streaming and with events; synchronous and asynchronous; its errors."""

import base64
import io
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
import soundfile
from openai import AsyncOpenAI, OpenAI

from server.types import Floats
from tests.clients.conftest import TEXT, requires
from tests.clients.decoding import decoded
from tests.http.conftest import CountingSynthesizer

FORMATS = ["mp3", "opus", "aac", "flac", "wav", "pcm"]
AUDIO = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": TEXT}


@pytest.fixture
def client(server_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server_url}/v1", api_key="any") as client:
        yield client


@pytest.fixture
async def async_client(server_url: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{server_url}/v1", api_key="any") as client:
        yield client


@pytest.fixture(scope="module")
def expected(server_url: str) -> Floats:
    """The samples of `AUDIO`, without an encoder."""
    pcm = httpx2.post(f"{server_url}/v1/audio/speech", json={**AUDIO, "response_format": "pcm"}, timeout=60).content
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768


def test_the_plain_call_of_the_documentation_gives_an_mp3(client: OpenAI, expected: Floats, tmp_path: Path) -> None:
    response = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
    response.write_to_file(tmp_path / "speech.mp3")
    samples, rate = soundfile.read(tmp_path / "speech.mp3")
    assert response.response.headers["Content-Type"] == "audio/mpeg"
    assert rate == 16000
    assert abs(len(samples) - len(expected)) < 2000


@requires("ffmpeg")
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_same_speech(client: OpenAI, expected: Floats, name: Any) -> None:
    samples = decoded(client.audio.speech.create(**AUDIO, response_format=name).content, name)
    assert abs(len(samples) - len(expected)) < 2200
    assert correlation(samples, expected) > 0.9


def correlation(samples: Floats, expected: Floats) -> float:
    """At the best of the shifts by up to 1600 samples: some formats do not declare the delay of their encoder."""
    size = min(len(samples), len(expected))
    spectra = [np.fft.rfft(signal[:size], 2 * size) for signal in (samples, expected)]
    shifted = np.fft.irfft(spectra[0] * spectra[1].conj())[:1600]
    return float(shifted.max() / np.linalg.norm(samples[:size]) / np.linalg.norm(expected[:size]))


def test_a_stream_is_received_while_it_is_computed(counting_url: str, counting: CountingSynthesizer) -> None:
    counting.permits = threading.Semaphore(1)
    with (
        OpenAI(base_url=f"{counting_url}/v1", api_key="any") as client,
        client.audio.speech.with_streaming_response.create(**AUDIO, response_format="wav") as response,
    ):
        chunks = response.iter_bytes()
        received = len(next(chunks))
        assert counting.computed == 1
        counting.permits.release(100)
        received += sum(map(len, chunks))
    assert received == 44 + 2 * 16000 * len(TEXT)


def test_a_stream_is_written_to_a_file(client: OpenAI, expected: Floats, tmp_path: Path) -> None:
    with client.audio.speech.with_streaming_response.create(**AUDIO, response_format="wav") as response:
        response.stream_to_file(tmp_path / "speech.wav")
    samples, _ = soundfile.read(tmp_path / "speech.wav", dtype="float32")
    np.testing.assert_allclose(samples, expected, atol=2 / 32768)


def test_events_have_the_audio(client: OpenAI, expected: Floats) -> None:
    fields: dict[str, Any] = {**AUDIO, "response_format": "wav", "stream_format": "sse"}
    with client.audio.speech.with_streaming_response.create(**fields) as response:
        events = [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line.strip()]
    check_events(events, expected)


def test_events_are_parsed_by_the_stream_class_of_the_package(client: OpenAI, expected: Floats) -> None:
    fields = {**AUDIO, "response_format": "wav", "stream_format": "sse"}
    with client.post("/audio/speech", body=fields, cast_to=dict, stream=True, stream_cls=openai.Stream[dict]) as events:
        check_events(list(events), expected)


def check_events(events: list[dict[str, Any]], expected: Floats) -> None:
    assert [event["type"] for event in events] == ["speech.audio.delta"] * (len(events) - 1) + ["speech.audio.done"]
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    samples, _ = soundfile.read(io.BytesIO(audio), dtype="float32")
    np.testing.assert_allclose(samples, expected, atol=2 / 32768)
    usage = events[-1]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (len(TEXT), round(len(expected) / 16))


@pytest.mark.parametrize("voice", ["alloy", "onyx", "demo", "demo/female", {"id": "nova"}])
def test_voices_are_names_aliases_and_objects(client: OpenAI, voice: Any) -> None:
    answer = client.audio.speech.create(model="tts-1", voice=voice, input="你好。", response_format="wav")
    assert len(answer.content) > 10_000


def test_fields_of_our_own_are_given_as_extra_body(client: OpenAI) -> None:
    extra = {"emotion": "sad", "pitch": 2, "seed": 7, "sample_rate": 24000}
    calls = [
        client.audio.speech.create(**AUDIO, speed=1.5, response_format="wav", extra_body=extra).content
        for _ in range(2)
    ]
    assert calls[0] == calls[1]
    assert soundfile.info(io.BytesIO(calls[0])).samplerate == 24000


def test_instructions_are_answered_in_headers(client: OpenAI) -> None:
    headers = client.audio.speech.create(**AUDIO, instructions="Speak sadly, like a pirate.").response.headers
    assert headers["X-Instructions-Applied"] == "emotion=sad"
    assert headers["X-Instructions-Ignored"] == "like a pirate"


def test_models_are_listed(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    assert client.models.retrieve("tts-1").id == "tts-1"
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("gpt-5")
    assert raised.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"voice": "nobody"}, "voice", "unknown_voice"),
        ({"input": ""}, "input", "empty_input"),
        ({"speed": 100}, "speed", "invalid_value"),
        ({"response_format": "midi"}, "response_format", "unknown_response_format"),
        ({"stream_format": "xml"}, "stream_format", "invalid_value"),
        ({"extra_body": {"sample_rate": 1}}, "sample_rate", "invalid_value"),
        ({"extra_body": {"sped": 1}}, "sped", "unknown_field"),
    ],
)
def test_an_invalid_request_raises_the_error_class_with_the_field(
    client: OpenAI, fields: dict[str, Any], param: str, code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.audio.speech.create(**{**AUDIO, **fields})
    assert (raised.value.param, raised.value.code) == (param, code)


def test_a_server_that_is_busy_raises_the_rate_limit_error(counting_url: str, counting: CountingSynthesizer) -> None:
    counting.permits = threading.Semaphore(1)
    with OpenAI(base_url=f"{counting_url}/v1", api_key="any", max_retries=0, timeout=60) as client:
        with client.audio.speech.with_streaming_response.create(**AUDIO, response_format="pcm") as response:
            chunks = response.iter_bytes()  # dropping the iterator would disconnect, and so make room
            next(chunks)
            with pytest.raises(openai.RateLimitError) as raised:
                client.audio.speech.create(**AUDIO)
            counting.permits.release(100)
        assert raised.value.code == "too_many_streams"
        assert int(raised.value.response.headers["Retry-After"]) > 0


def test_a_failure_in_the_middle_is_never_a_success(counting_url: str, counting: CountingSynthesizer) -> None:
    counting.fails_after = (2, ZeroDivisionError("a test"))
    with OpenAI(base_url=f"{counting_url}/v1", api_key="any", max_retries=0, timeout=60) as client:
        with pytest.raises(openai.APIConnectionError):
            client.audio.speech.create(**AUDIO)
        with (
            client.audio.speech.with_streaming_response.create(**AUDIO) as response,
            pytest.raises(httpx2.RemoteProtocolError),
        ):
            response.read()
        events = client.post(
            "/audio/speech",
            body={**AUDIO, "stream_format": "sse"},
            cast_to=dict,
            stream=True,
            stream_cls=openai.Stream[dict],
        )
        with pytest.raises(openai.APIError) as raised:
            list(events)
        assert raised.value.code == "internal_error"


async def test_the_asynchronous_client_works_alike(async_client: AsyncOpenAI, expected: Floats) -> None:
    plain = await async_client.audio.speech.create(**AUDIO, response_format="wav")
    samples, _ = soundfile.read(io.BytesIO(plain.content), dtype="float32")
    np.testing.assert_allclose(samples, expected, atol=2 / 32768)
    async with async_client.audio.speech.with_streaming_response.create(**AUDIO, response_format="pcm") as response:
        streamed = b"".join([chunk async for chunk in response.iter_bytes()])
    assert len(streamed) == 2 * len(expected)
    fields: dict[str, Any] = {**AUDIO, "response_format": "wav", "stream_format": "sse"}
    async with async_client.audio.speech.with_streaming_response.create(**fields) as response:
        lines = [line async for line in response.iter_lines()]
    check_events([json.loads(line.removeprefix("data: ")) for line in lines if line.strip()], expected)
    with pytest.raises(openai.BadRequestError, match="unknown voice 'nobody'"):
        await async_client.audio.speech.create(**{**AUDIO, "voice": "nobody"})
