"""The label of generated speech over HTTP: in the file, with its number in a header."""

import io
import json

import av
import pytest

from server.audio.audible_label import rhythm_sign
from tests.http.test_speech import expected_pcm
from tests.http.test_speech_events import audio_of, events_of

PATH = "/v1/audio/speech"
LABEL = {"enabled": True, "producer": "某某科技"}
HEADER = "X-AIGC-Produce-ID"


def label_in(data: bytes) -> dict[str, str] | None:
    """The label in the metadata of a file, as FFmpeg reads it."""
    with av.open(io.BytesIO(data)) as container:
        tags = container.metadata | container.streams[0].metadata
    return json.loads(tags["AIGC"]) if "AIGC" in tags else None


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac", "webm"])
async def test_every_answer_has_its_own_label(serving, name):
    async with serving(label=LABEL) as client:
        answers = [await client.post(PATH, json={"input": "你好", "response_format": name}) for _ in range(2)]
        labels = [label_in(await answer.read()) for answer in answers]
    for answer, label in zip(answers, labels, strict=True):
        assert label["Label"] == "1"
        assert label["ContentProducer"] == "某某科技"
        assert label["ProduceID"] == answer.headers[HEADER]
    assert answers[0].headers[HEADER] != answers[1].headers[HEADER]


async def test_events_have_the_label(serving):
    async with serving(label=LABEL) as client:
        answer = await client.post(PATH, json={"input": "你好", "stream_format": "sse"})
        audio = audio_of(events_of(await answer.read()))
    assert label_in(audio)["ProduceID"] == answer.headers[HEADER]


async def test_with_a_seed_the_number_follows_from_the_request(serving):
    async with serving(label=LABEL) as client:
        same = [await client.post(PATH, json={"input": "你好", "seed": 1}) for _ in range(2)]
        other = await client.post(PATH, json={"input": "再见", "seed": 1})
        assert await same[0].read() == await same[1].read()
    assert same[0].headers[HEADER] == same[1].headers[HEADER] != other.headers[HEADER]


async def test_the_parts_of_a_file_have_one_label(serving):
    async with serving(label=LABEL) as client:
        ranges = ("bytes=0-99", "bytes=100-")
        answers = [await client.get(f"{PATH}?input=a", headers={"Range": one}) for one in ranges]
        file = b"".join([await answer.read() for answer in answers])
    assert {answer.headers[HEADER] for answer in answers} == {label_in(file)["ProduceID"]}


@pytest.mark.parametrize("position", ["start", "end"])
async def test_a_listener_hears_the_rhythm_sign(serving, demo, position):
    sign = len(rhythm_sign(16000).samples)
    async with serving(label={**LABEL, "audible": "rhythm", "position": position}) as client:
        answer = await client.post(PATH, json={"input": "你好", "response_format": "pcm"})
        pcm = await answer.read()
        part = await client.get(f"{PATH}?input=你好&response_format=pcm", headers={"Range": "bytes=-100000"})
        assert await part.read() == pcm
    speech = expected_pcm(demo, "你好")
    assert len(pcm) > len(speech) + 2 * sign
    assert pcm.endswith(speech) if position == "start" else pcm.startswith(speech)


async def test_without_labels_there_is_none(serving):
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好"})
        assert label_in(await answer.read()) is None
    assert HEADER not in answer.headers
