"""Valid requests: the audio, its headers, streaming during the synthesis, and failures of the synthesis."""

import asyncio
import io
import threading

import numpy as np
import pytest
import soundfile
from aiohttp import ClientPayloadError

from server.audio.encoders import OutputFormat, create_encoder
from server.errors import DeviceError, SpeechError, SynthesisError
from server.types import STYLE_LIMITS, Style

PATH = "/v1/audio/speech"


def expected_pcm(demo, text: str) -> bytes:
    return b"".join(
        create_encoder(OutputFormat("pcm"), demo.voice.rate).encode(demo.chunk(number)) for number in range(len(text))
    )


async def test_a_wav_stream_is_one_header_and_all_samples(serving, demo):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "今天天气很好", "response_format": "wav"})
        body = await answer.read()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "audio/wav"
    assert body == create_encoder(OutputFormat("wav"), 16000).header() + expected_pcm(demo, "今天天气很好")
    samples, rate = soundfile.read(io.BytesIO(body), dtype="int16")
    assert (rate, len(samples)) == (16000, 6 * 160)


async def test_a_pcm_stream_has_no_header_and_the_rate_in_its_media_type(serving, demo):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", "response_format": "pcm"})
        assert answer.headers["Content-Type"] == "audio/pcm;rate=16000"
        assert await answer.read() == expected_pcm(demo, "你好")


async def test_a_stream_is_chunked_and_must_not_be_buffered_by_proxies(serving):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好"})
        await answer.read()
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in answer.headers
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_audio_arrives_before_the_rest_is_computed(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "一二三四五六七八九十", "response_format": "pcm"})
        first = await answer.content.readexactly(320)
        assert demo.computed == 1
        demo.permits.release(9)
        assert first + await answer.read() == expected_pcm(demo, "一二三四五六七八九十")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("F7", "neutral", Style())),
        ({"speaker": "M7", "emotion": "happy"}, ("M7", "happy", Style())),
        ({"speaker": None, "emotion": None}, ("F7", "neutral", Style())),
        ({"speed": 2, "pitch": -3.5, "energy": 6, "volume": 0}, ("F7", "neutral", Style(2.0, -3.5, 6.0, 0.0))),
        (
            {name: low for name, (low, _) in STYLE_LIMITS.items()},
            ("F7", "neutral", Style(**{name: low for name, (low, _) in STYLE_LIMITS.items()})),
        ),
        (
            {name: high for name, (_, high) in STYLE_LIMITS.items()},
            ("F7", "neutral", Style(**{name: high for name, (_, high) in STYLE_LIMITS.items()})),
        ),
        ({"model": "tts-1", "stream_format": "audio"}, ("F7", "neutral", Style())),
    ],
)
async def test_every_field_reaches_the_synthesis(serving, demo, fields, expected):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", **fields})
        await answer.read()
    assert answer.status == 200
    assert demo.requests == [("你好", *expected)]


@pytest.mark.parametrize("voice", ["second", {"id": "second"}])
async def test_a_voice_is_a_name_or_an_object_with_an_id(serving, registry, voice):
    async with serving() as client:
        await (await client.post(PATH, json={"input": "你好", "voice": voice})).read()
    assert (len(registry.voices["second"].requests), len(registry.voices["demo"].requests)) == (1, 0)


@pytest.mark.parametrize(
    ("voice", "expected"),
    [
        ("alloy", ("demo", "F7")),  # the default voice has no speaker `female`
        ("lena", ("demo", "M7")),
        ("backup", ("second", "F7")),
        ("mike", ("second", "M7")),
        ("second/M7", ("second", "M7")),
        ({"id": "mike"}, ("second", "M7")),
    ],
)
async def test_a_voice_is_an_alias_or_has_its_speaker(serving, registry, voice, expected):
    name, speaker = expected
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", "voice": voice})
        await answer.read()
    assert answer.status == 200
    assert [request[1] for request in registry.voices[name].requests] == [speaker]


@pytest.mark.parametrize(
    "error", [SynthesisError("NaN in the mel"), DeviceError("no provider"), ZeroDivisionError("x")]
)
async def test_a_failure_before_the_first_chunk_is_a_500_and_not_a_truncated_200(serving, demo, error):
    demo.fails_after = (0, error)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好"})
        body = (await answer.json())["error"]
        assert (answer.status, body["type"]) == (500, "server_error")
        demo.fails_after = None
        assert (await client.post(PATH, json={"input": "你好"})).status == 200


async def test_an_unexpected_failure_is_logged_with_its_traceback_and_not_sent(serving, demo, caplog):
    demo.fails_after = (0, ZeroDivisionError("an internal secret"))
    async with serving() as client:
        body = await (await client.post(PATH, json={"input": "你好"})).text()
    assert "secret" not in body
    assert "Traceback" not in body
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


@pytest.mark.parametrize("error", [SynthesisError("NaN in the mel"), ZeroDivisionError("x")])
async def test_a_failure_in_the_middle_closes_the_connection_and_is_logged_once(serving, demo, caplog, error):
    demo.fails_after = (2, error)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "一二三四", "response_format": "pcm"})
        assert answer.status == 200
        with pytest.raises(ClientPayloadError):
            await answer.read()
        logged = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
        # What an unexpected error says may be the text of the client.
        told = str(error) if isinstance(error, SpeechError) else type(error).__name__
        assert logged == [f"a stream was cut off: {told}"]
        demo.fails_after = None
        assert (await client.post(PATH, json={"input": "你好"})).status == 200


async def test_a_stream_without_audio_is_an_error(serving, demo):
    demo.samples_per_chunk = 0
    async with serving() as client:
        assert (await client.post(PATH, json={"input": "你好"})).status == 500


async def test_concurrent_clients_get_their_own_audio(serving, registry):
    voices = list(registry.voices.values())
    async with serving() as client:

        async def request(number: int) -> tuple[bytes, bytes]:
            text, voice = "字" * (5 + number), voices[number % 2]
            fields = {"input": text, "voice": voice.voice.name, "response_format": "pcm"}
            return await (await client.post(PATH, json=fields)).read(), expected_pcm(voice, text)

        for received, expected in await asyncio.gather(*map(request, range(12))):
            assert received == expected


async def http_1_0_answer(client, text: str) -> tuple[bytes, bytes]:
    """The head and the body of an answer whose end is that of its connection."""
    body = f'{{"input": "{text}", "response_format": "pcm"}}'.encode()
    reader, writer = await asyncio.open_connection(client.host, client.port)
    head = f"POST {PATH} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        head, _, audio = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.transport.abort()
    return head, audio


async def test_an_http_1_0_client_gets_an_unchunked_stream(serving, demo):
    async with serving() as client:
        head, audio = await http_1_0_answer(client, "你好")
    assert head.startswith(b"HTTP/1.0 200")
    assert b"chunked" not in head
    np.testing.assert_array_equal(np.frombuffer(audio, "<i2"), np.frombuffer(expected_pcm(demo, "你好"), "<i2"))


async def test_a_failure_in_the_middle_resets_the_connection_of_an_http_1_0_client(serving, demo):
    demo.fails_after = (2, SynthesisError("NaN in the mel"))
    async with serving() as client:
        with pytest.raises(ConnectionResetError):
            await http_1_0_answer(client, "今天天气")
