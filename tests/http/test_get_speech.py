"""GET and HEAD: fields in the query, ranges of whole files, and headers without computing."""

import asyncio
import json
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.audio.encoders import OutputFormat, encode_file
from server.client import LOCAL_CLIENT
from server.config import Config
from server.errors import RequestError
from server.http.speech.prepared_speech import SpeechPreparation
from server.http.speech.query import JSON_FIELDS, parse_query
from server.http.speech.request import SpeechRequest, parse_request
from server.references.reference_service import ReferenceService
from server.types import Audio, Style
from tests.conftest import samples_of

PATH = "/v1/audio/speech"


def whole_wav(demo, text: str) -> bytes:
    samples = samples_of(demo.chunk(number) for number in range(len(text)))
    return encode_file(OutputFormat("wav"), Audio(samples, demo.rate))


def wav_url(text: str = "你好") -> str:
    return f"{PATH}?{urlencode({'input': text, 'response_format': 'wav'})}"


async def test_get_streams_what_post_streams(serving, demo):
    fields = {"input": "今天 100% & more", "response_format": "pcm", "speaker": "M7", "emotion": "happy"}
    async with serving() as client:
        posted = await client.post(PATH, json={**fields, "speed": 1.5, "pitch": -2, "volume": 0.5, "seed": 7})
        expected = await posted.read()
        query = urlencode({**fields, "speed": "1.5", "pitch": "-2", "volume": "0.5", "seed": "7"})
        answer = await client.get(f"{PATH}?{query}")
        assert await answer.read() == expected
    assert answer.status == 200
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Accept-Ranges" not in answer.headers
    assert demo.requests[0] == demo.requests[1] == (fields["input"], "M7", "happy", Style(1.5, -2.0, 0.0, 0.5))


def test_every_field_that_is_not_text_is_json_in_a_query():
    text = {"input", "model", "voice", "response_format", "stream_format", "instructions", "speaker", "emotion"}
    text.add("reference")
    assert set(SpeechRequest.model_fields) == text | JSON_FIELDS
    request = parse_query('input=重庆&lexicon={"重庆":"chong2 qing4"}&timestamps=true&sample_rate=8000')
    assert (request.lexicon, request.timestamps, request.sample_rate) == ({"重庆": "chong2 qing4"}, True, 8000)


names = st.sampled_from([*SpeechRequest.model_fields, "sped"])
values = st.one_of(st.text(max_size=10), st.floats().map(str), st.integers().map(str), st.sampled_from(["true", "{}"]))


@given(st.dictionaries(names, values, max_size=4))
def test_a_query_is_validated_as_json_is(fields):
    query = urlencode({"input": "你好", **{name: text.encode("utf-8", "replace") for name, text in fields.items()}})
    try:
        request = parse_query(query)
    except RequestError:
        return
    assert parse_request(SpeechRequest, request.model_dump_json(exclude_unset=True).encode()) == request


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("", "input", "missing_field"),
        ("input=", "input", "empty_input"),
        ("input=a&input=b", "input", "invalid_value"),
        ("input=a&sped=1", "sped", "unknown_field"),
        ("input=a&speed=fast", "speed", "invalid_value"),
        ("input=a&speed=", "speed", "invalid_value"),
        ("input=a&speed=9", "speed", "invalid_value"),
        ("input=a&speed=NaN", "speed", "invalid_value"),
        ("input=a&timestamps=yes", "timestamps", "invalid_value"),
        ("input=a&timestamps=true", "timestamps", "invalid_value"),
        ("input=a&seed=1.5", "seed", "invalid_value"),
        ("input=a&seed=" + "9" * 5000, "seed", "invalid_value"),
        ("input=a&lexicon=" + "[" * 2000, "lexicon", "invalid_value"),
        ("input=a&voice=absent", "voice", "unknown_voice"),
        ("input=a%00", "input", "invalid_input"),
        ("input=%ff", None, "invalid_query"),
        ("input", None, "invalid_query"),
        ("input=a&&", None, "invalid_query"),
    ],
)
async def test_an_invalid_query_is_refused(serving, query, param, code):
    async with serving() as client:
        answer = await client.get(f"{PATH}?{query}")
        error = (await answer.json())["error"]
        assert (await client.get(wav_url())).status == 200
    assert (answer.status, error["param"], error["code"]) == (400, param, code), error["message"]


@pytest.mark.parametrize("wanted", [None, "bytes=0-", "bytes=abc", "items=1-2", "bytes=0-1,4-5", "bytes=5-2"])
async def test_a_request_for_the_beginning_is_a_stream(serving, wanted):
    """Players begin with bytes=0-; ranges that RFC 9110 allows to ignore are ignored."""
    async with serving() as client:
        answer = await client.get(wav_url(), headers={"Range": wanted} if wanted else {})
        await answer.read()
    assert answer.status == 200
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert not {"Content-Range", "Accept-Ranges", "ETag"} & answer.headers.keys()


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-1", slice(0, 2)),
        ("bytes=44-", slice(44, None)),
        ("bytes=10-99", slice(10, 100)),
        ("bytes=600-999999", slice(600, None)),
        ("bytes=-100", slice(-100, None)),
        ("bytes=-999999", slice(None)),
        ("bytes=683-683", slice(683, 684)),
    ],
)
async def test_a_range_is_a_part_of_the_whole_file(serving, demo, wanted, part):
    expected = whole_wav(demo, "你好")
    first, stop, _ = part.indices(len(expected))
    async with serving() as client:
        answer = await client.get(wav_url(), headers={"Range": wanted})
        body = await answer.read()
    assert (answer.status, body) == (206, expected[part])
    assert answer.headers["Content-Range"] == f"bytes {first}-{stop - 1}/{len(expected)}"
    assert answer.headers["Content-Length"] == str(stop - first)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "audio/wav"


