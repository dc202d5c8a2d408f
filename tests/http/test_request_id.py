"""Every response carries an id, which is that of the client if it is sane."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.operations.request_id import _SANE_ID

PATH = "/v1/audio/speech"
NEW = re.compile(r"[0-9a-f]{32}")
SANE = (
    "f058ebd6-02f7-4d3f-942e-904344e8cde5", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a", "x" * 128,
    "Root=1-67891233-abcdef012345678912345678", "dGhpcyBpcyBiYXNlNjQ+/w==", "user@host:7/42_b",
)  # fmt: skip
HOSTILE = (
    "", " ", "x" * 129, "a b", "a\tb", 'a"b', "a'b", "a\\b", "a{b}", "a,b", "a;b", "a%0d%0aSet-Cookie: x", "<script>",
    "\x1b[31mred", "é", "你好", "\u202eabc", "a\x7f", "$(reboot)", "`x`", "a|b", "a&b",
)  # fmt: skip


@pytest.mark.parametrize("sane", SANE)
async def test_a_sane_id_of_the_client_is_taken_over(serving, sane):
    async with serving() as client:
        answer = await client.get("/health", headers={"X-Request-Id": sane})
    assert answer.headers.getall("X-Request-Id") == [sane]


def raw_header(value: str) -> bytes:
    return b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: " + value.encode() + b"\r\n\r\n"


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_another_id_is_replaced(serving, hostile):
    async with serving() as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(raw_header(hostile))
        answer = (await reader.read()).partition(b"\r\n\r\n")[0].decode()
        writer.close()
    if re.match(r"HTTP/1.\d 400", answer):  # the header itself is not valid
        assert "\x1b" not in answer
        return
    assert NEW.fullmatch(re.search(r"X-Request-Id: (.*)", answer)[1].strip()), answer


async def test_two_ids_are_none(serving):
    async with serving() as client:
        answer = await client.get("/health", headers=[("X-Request-Id", "a"), ("X-Request-Id", "b")])
    assert NEW.fullmatch(answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, 200),
        ("GET", "/page/main.js", None, 200),
        ("GET", "/absent", None, 404),
        ("DELETE", "/health", None, 405),
        ("POST", PATH, {"input": ""}, 400),
        ("POST", PATH, {"input": "你好"}, 200),
        ("POST", PATH, {"input": "你好", "stream_format": "sse"}, 200),
        ("GET", f"{PATH}?input=a&voice=cracked", None, 503),
        ("HEAD", f"{PATH}?input=a", None, 200),
    ],
)
async def test_every_kind_of_response_carries_the_id(serving, method, path, body, status):
    async with serving() as client:
        answer = await client.request(method, path, json=body, headers={"X-Request-Id": "id-1"})
        await answer.read()
    assert (answer.status, answer.headers["X-Request-Id"]) == (status, "id-1")


async def test_a_failure_that_nobody_expected_carries_the_id(serving, demo):
    demo.fails_after = (0, ZeroDivisionError("a mistake"))
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好"})
    assert answer.status == 500
    assert NEW.fullmatch(answer.headers["X-Request-Id"])


async def test_the_handshake_of_a_websocket_carries_the_id(serving):
    async with serving() as client:
        websocket = await client.ws_connect("/api-ws/v1/inference", headers={"X-Request-Id": "id-2"})
        headers = websocket._response.headers
        await websocket.close()
    assert headers["X-Request-Id"] == "id-2"


async def test_two_requests_have_different_ids(serving):
    async with serving() as client:
        ids = [(await client.get("/health")).headers["X-Request-Id"] for _ in range(3)]
    assert len(set(ids)) == 3


@given(st.text())
def test_a_sane_id_has_only_visible_ascii(text):
    if _SANE_ID.fullmatch(text):
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set(" \"'\\<>{};,|&$`%")
