"""Everything that can be wrong with a request: a 4xx in OpenAI's shape that says what to do, and the server goes on."""

import gzip
import io
import json
import threading

import pytest

PATH = "/v1/audio/speech"
JSON = {"Content-Type": "application/json"}


async def refused(client, status: int, *, method: str = "POST", path: str = PATH, **request) -> dict:
    """The error, once it has the agreed shape and the next good request was served."""
    answer = await client.request(method, path, **request)
    body = await answer.json()
    assert answer.status == status, body
    assert answer.content_type == "application/json"
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert body["error"]["type"] == ("invalid_request_error" if status < 500 else "server_error")
    assert "Traceback" not in body["error"]["message"]

    good = await client.post(PATH, json={"input": "你好", "response_format": "pcm"})
    assert good.status == 200
    assert len(await good.read()) == 2 * 160 * 2
    return body["error"]


@pytest.mark.parametrize("text", ["", " \n\t", "　"])
async def test_an_empty_text(serving, text):
    async with serving() as client:
        error = await refused(client, 400, json={"input": text})
    assert (error["param"], error["code"]) == ("input", "empty_input")


@pytest.mark.parametrize("text", ["😀🎉", "……", "！"])
async def test_a_text_with_nothing_to_speak(serving, text):
    async with serving() as client:
        error = await refused(client, 400, json={"input": text})
    assert (error["param"], error["code"]) == ("input", "nothing_to_speak")


@pytest.mark.parametrize("length", [10_001, 100_000])
async def test_a_text_longer_than_allowed(serving, length):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "字" * length})
    assert (error["param"], error["code"]) == ("input", "input_too_long")
    assert str(length) in error["message"]
    assert "10000" in error["message"]


async def test_the_longest_text_allowed_is_spoken_however_json_writes_it(serving):
    body = json.dumps({"input": "𠮷" * 100_000, "response_format": "pcm"}).encode("ascii")
    assert len(body) > 12 * 100_000
    async with serving(max_characters=100_000) as client:
        answer = await client.post(PATH, data=io.BytesIO(body), headers=JSON)
        assert answer.status == 200
        answer.close()


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85"])
async def test_control_characters(serving, character):
    async with serving() as client:
        error = await refused(client, 400, json={"input": f"你{character}好"})
    assert error["param"] == "input"
    assert f"U+{ord(character):04X}" in error["message"]


async def test_line_breaks_and_tabs_are_no_control_characters(serving):
    async with serving() as client:
        assert (await client.post(PATH, json={"input": "你\r\n\t好"})).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"input": "\\ud800"}',
        b'{"input": "\\udc00\\ud800"}',
        b'{"input": "\xed\xa0\x80"}',
        b'{"input": "\xff\xfe"}',
        '{"input": "你好"}'.encode("gb18030"),
        b'{"input": "hello"',
        b"{'input': 'hello'}",
        b"input=hello",
        b"",
        b'{"input": "hello"} {}',
        b'{"input": ' + b"[" * 100_000,
    ],
)  # fmt: skip
async def test_a_body_that_is_no_json_or_no_unicode(serving, body):
    async with serving() as client:
        error = await refused(client, 400, data=body, headers=JSON)
    assert error["code"] == "invalid_json"


@pytest.mark.parametrize("body", ["[]", '"hello"', "null", "3", "true"])
async def test_json_that_is_no_object(serving, body):
    async with serving() as client:
        error = await refused(client, 400, data=body, headers=JSON)
    assert "must be a JSON object" in error["message"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("speed", "0", "at least 0.25, not 0"),
        ("speed", "4.01", "at most 4, not 4.01"),
        ("speed", "NaN", "a finite number"),
        ("speed", "Infinity", "a finite number"),
        ("speed", "1e999", "a finite number"),
        ("speed", '"fast"', "a number, not 'fast'"),
        ("speed", '"1.0"', "a number, not '1.0'"),
        ("speed", "true", "a number, not True"),
        ("speed", "null", "a number, not None"),
        ("speed", "[1]", "a number, not [1]"),
        ("pitch", "12.5", "at most 12"),
        ("pitch", "-12.5", "at least -12"),
        ("energy", "21", "at most"),
        ("volume", "-0.1", "at least 0"),
        ("volume", "5", "at most 4"),
        ("input", "null", "must be text"),
        ("input", "3", "must be text"),
        ("input", '["a"]', "must be text"),
        ("voice", "3", "must be text"),
        ("voice", '""', "text of at least one character"),
        ("emotion", '""', "text of at least one character"),
        ("voice", '{"name": "demo"}', "must be text"),
        ("voice", '{"id": 3}', "must be text"),
        ("stream_format", '"sse"', "must be one of 'audio'"),
        ("response_format", "3", "must be text"),
    ],
)
async def test_a_field_of_the_wrong_kind_or_size(serving, field, value, said):
    fields = {"input": '"你好"', field: value}
    body = "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items()) + "}"
    async with serving() as client:
        error = await refused(client, 400, data=body.encode(), headers=JSON)
    assert error["param"] == field
    assert said in error["message"]