async def test_a_range_outside_of_the_file_is_refused_with_its_size(serving, demo):
    size = len(whole_wav(demo, "你好"))
    async with serving() as client:
        answer = await client.get(wav_url(), headers={"Range": f"bytes={size}-"})
        error = (await answer.json())["error"]
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert error["code"] == "range_not_satisfiable"
    assert f"has {size} bytes" in error["message"]


async def test_parts_of_different_files_are_not_mixed(serving, demo):
    async with serving() as client:
        tag = (await client.get(wav_url(), headers={"Range": "bytes=0-1"})).headers["ETag"]
        same = await client.get(wav_url(), headers={"Range": "bytes=2-", "If-Range": tag})
        other = await client.get(wav_url("再见了"), headers={"Range": "bytes=2-", "If-Range": tag})
        assert (same.status, await same.read()) == (206, whole_wav(demo, "你好")[2:])
        assert (other.status, await other.read()) == (200, whole_wav(demo, "再见了"))
    assert other.headers["Content-Length"] == str(len(whole_wav(demo, "再见了")))


async def test_a_whole_file_is_repeatable_without_a_seed_too(registry):
    preparation = SpeechPreparation(
        registry, SimpleNamespace(require_ready=lambda: None), Config(), ReferenceService(Config())
    )
    for seed, expected in ((None, 0), (7, 7)):
        fields = SpeechRequest(input="你好", seed=seed)
        assert (await preparation.prepare(fields, LOCAL_CLIENT, as_file=True)).plan.seed == expected
    assert (await preparation.prepare(SpeechRequest(input="你好"), LOCAL_CLIENT)).plan.seed is None


async def test_a_failure_while_a_whole_file_is_computed_is_a_proper_error(serving, demo):
    demo.fails_after = (1, ZeroDivisionError("x"))
    async with serving() as client:
        answer = await client.get(wav_url(), headers={"Range": "bytes=1-"})
        assert (await answer.json())["error"]["code"] == "internal_error"
    assert answer.status == 500


async def test_ranges_of_events_and_of_posts_are_ignored(serving):
    async with serving() as client:
        events = await client.get(wav_url() + "&stream_format=sse", headers={"Range": "bytes=5-"})
        posted = await client.post(PATH, json={"input": "你好"}, headers={"Range": "bytes=5-"})
        assert (events.status, posted.status) == (200, 200)


@pytest.mark.parametrize(("name", "media_type"), [("mp3", "audio/mpeg"), ("pcm", "audio/pcm;rate=16000")])
async def test_head_has_the_headers_of_get_and_computes_nothing(serving, demo, name, media_type):
    url = f"{PATH}?input=%E4%BD%A0%E5%A5%BD&response_format={name}"
    async with serving() as client:
        head = await client.head(url)
        assert await head.read() == b""
        assert (await client.head(url)).status == 200  # on the same connection
        assert not demo.requests
        get = await client.get(url)
        await get.read()
        refused = await client.head(f"{PATH}?input=a&voice=absent")
    assert (head.status, head.headers["Content-Type"], "Content-Length" in head.headers) == (200, media_type, False)
    assert head.headers.keys() | {"Transfer-Encoding"} == get.headers.keys()
    assert refused.status == 400


async def test_a_url_has_room_for_a_text_of_the_maximum_length(serving):
    async with serving() as client:
        answer = await client.get(wav_url("𠮷" * 10_000))
        assert answer.status == 200
        answer.close()
        refused = await client.get(wav_url("字" * 10_001))
        assert (await refused.json())["error"]["code"] == "input_too_long"


async def test_instructions_are_followed_and_named_in_headers(serving, demo):
    async with serving() as client:
        fields = {
            "input": "你好",
            "response_format": "pcm",
            "instructions": "Speak happily, like a 海盗; slowly, gently.",
        }
        answer = await client.post(PATH, json=fields)
        await answer.read()
        asked = json.dumps({**fields, "emotion": "neutral", "speed": 1.0})
        explicit = await client.post(PATH, data=asked, headers={"Content-Type": "application/json"})
        await explicit.read()
        plain = await client.post(PATH, json={"input": "你好", "instructions": "Please read this text."})
    assert [request[1:] for request in demo.requests[:2]] == [
        ("F7", "happy", Style(speed=0.8)),
        ("F7", "neutral", Style()),
    ]
    assert answer.headers["X-Instructions-Applied"] == "emotion=happy; speed=0.8"
    assert answer.headers["X-Instructions-Ignored"] == f"like a {quote('海盗')}, gently"
    assert "X-Instructions-Applied" not in explicit.headers
    assert explicit.headers["X-Instructions-Ignored"] == f"happily, like a {quote('海盗')}, slowly, gently"
    assert not {"X-Instructions-Applied", "X-Instructions-Ignored"} & plain.headers.keys()


async def test_long_instructions_do_not_make_headers_that_clients_refuse(serving):
    instructions = "，".join(["像海盗一样"] * 500)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", "instructions": instructions})
        assert answer.status == 200
        assert len(answer.headers["X-Instructions-Ignored"]) < 2100
        assert answer.headers["X-Instructions-Ignored"].endswith(", ...")
        whole = await client.post(PATH, json={"input": "你好", "instructions": "海" * 4096})
        assert whole.headers["X-Instructions-Ignored"] == "..."


async def test_clients_that_want_parts_at_the_same_time_get_the_same_file(serving, demo):
    async with serving() as client:
        wanted = [f"bytes={first}-" for first in range(1, 9)]
        answers = await asyncio.gather(*(client.get(wav_url(), headers={"Range": one}) for one in wanted))
        assert len({answer.headers["ETag"] for answer in answers}) == 1
