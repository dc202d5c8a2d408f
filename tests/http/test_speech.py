"""What a client gets for a good request: the right bytes, the right headers, while they are being computed."""

import asyncio
import io
import threading

import numpy as np
import pytest
import soundfile
from aiohttp import ClientPayloadError

from server.audio.encoders import create_encoder
from server.errors import DeviceError, SynthesisError
from server.types import STYLE_LIMITS, Style

PATH = "/v1/audio/speech"


def whole(demo, text: str) -> bytes:
    return b"".join(create_encoder("pcm", demo.voice.rate).encode(demo.chunk(number)) for number in range(len(text)))


async def test_a_wav_stream_is_one_header_and_all_samples(serving, demo):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "今天天气很好"})
        body = await answer.read()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "audio/wav"
    assert body == create_encoder("wav", 16000).header() + whole(demo, "今天天气很好")
    samples, rate = soundfile.read(io.BytesIO(body), dtype="int16")
    assert (rate, len(samples)) == (16000, 6 * 160)


async def test_a_pcm_stream_is_the_samples_alone_and_says_its_rate(serving, demo):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", "response_format": "pcm"})
        assert answer.headers["Content-Type"] == "audio/pcm;rate=16000"
        assert await answer.read() == whole(demo, "你好")


async def test_a_stream_is_chunked_and_nothing_on_its_way_may_hold_it_back(serving):
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
        assert first + await answer.read() == whole(demo, "一二三四五六七八九十")


@pytest.mark.parametrize(
    ("fields", "heard"),
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
        ({"model": "tts-1", "instructions": "gently", "stream_format": "audio"}, ("F7", "neutral", Style())),
    ],
)
async def test_every_field_reaches_the_synthesis(serving, demo, fields, heard):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", **fields})
        await answer.read()
    assert answer.status == 200
    assert demo.requests == [("你好", *heard)]


@pytest.mark.parametrize("voice", ["second", {"id": "second"}])
async def test_a_voice_is_named_by_text_or_by_id(serving, registry, voice):
    async with serving() as client:
        await (await client.post(PATH, json={"input": "你好", "voice": voice})).read()
    assert (len(registry.voices["second"].requests), len(registry.voices["demo"].requests)) == (1, 0)


@pytest.mark.parametrize(
    "error", [SynthesisError("NaN in the mel"), DeviceError("no provider"), ZeroDivisionError("x")]
)
async def test_a_failure_before_the_first_chunk_is_a_500_and_no_shortened_200(serving, demo, error):
    demo.fails_after = (0, error)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好"})
        said = (await answer.json())["error"]
        assert (answer.status, said["type"]) == (500, "server_error")
        demo.fails_after = None
        assert (await client.post(PATH, json={"input": "你好"})).status == 200


async def test_an_unexpected_failure_is_logged_with_its_traceback_which_the_client_does_not_see(serving, demo, caplog):
    demo.fails_after = (0, ZeroDivisionError("a secret of the inside"))
    async with serving() as client:
        body = await (await client.post(PATH, json={"input": "你好"})).text()
    assert "secret" not in body
    assert "Traceback" not in body
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


@pytest.mark.parametrize("error", [SynthesisError("NaN in the mel"), ZeroDivisionError("x")])
async def test_a_failure_half_way_cuts_the_connection_and_is_logged_once(serving, demo, caplog, error):
    demo.fails_after = (2, error)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "一二三四", "response_format": "pcm"})
        assert answer.status == 200
        with pytest.raises(ClientPayloadError):
            await answer.read()
        logged = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
        assert logged == [f"a stream was cut off: {error}"]
        demo.fails_after = None
        assert (await client.post(PATH, json={"input": "你好"})).status == 200


async def test_silence_instead_of_chunks_is_an_error(serving, demo):
    demo.samples_per_chunk = 0
    async with serving() as client:
        assert (await client.post(PATH, json={"input": "你好"})).status == 500


async def test_many_listeners_each_get_their_own_words(serving, registry):
    voices = list(registry.voices.values())
    async with serving() as client:

        async def listen(number: int) -> tuple[bytes, bytes]:
            text, voice = "字" * (5 + number), voices[number % 2]
            fields = {"input": text, "voice": voice.voice.name, "response_format": "pcm"}
            return await (await client.post(PATH, json=fields)).read(), whole(voice, text)

        for heard, expected in await asyncio.gather(*map(listen, range(12))):
            assert heard == expected


async def test_a_client_that_speaks_http_1_0_gets_a_plain_stream(serving, demo):
    body = '{"input": "你好", "response_format": "pcm"}'.encode()
    async with serving() as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        head = f"POST {PATH} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        head, _, audio = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    assert head.startswith(b"HTTP/1.0 200")
    assert b"chunked" not in head
    np.testing.assert_array_equal(np.frombuffer(audio, "<i2"), np.frombuffer(whole(demo, "你好"), "<i2"))
