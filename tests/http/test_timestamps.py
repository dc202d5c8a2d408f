"""Times over HTTP: as events before the audio, and without audio in every format. With the embedded voice."""

import base64
import json

import pytest
from aiohttp import ClientSession

from server.timestamps.formats import TIMESTAMP_FORMATS
from tests.http.test_with_a_voice import run_scenario

PATH = "/v1/audio/speech"
TEXT = "今天25℃。明天呢？"
LONG = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧，好。明天呢？"
"""Its first sentence begins before its times are known."""


def test_events_have_the_times_of_each_sentence_before_its_audio() -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        fields = {"input": TEXT, "response_format": "pcm", "stream_format": "sse", "timestamps": True}
        body = await (await session.post(f"{base}{PATH}", json=fields)).text()
        events = [json.loads(block.removeprefix("data: ")) for block in body.split("\n\n")[:-1]]
        answer = await session.post(f"{base}{PATH}/timestamps", json={"input": TEXT})
        whole = await answer.json()
        assert answer.content_type == "application/json"

        samples, sentences = 0, []
        for event in events[:-1]:
            if event["type"] == "speech.audio.timestamps":
                sentences.append(event["sentence"])
                assert round(event["sentence"]["begin"] * 16000) >= samples
            else:
                samples += len(base64.b64decode(event["audio"])) // 2
        assert sentences == whole["sentences"]
        assert samples == round(whole["duration"] * 16000)
        assert [sentence["text"] for sentence in sentences] == ["今天25℃。", "明天呢？"]
        word = sentences[0]["words"][1]
        assert (word["text"], [one["pinyin"] for one in word["syllables"]]) == ("25", ["er4", "shi2", "wu3"])

    run_scenario(scenario)


def test_a_long_first_sentence_waits_for_its_times_where_they_are_wanted() -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        fields = {"input": LONG, "response_format": "pcm", "stream_format": "sse"}
        events = {}
        for wanted in (False, True):
            body = await (await session.post(f"{base}{PATH}", json={**fields, "timestamps": wanted})).text()
            events[wanted] = [json.loads(block.removeprefix("data: ")) for block in body.split("\n\n")[:-1]]
        whole = await (await session.post(f"{base}{PATH}/timestamps", json={"input": LONG})).json()
        assert events[True][0]["type"] == "speech.audio.timestamps"
        sentences = [event["sentence"] for event in events[True] if event["type"] == "speech.audio.timestamps"]
        assert sentences == whole["sentences"]
        with_times, without = (
            [len(base64.b64decode(event["audio"])) for event in some if event["type"] == "speech.audio.delta"]
            for some in (events[True], events[False])
        )
        assert sum(with_times) == sum(without) == 2 * round(whole["duration"] * 16000)

    run_scenario(scenario)


def test_events_without_timestamps_have_none() -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        body = await (await session.post(f"{base}{PATH}", json={"input": TEXT, "stream_format": "sse"})).text()
        assert "speech.audio.done" in body
        assert "timestamps" not in body

    run_scenario(scenario)


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("json", '{"duration": '), ("srt", "1\n00:00:00,"), ("vtt", "WEBVTT"), ("textgrid", 'File type = "ooTextFile"')],
)
def test_every_format_of_times(name: str, beginning: str) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        answer = await session.post(f"{base}{PATH}/timestamps", json={"input": TEXT, "format": name, "speed": 2})
        assert (answer.status, answer.content_type) == (200, TIMESTAMP_FORMATS[name].media_type)
        assert answer.charset == "utf-8"
        assert (await answer.text()).startswith(beginning)

    run_scenario(scenario)


def test_times_compute_no_audio(decoder_steps: list[str]) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        decoder_steps.clear()
        await session.post(f"{base}{PATH}/timestamps", json={"input": TEXT})
        assert not decoder_steps

    run_scenario(scenario)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": "你好", "format": "ass"}, "format", "unknown_format"),
        ({"input": "你好", "fromat": "srt"}, "fromat", "unknown_field"),
        ({"input": "你好", "voice": "absent"}, "voice", "unknown_voice"),
        ({"input": "……"}, "input", "nothing_to_speak"),
    ],
)
def test_an_invalid_request_is_refused(fields: dict[str, str], param: str, code: str) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        answer = await session.post(f"{base}{PATH}/timestamps", json=fields)
        error = (await answer.json())["error"]
        assert (answer.status, error["param"], error["code"]) == (400, param, code)

    run_scenario(scenario)
