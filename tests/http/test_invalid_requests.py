"""Invalid requests: an error response in OpenAI's format with a remedy, after which the server still works."""

import gzip
import io
import json
import threading

import pytest

PATH = "/v1/audio/speech"
JSON = {"Content-Type": "application/json"}


async def refused(client, status: int, *, method: str = "POST", path: str = PATH, **request) -> dict:
    """Returns the error, after checking its format and that the next valid request succeeds."""
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
async def test_an_empty_text_is_refused(serving, text):
    async with serving() as client:
        error = await refused(client, 400, json={"input": text})
    assert (error["param"], error["code"]) == ("input", "empty_input")


@pytest.mark.parametrize("text", ["😀🎉", "……", "！"])
async def test_a_text_with_nothing_to_speak_is_refused(serving, text):
    async with serving() as client:
        error = await refused(client, 400, json={"input": text})
    assert (error["param"], error["code"]) == ("input", "nothing_to_speak")


@pytest.mark.parametrize("length", [10_001, 100_000])
async def test_a_text_above_the_limit_is_refused(serving, length):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "字" * length})
    assert (error["param"], error["code"]) == ("input", "input_too_long")
    assert str(length) in error["message"]
    assert "10000" in error["message"]


async def test_a_text_at_the_limit_is_accepted_with_json_escapes_too(serving):
    body = json.dumps({"input": "𠮷" * 100_000, "response_format": "pcm"}).encode("ascii")
    assert len(body) > 12 * 100_000
    async with serving(max_characters=100_000) as client:
        answer = await client.post(PATH, data=io.BytesIO(body), headers=JSON)
        assert answer.status == 200
        answer.close()


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85"])
async def test_control_characters_are_refused(serving, character):
    async with serving() as client:
        error = await refused(client, 400, json={"input": f"你{character}好"})
    assert error["param"] == "input"
    assert f"U+{ord(character):04X}" in error["message"]


async def test_line_breaks_and_tabs_are_accepted(serving):
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
async def test_a_body_that_is_not_json_or_not_unicode_is_refused(serving, body):
    async with serving() as client:
        error = await refused(client, 400, data=body, headers=JSON)
    assert error["code"] == "invalid_json"


@pytest.mark.parametrize("body", ["[]", '"hello"', "null", "3", "true"])
async def test_json_that_is_not_an_object_is_refused(serving, body):
    async with serving() as client:
        error = await refused(client, 400, data=body, headers=JSON)
    assert "must be a JSON object" in error["message"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
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
        ("pitch_range", "-0.1", "at least 0"),
        ("pitch_range", "3.1", "at most 3"),
        ("pauses", "0.2", "at least 0.25"),
        ("pauses", "4.5", "at most 4"),
        ("input", "null", "must be text"),
        ("input", "3", "must be text"),
        ("input", '["a"]', "must be text"),
        ("voice", "3", "must be text"),
        ("voice", '""', "text of at least one character"),
        ("emotion", '""', "text of at least one character"),
        ("voice", '{"name": "demo"}', "voice.id is missing"),
        ("voice", '{"id": 3}', "must be text"),
        ("stream_format", '"xml"', "must be one of 'audio' or 'sse'"),
        ("timestamps", '"true"', "true or false, not 'true'"),
        ("seed", "-1", "at least 0"),
        ("seed", "1.5", "a whole number"),
        ("sample_rate", '"8k"', "a whole number"),
        ("lexicon", '"重庆"', "must be a mapping"),
        ("lexicon", '{"重庆": 3}', "must be text"),
        ("lexicon", '{"重庆": "chong"}', "not a Mandarin syllable"),
        ("replacements", '{"": "a"}', "1 to 50 characters"),
        ("response_format", "3", "must be text"),
    ],
)
async def test_a_field_with_an_invalid_value_is_refused(serving, field, value, message):
    fields = {"input": '"你好"', field: value}
    body = "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items()) + "}"
    async with serving() as client:
        error = await refused(client, 400, data=body.encode(), headers=JSON)
    assert error["param"] == field
    assert message in error["message"]


@pytest.mark.parametrize(
    ("field", "valid"),
    [
        ("voice", "demo, second, alloy, lena, backup, mike, ruin, VOICE/SPEAKER"),
        ("speaker", "F7, M7"),
        ("emotion", "neutral, happy"),
        ("response_format", "mp3, opus, aac, flac, wav, pcm, webm"),
    ],
)
async def test_the_error_for_an_unknown_name_lists_the_valid_ones(serving, field, valid):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "你好", field: "absent"})
    assert (error["param"], error["code"]) == (field, f"unknown_{field}")
    assert "'absent'" in error["message"]
    assert valid in error["message"]


