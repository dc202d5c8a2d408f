"""The log of requests, and what must never be in the log."""

import asyncio
import json
import logging
import re
from contextlib import suppress

import pytest
from aiohttp import ClientPayloadError

from server.errors import SynthesisError
from server.logs.console import ConsoleFormatter
from server.logs.json_lines import JsonLinesFormatter
from tests.keys import bearer, make_key

PATH = "/v1/audio/speech"
SECRET = "我的秘密"


class Lines(logging.Handler):
    """Keeps the lines as they would be written, formatted where and when they are logged."""

    def __init__(self) -> None:
        super().__init__()
        self.console: list[str] = []
        self.json: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.console.append(ConsoleFormatter().format(record))
        self.json.append(json.loads(JsonLinesFormatter().format(record)))


@pytest.fixture
def lines():
    handler = Lines()
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)


def entries(lines: Lines, logger: str = "aiohttp.access") -> list[dict[str, object]]:
    return [each for each in lines.json if each["logger"] == logger]


async def test_a_request_is_logged_without_its_text(serving, caplog):
    caplog.set_level(logging.INFO, "aiohttp.access")
    async with serving() as client:
        caplog.clear()
        response = await client.get(PATH, params={"input": "秘密", "response_format": "pcm"})
        await response.read()
        await client.get("/" + "x" * 5000, headers={"User-Agent": 'a "player"\t1.0'})
    first, second = (record.getMessage() for record in caplog.records if record.name == "aiohttp.access")
    pattern = r'127.0.0.1 "GET /v1/audio/speech" 200, \d+ bytes in \d+\.\d\d\d s( \(first audio after .*\))?, .+'
    assert re.fullmatch(pattern, first), first
    assert len(second) < 400
    assert "404" in second
    assert r"""'a "player"\t1.0'""" in second


async def test_the_entry_has_fields_and_the_id_of_its_response(serving, lines):
    async with serving() as client:
        response = await client.post(PATH, json={"input": "你好"}, headers={"User-Agent": "test"})
        await response.read()
        entry = entries(lines)[-1]
    assert entry["request_id"] == response.headers["X-Request-Id"]
    expected = {"address": "127.0.0.1", "method": "POST", "path": PATH, "status": 200, "user_agent": "test"}
    assert {name: entry[name] for name in expected} == expected
    assert entry["bytes"] > 0
    assert entry["seconds"] >= 0


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_probes_are_logged_in_detail_only(serving, lines, path):
    async with serving() as client:
        await client.get(path)
        await client.get("/v1/models")
    levels = {each["path"]: each["level"] for each in entries(lines)}
    assert levels == {"/ready": "DEBUG", path: "DEBUG", "/v1/models": "INFO"}


@pytest.mark.parametrize(
    "request_line", ["GET /a%0d%0aforged%1b[31m", "GET /\u202eabc", "FORGED%0a /", "GET /v1/audio/speech?input=\x01"]
)
async def test_no_request_line_gets_a_control_character_into_the_log(serving, lines, request_line):
    async with serving() as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        agent = "x\u202e\u2066\u009b31m"
        writer.write(f"{request_line} HTTP/1.1\r\nHost: a\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n".encode())
        await reader.read()
        writer.close()
    assert lines.console
    for line in lines.console:
        assert all(part.isprintable() for part in line.split("\n"))


@pytest.mark.parametrize(
    ("path", "error"), [(f"{PATH}?input={SECRET}", "InvalidURLError"), (f"{PATH}?input=a", "BadHttpMessage")]
)
async def test_a_request_that_cannot_be_read_is_logged_without_its_content(serving, lines, path, error):
    async with serving() as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Name: \x01{SECRET}\r\n\r\n".encode())
        await reader.read()
        writer.close()
    assert [(each["level"], each["message"]) for each in entries(lines, "aiohttp.server")] == [
        ("WARNING", f"a request that cannot be read: {error}")
    ]
    assert SECRET not in "".join(lines.console)
    assert repr(SECRET.encode())[2:-1] not in "".join(lines.console)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"input": SECRET}, None),
        ({"input": SECRET}, ValueError(f"no unit for {SECRET}")),
        ({"input": SECRET}, SynthesisError("the voice computed NaN")),
        ({"input": SECRET}, KeyboardInterrupt(f"a panic at {SECRET}")),
        ({"input": f"<speak>{SECRET}</p></speak>"}, None),
        ({"input": SECRET, "voice": "absent"}, None),
        ({"input": SECRET, "instructions": SECRET}, None),
        ({"input": SECRET, SECRET: 1}, None),
        ({"input": SECRET, "lexicon": {SECRET: SECRET}}, None),
    ],
)
async def test_no_text_is_in_the_log(serving, demo, lines, body, error):
    demo.fails_after = (1, error) if error else None
    async with serving() as client:
        response = await client.post(PATH, json=body)
        with suppress(ClientPayloadError):  # a stream that has begun is cut off
            await response.read()
    assert SECRET not in "".join(lines.console)
    assert entries(lines)


async def test_the_lines_of_a_worker_have_the_id_of_the_request(serving, demo, lines):
    demo.fails_after = (0, KeyboardInterrupt("a panic"))
    async with serving() as client:
        response = await client.post(PATH, json={"input": "你好"})
        assert response.status == 500
    crash = next(each for each in lines.json if "crashed" in str(each["message"]))
    assert crash["request_id"] == response.headers["X-Request-Id"]
    assert "KeyboardInterrupt" in str(crash["exception"])
    assert "a panic" not in str(crash["exception"])


async def test_each_line_of_a_request_has_the_name_of_its_key(serving, demo, lines):
    """Also those before the answer has begun."""
    secret, entry = make_key("reception")
    demo.fails_after = (0, KeyboardInterrupt("a panic"))
    async with serving(access={"keys": [entry], "trusted_proxies": ["127.0.0.1"]}) as client:
        headers = {**bearer(secret), "X-Forwarded-For": "203.0.113.7"}
        assert (await client.post(PATH, json={"input": "你好"}, headers=headers)).status == 500
    crash = next(each for each in lines.json if "crashed" in str(each["message"]))
    assert crash["client"] == "reception"
    assert entries(lines)[-1]["client"] == "reception"
    assert entries(lines)[-1]["address"] == "203.0.113.7"


async def test_texts_are_logged_if_the_configuration_asks_for_it(serving, lines):
    logging.getLogger("server.texts").disabled = False
    try:
        async with serving() as client:
            await (await client.post(PATH, json={"input": SECRET})).read()
    finally:
        logging.getLogger("server.texts").disabled = True
    assert [each["message"] for each in entries(lines, "server.texts")] == [f"text: {SECRET}"]
