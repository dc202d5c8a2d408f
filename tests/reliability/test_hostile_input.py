"""What clients may send to a real server: it answers with an error, and goes on."""

import asyncio
import json
import socket
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

PATH = "/v1/audio/speech"
TRICKS = (
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "demo/../../../etc",
    "demo\u0000.wav",
    "~root",
    "$(touch owned)",
    "a\r\nX-Injected: yes",
    "\u202egpj.exe",
    "con",
    ".",
    "..",
    "a" * 5000,
)
"""Names that mean something else to a file system, a shell, a log or a header."""


def entries(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.name != "log"}


def raw(server, data: bytes) -> bytes:
    """What the server answers to these bytes, up to the end of the connection."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        try:
            connection.sendall(data)
            while received := connection.recv(65536):
                answer += received
        except (ConnectionResetError, BrokenPipeError):  # it was closed while data was on its way
            pass
    return answer


async def test_a_thousand_clients_that_disconnect_leave_nothing_behind(server):
    body = json.dumps({"input": "今天天气很好。" * 20, "response_format": "pcm", "seed": 1}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    whole = head.encode() + body
    gate = asyncio.Semaphore(50)

    async def disconnect(number: int) -> None:
        async with gate:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(whole[: len(whole) * (number % 10 + 1) // 10])  # a tenth sends all of it
            await writer.drain()
            writer.transport.abort()

    await asyncio.gather(*map(disconnect, range(1000)))
    async with aiohttp.ClientSession(server.url) as session:
        async with session.post(PATH, json={"input": "你好。", "response_format": "pcm"}) as answer:
            assert answer.status == 200
            assert await answer.read()
        while True:
            metrics = await (await session.get("/metrics")).text()
            values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
            names = "sambert_connections", "sambert_streams", "sambert_streams_waiting"
            connections, streams, waiting = (float(values[name]) for name in names)
            if (connections, streams, waiting) == (1, 0, 0):  # the one that asks
                break
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "headers",
    ["".join(f"X-{number}: {number}\r\n" for number in range(100_000)), "X-Long: " + "a" * 2_000_000 + "\r\n"],
    ids=["many", "long"],
)
def test_a_flood_of_headers_is_refused(server, headers):
    answer = raw(server, f"GET /health HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n".encode())
    assert not answer or answer.split()[1] in (b"400", b"431"), answer[:200]
    assert server.status("/health") == 200


def test_headers_that_never_end_are_ended(start):
    server = start(limits={"header_seconds": 2.0}).when_ready()
    flood = b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 50
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(flood)
        answer = connection.recv(65536)
    assert answer.split()[1] == b"408"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"input": "字" * 10_000_000}, ensure_ascii=False).encode()[:10_000_000],
        json.dumps({"input": "你好", "lexicon": {str(number): "a" for number in range(60_000)}}).encode(),
        b'{"input": "a", "voice": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"input": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"input": "\xff\xfe\xc3\x28"}',
        b'{"input": "a", "seed": ' + b"9" * 100_000 + b"}",
        b'{"input": "a", "speed": 1e999999}',
        b'{"input": "a", "speed": NaN}',
        b"\x00" * 100_000,
    ],
    ids=[
        "10 MB",
        "60,000 keys",
        "deep lists",
        "deep objects",
        "wrong UTF-8",
        "long number",
        "infinity",
        "NaN",
        "zeros",
    ],
)
@pytest.mark.parametrize("path", [PATH, PATH + "/timestamps", "/v1/audio/jobs"])
def test_a_hostile_body_is_refused_with_the_reason(server, path, body):
    status, answer = server.request(path, body)
    assert status in (400, 413, 422), answer[:300]
    error = json.loads(answer)["error"]
    assert error["message"]
    assert len(answer) < 5000


async def test_hostile_messages_end_their_connection_and_no_other(server):
    messages = "[" * 100_000, '{"header": ' * 10_000, '{"header": {"action": "' + "a" * 900_000 + '"}}'
    async with aiohttp.ClientSession(server.url) as session:
        for message in messages:
            async with session.ws_connect("/api-ws/v1/inference") as websocket:
                await websocket.send_str(message)
                answer = await websocket.receive(60)
                assert answer.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert server.speak()


@pytest.mark.parametrize("name", TRICKS)
def test_no_name_of_a_client_reaches_a_path_a_header_or_a_line_of_the_log(server, name):
    before, lines = entries(server.folder), len(server.log.splitlines())
    quoted = quote(name, safe="")
    answers = {
        "voice": server.request(PATH, {"input": "你好", "voice": name}),
        "speaker": server.request(PATH, {"input": "你好", "speaker": name}),
        "emotion": server.request(PATH, {"input": "你好", "emotion": name}),
        "query": server.request(f"{PATH}?input=a&voice={quoted}"),
        "job": server.request(f"/v1/audio/jobs/{quoted}"),
        "result": server.request(f"/v1/audio/jobs/{quoted}/result"),
        "events": server.request(f"/v1/audio/jobs/{quoted}/events"),
        "delete": server.request(f"/v1/audio/jobs/{quoted}", method="DELETE"),
        "admin": server.request(f"/v1/admin/voices/{quoted}", method="DELETE"),
        "static": server.request(f"/static/{quoted}"),
        "path": server.request(f"/{quoted}"),
    }
    assert {kind: status for kind, (status, _) in answers.items() if not 400 <= status < 500} == {}
    assert not [kind for kind, (_, body) in answers.items() if b"root:" in body or len(body) > 5000]
    assert entries(server.folder) == before
    added = server.log.splitlines()[lines:]
    assert not [line for line in added if line.startswith("X-Injected") or "\0" in line or len(line) > 9000]


@pytest.mark.parametrize("value", ["a b", "a" * 500, "\x07bell", "${jndi:ldap://x}", "é"])
def test_a_request_id_that_is_not_sane_is_replaced(server, value):
    data = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: " + value.encode() + b"\r\n\r\n"
    answer = raw(server, data)
    assert value.encode() not in answer
    assert value not in server.log


async def test_the_name_of_an_upload_is_only_a_name(server):
    before = entries(server.folder)
    async with aiohttp.ClientSession(server.url) as session:
        form = aiohttp.FormData({"output": "zip", "response_format": "wav"})
        form.add_field("file", "第一行。\n".encode(), filename="../../../owned.txt", content_type="text/plain")
        answer = await session.post("/v1/audio/jobs", data=form)
        assert answer.status in (201, 202), await answer.text()
        job = await answer.json()
        await (await session.get(f"/v1/audio/jobs/{job['id']}/events")).read()
        async with session.get(f"/v1/audio/jobs/{job['id']}/result") as result:
            disposition = result.headers["Content-Disposition"]
        assert ".." not in disposition
        assert "/" not in disposition.replace("UTF-8''", "")
    jobs = server.folder / "data"
    assert {path.relative_to(server.folder).parts[0] for path in entries(server.folder) - before} == {"data"}
    assert not list(server.folder.parent.rglob("owned*"))
    assert not list(jobs.rglob("owned*"))