@pytest.mark.parametrize(
    ("field", "valid"),
    [
        ("voice", "demo, second"),
        ("speaker", "F7, M7"),
        ("emotion", "neutral, happy"),
        ("response_format", "wav, pcm"),
    ],
)
async def test_an_unknown_name_is_answered_with_the_valid_ones(serving, field, valid):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "你好", field: "nobody"})
    assert (error["param"], error["code"]) == (field, f"unknown_{field}")
    assert "'nobody'" in error["message"]
    assert valid in error["message"]


async def test_a_long_name_is_not_repeated_in_full(serving):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "你好", "voice": "x" * 100_000})
    assert len(error["message"]) < 300


async def test_an_unknown_field_is_answered_with_the_valid_ones(serving):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "你好", "sped": 1})
    assert (error["param"], error["code"]) == ("sped", "unknown_field")
    assert "speed" in error["message"]


async def test_a_missing_text(serving):
    async with serving() as client:
        error = await refused(client, 400, json={"voice": "demo"})
    assert (error["param"], error["code"], error["message"]) == ("input", "missing_field", "input is missing")


async def test_a_broken_voice_is_answered_with_its_reason(serving):
    async with serving() as client:
        error = await refused(client, 503, json={"input": "你好", "voice": "cracked"})
    assert (error["param"], error["code"]) == ("voice", "broken_voice")
    assert "decoder.onnx is damaged" in error["message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_content_type_other_than_json(serving, kind):
    async with serving() as client:
        error = await refused(client, 415, data=b'{"input": "hello"}', headers={"Content-Type": kind})
    assert "application/json" in error["message"]


async def test_a_body_without_a_content_type(serving):
    async with serving() as client:
        await refused(client, 415, data=b'{"input": "hello"}', skip_auto_headers=["Content-Type"])


async def test_an_unknown_charset_does_no_harm(serving):
    async with serving() as client:
        headers = {"Content-Type": "application/json; charset=klingon"}
        assert (await client.post(PATH, data='{"input": "你好"}'.encode(), headers=headers)).status == 200


async def test_a_body_that_is_too_large(serving):
    async with serving() as client:
        error = await refused(client, 413, data=io.BytesIO(b" " * 2_000_000), headers=JSON)
    assert "exceeded" in error["message"]


async def test_a_small_body_that_unpacks_to_a_large_one(serving):
    async with serving() as client:
        packed = gzip.compress(b'{"input": "' + b"a" * 20_000_000 + b'"}')
        await refused(client, 413, data=packed, headers=JSON | {"Content-Encoding": "gzip"})


async def test_a_body_that_is_not_packed_as_it_says(serving):
    async with serving() as client:
        await refused(client, 400, data=b'{"input": "hello"}', headers=JSON | {"Content-Encoding": "gzip"})


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("DELETE", PATH), ("POST", "/health"), ("PUT", "/")])
async def test_a_wrong_method(serving, method, path):
    async with serving() as client:
        answer = await client.request(method, path)
        assert "POST" in answer.headers["Allow"] or "GET" in answer.headers["Allow"]
        error = await refused(client, 405, method=method, path=path)
    assert error["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/v1/audio", "/favicon.ico", "/../config.yaml", "/web/index.html", "/你好"])
async def test_an_unknown_path(serving, path):
    async with serving() as client:
        error = await refused(client, 404, method="GET", path=path)
    assert error["code"] == "not_found"


async def test_headers_that_are_too_long(serving):
    async with serving() as client:
        answer = await client.get("/health", headers={"X-Long": "x" * 20_000})
        assert answer.status == 400
        assert (await client.get("/health")).status == 200


async def test_a_stream_too_many_is_told_when_to_come_back_before_it_opens(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving(max_streams=1) as client:
        running = await client.post(PATH, json={"input": "字" * 100, "response_format": "pcm"})
        refused = await client.post(PATH, json={"input": "你好", "voice": "second"})
        error = (await refused.json())["error"]
        load = (await (await client.get("/health")).json())["load"]
        demo.permits.release(1000)
        assert len(await running.read()) == 100 * 320
        assert (await client.post(PATH, json={"input": "你好", "voice": "second"})).status == 200
    assert (refused.status, error["type"], error["code"]) == (429, "rate_limit_error", "too_many_streams")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (load["streams"], load["capacity"]) == (1, 1)
