"""Server-sent events: the audio in base64, the usage, and a failure in the middle."""

import asyncio
import base64
import json
import threading

import numpy as np
import pytest
from aiohttp import ClientPayloadError, ClientResponse

from server.errors import SynthesisError
from server.types import Audio, SentenceTiming

PATH = "/v1/audio/speech"
SSE = {"response_format": "pcm", "stream_format": "sse"}


def events_of(body: bytes) -> list[dict[str, object]]:
    """Parses a stream of `data: JSON` events."""
    blocks = body.decode().split("\n\n")
    assert blocks.pop() == ""
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def audio_of(events: list[dict[str, object]]) -> bytes:
    parts = [event["audio"] for event in events if event["type"] == "speech.audio.delta"]
    return b"".join(base64.b64decode(part, validate=True) for part in parts)


async def received_until_cut(answer: ClientResponse) -> bytes:
    received = b""
    try:
        async for data in answer.content.iter_any():
            received += data
    except ClientPayloadError:
        return received
    raise AssertionError("the stream has a clean end")


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac", "wav", "pcm", "webm"])
async def test_the_events_have_the_audio_of_the_stream_and_its_usage(serving, name):
    fields = {"input": "今天天气😀", "response_format": name}
    async with serving() as client:
        audio = await (await client.post(PATH, json=fields)).read()
        answer = await client.post(PATH, json={**fields, "stream_format": "sse"})
        events = events_of(await answer.read())
    assert (answer.content_type, answer.headers["Cache-Control"]) == ("text/event-stream", "no-cache")
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert audio_of(events) == audio
    assert events[-1] == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 5, "output_tokens": 50, "total_tokens": 55},
    }


async def test_events_arrive_while_the_rest_is_computed(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "一二三", **SSE})
        first = await answer.content.readuntil(b"\n\n")
        assert len(audio_of(events_of(first))) == 320
        assert demo.computed == 1
        demo.permits.release(2)
        rest = events_of(await answer.read())
    assert [event["type"] for event in rest] == ["speech.audio.delta", "speech.audio.delta", "speech.audio.done"]


async def test_the_times_of_a_sentence_without_audio_are_sent(serving, demo, monkeypatch):
    sentence = SentenceTiming("一", 0, 1, 0, 0, demo.rate, ())
    with_times = Audio(np.zeros(0, np.float32), demo.rate, sentence)
    chunks = {0: with_times, 1: demo.chunk(1)}
    monkeypatch.setattr(demo, "chunk", chunks.__getitem__)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "一二", "timestamps": True, **SSE})
        events = events_of(await answer.read())
    assert [event["type"].rpartition(".")[2] for event in events] == ["timestamps", "delta", "done"]
    assert len(audio_of(events)) == 320


async def test_get_sends_events_too(serving):
    async with serving() as client:
        answer = await client.get(f"{PATH}?input=a&stream_format=sse")
        assert events_of(await answer.read())[-1]["type"] == "speech.audio.done"


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (SynthesisError("NaN in the mel"), "NaN in the mel", "synthesis_failed"),
        (ZeroDivisionError("an internal secret"), "an internal error occurred", "internal_error"),
    ],
)
async def test_a_failure_in_the_middle_is_an_error_event_and_a_cut_connection(serving, demo, error, message, code):
    demo.fails_after = (2, error)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "一二三四", **SSE})
        assert answer.status == 200
        *deltas, last = events_of(await received_until_cut(answer))
        assert len(audio_of(deltas)) == 2 * 320
        assert last["type"] == "error"
        assert last["error"]["message"].startswith(message)
        assert (last["error"]["code"], last["error"]["type"]) == (code, "server_error")
        assert last["error"].keys() == {"message", "type", "param", "code"}
        demo.fails_after = None
        assert (await client.post(PATH, json={"input": "你好"})).status == 200


async def test_a_server_that_stops_says_so_in_an_event(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "一二三四", **SSE})
        reading = asyncio.ensure_future(received_until_cut(answer))
        stopping = asyncio.ensure_future(client.server.close())
        received = await reading  # before the worker goes on, else the stream may end first
        demo.permits.release(10)
        await stopping
        assert events_of(received)[-1]["error"]["code"] == "shutting_down"


async def test_a_failure_before_the_first_audio_is_a_proper_error(serving, demo):
    demo.fails_after = (0, SynthesisError("NaN in the mel"))
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", **SSE})
        assert (answer.status, (await answer.json())["error"]["code"]) == (500, "synthesis_failed")
        refused = await client.post(PATH, json={"input": "你好", "voice": "absent", **SSE})
        assert (refused.status, (await refused.json())["error"]["code"]) == (400, "unknown_voice")


async def test_times_without_events_are_refused(serving):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", "timestamps": True})
        error = (await answer.json())["error"]
    assert (answer.status, error["param"]) == (400, "timestamps")
    assert "/v1/audio/speech/timestamps" in error["message"]