async def test_a_long_value_is_shortened_in_the_error(serving):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "你好", "voice": "x" * 100_000})
    assert len(error["message"]) < 300


async def test_the_error_for_an_unknown_field_lists_the_valid_ones(serving):
    async with serving() as client:
        error = await refused(client, 400, json={"input": "你好", "sped": 1})
    assert (error["param"], error["code"]) == ("sped", "unknown_field")
    assert "speed" in error["message"]


async def test_a_missing_text_is_refused(serving):
    async with serving() as client:
        error = await refused(client, 400, json={"voice": "demo"})
    assert (error["param"], error["code"], error["message"]) == ("input", "missing_field", "input is missing")


async def test_the_error_for_a_broken_voice_has_the_reason(serving):
    async with serving() as client:
        error = await refused(client, 503, json={"input": "你好", "voice": "cracked"})
    assert (error["param"], error["code"]) == ("voice", "broken_voice")
    assert "decoder.onnx is damaged" in error["message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_content_type_other_than_json_is_refused(serving, kind):
    async with serving() as client:
        error = await refused(client, 415, data=b'{"input": "hello"}', headers={"Content-Type": kind})
    assert "application/json" in error["message"]


async def test_a_body_without_a_content_type_is_refused(serving):
    async with serving() as client:
        await refused(client, 415, data=b'{"input": "hello"}', skip_auto_headers=["Content-Type"])


async def test_an_unknown_charset_is_ignored(serving):
    async with serving() as client:
        headers = {"Content-Type": "application/json; charset=klingon"}
        assert (await client.post(PATH, data='{"input": "你好"}'.encode(), headers=headers)).status == 200


async def test_a_body_that_is_too_large_is_refused(serving):
    async with serving() as client:
        error = await refused(client, 413, data=io.BytesIO(b" " * 16_000_000), headers=JSON)
    assert error["code"] == "request_entity_too_large"
    assert "exceeded" in error["message"]


async def test_a_compressed_body_that_is_too_large_is_refused(serving):
    async with serving() as client:
        compressed = gzip.compress(b'{"input": "' + b"a" * 20_000_000 + b'"}')
        await refused(client, 413, data=compressed, headers=JSON | {"Content-Encoding": "gzip"})


async def test_a_body_that_is_not_compressed_as_declared_is_refused(serving):
    async with serving() as client:
        await refused(client, 400, data=b'{"input": "hello"}', headers=JSON | {"Content-Encoding": "gzip"})


@pytest.mark.parametrize(("method", "path"), [("PUT", PATH), ("DELETE", PATH), ("POST", "/health"), ("PUT", "/")])
async def test_a_wrong_method_is_refused(serving, method, path):
    async with serving() as client:
        answer = await client.request(method, path)
        assert "POST" in answer.headers["Allow"] or "GET" in answer.headers["Allow"]
        error = await refused(client, 405, method=method, path=path)
    assert error["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/v1/audio", "/favicon.ico", "/../config.yaml", "/web/index.html", "/你好"])
async def test_an_unknown_path_is_refused(serving, path):
    async with serving() as client:
        error = await refused(client, 404, method="GET", path=path)
    assert error["code"] == "not_found"


async def test_headers_that_are_too_long_are_refused(serving):
    async with serving() as client:
        answer = await client.get("/health", headers={"X-Long": "x" * 20_000})
        assert answer.status == 400
        assert (await client.get("/health")).status == 200


async def test_a_stream_above_the_limit_is_refused_with_retry_after(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving(max_streams=1, limits={"queue_seconds": 0}) as client:
        running = await client.post(PATH, json={"input": "字" * 100, "response_format": "pcm"})
        response = await client.post(PATH, json={"input": "你好", "voice": "second"})
        error = (await response.json())["error"]
        load = (await (await client.get("/health")).json())["load"]
        demo.permits.release(1000)
        assert len(await running.read()) == 100 * 320
        assert (await client.post(PATH, json={"input": "你好", "voice": "second"})).status == 200
    assert (response.status, error["type"], error["code"]) == (429, "rate_limit_error", "too_many_streams")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert (load["streams"], load["capacity"]) == (1, 1)
