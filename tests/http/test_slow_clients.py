"""Connections: slow heads and bodies, clients that do not read, too many connections, over real sockets."""

import asyncio
import json
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bench.load.free_port import free_port
from server.config import Config, ServerSection
from server.http import create_app
from server.http.app import SERVING
from server.http.connections import cutting
from server.http.connections.stop_signals import StopSignals

PATH = "/v1/audio/speech"


class Peer:
    """A client that sends and reads what the test says. Its receive buffer is small."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: str) -> None:
        self.writer.write(data.encode())

    def post(self, text: str, **fields: Any) -> None:
        body = json.dumps({"input": text, "response_format": "pcm", **fields})
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self.send(f"{head}\r\n\r\n{body}")

    async def status(self) -> int:
        return int((await self.reader.readuntil(b"\r\n")).split()[1])

    async def disconnected(self) -> None:
        """Waits for the end of the connection, and reads nothing."""
        events = select.poll()
        events.register(self.writer.get_extra_info("socket").fileno(), 0)  # errors, and the end
        while not events.poll(0):
            await asyncio.sleep(0.01)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return await self.reader.read()

    async def error(self) -> tuple[int, dict[str, Any]]:
        return error_of(await self.rest())


def error_of(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.fixture
def listening(registry, monkeypatch, tmp_path):
    """`async with listening(key=value) as connect`: the application on its own listener, with these limits."""

    @asynccontextmanager
    async def start(**limits: float) -> AsyncIterator[Any]:
        signals: list[StopSignals] = []
        real = StopSignals.__init__

        def remember(self: StopSignals) -> None:
            real(self)
            signals.append(self)

        monkeypatch.setattr(StopSignals, "__init__", remember)
        content = {
            "scheduler": {"workers": 1, "max_streams": 2},
            "limits": {"drain_seconds": 0.0, **limits},
            "storage": {"path": tmp_path / "data"},
        }
        app = create_app(registry, Config.model_validate(content))
        port = free_port()
        serving = asyncio.create_task(app[SERVING].run(ServerSection(host="127.0.0.1", port=port)))
        peers: list[Peer] = []

        async def connect() -> Peer:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            except ConnectionRefusedError:
                sock.close()
                raise
            peers.append(Peer(*await asyncio.open_connection(sock=sock, limit=1024)))
            return peers[-1]

        async def is_ready() -> bool:
            try:
                peer = await connect()
                peer.send("GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return (await peer.rest()).startswith(b"HTTP/1.1 200")  # not where a limit has cut it off
            except ConnectionError:
                return False

        while not await is_ready():
            await asyncio.sleep(0.001)
        try:
            yield connect
        finally:
            for peer in peers:
                peer.writer.close()
            await asyncio.gather(*(peer.writer.wait_closed() for peer in peers), return_exceptions=True)
            signals[0].stop()
            await serving

    return start


async def load(connect: Any) -> dict[str, Any]:
    peer = await connect()
    peer.send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return json.loads((await peer.rest()).partition(b"\r\n\r\n")[2])["load"]


async def test_a_head_that_is_not_complete_in_time_is_answered_and_closed(listening):
    async with listening(header_seconds=0.3) as connect:
        peer = await connect()
        peer.send("GET /health HTTP/1.1\r\nHost: x\r\nX-")
        answer = await peer.rest()
        assert b"\r\nX-Content-Type-Options: nosniff\r\n" in answer
        status, error = error_of(answer)
        assert (status, error["code"]) == (408, "request_timeout")
        assert "0.3 seconds" in error["message"]


async def test_a_head_that_never_stops_coming_is_closed_too(listening):
    async with listening(header_seconds=0.3) as connect:
        peer = await connect()
        peer.send("GET /health HTTP/1.1\r\n")
        reading = asyncio.create_task(peer.error())
        while not reading.done():
            peer.send("X: y\r\n")
            await asyncio.sleep(0.02)
        assert (await reading)[0] == 408


async def test_the_second_head_of_a_connection_has_the_same_limit(listening):
    async with listening(header_seconds=0.3) as connect:
        peer = await connect()
        peer.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await peer.status() == 200
        while not (line := await peer.reader.readline()).startswith(b"{"):
            if line == b"\r\n":
                break
        peer.send("GET /he")
        assert b"408 Request Timeout" in await peer.rest()


async def test_a_body_that_is_not_complete_in_time_is_refused(listening):
    async with listening(body_seconds=0.3) as connect:
        peer = await connect()
        peer.send(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n")
        for _ in range(3):
            peer.send("{")
            await asyncio.sleep(0.05)
        status, error = await peer.error()
        assert (status, error["code"]) == (408, "request_timeout")


async def test_a_body_may_take_longer_as_long_as_it_comes(listening):
    async with listening(body_seconds=0.2) as connect:
        peer = await connect()
        text = "字" * 300
        body = json.dumps({"input": text, "response_format": "pcm"})
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        peer.send(f"{head}\r\nConnection: close\r\n\r\n")
        for start in range(0, len(body), 300):
            peer.send(body[start : start + 300])
            await asyncio.sleep(0.08)
        assert await peer.status() == 200
        assert len(await peer.rest()) > len(text) * 320


@pytest.mark.parametrize(
    "sent",
    ["BREW / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\n" + "X-A: b\r\n" * 20000 + "\r\n"],
)
async def test_what_is_no_request_gets_an_error_like_all_others(listening, sent):
    async with listening() as connect:
        peer = await connect()
        peer.send(sent)
        answer = await peer.rest()
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert json.loads(body)["error"]["code"] == "unreadable_request"
    assert {"Server: sambert-server", "X-Content-Type-Options: nosniff"} <= set(head.split("\r\n"))


async def test_an_idle_connection_is_closed(listening):
    async with listening(idle_seconds=0.2) as connect:
        assert await (await connect()).rest() == b""


@pytest.mark.parametrize("key", ["connections", "connections_per_address"])
async def test_a_connection_too_many_is_told_so_and_another_one_is_accepted_later(listening, key):
    async with listening(**{key: 3}) as connect:
        idle = [await connect() for _ in range(3)]
        refused = await connect()
        refused.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        status, error = await refused.error()
        assert (status, error["code"]) == (503, "too_many_connections")
        assert key in error["message"]
        idle[0].writer.close()
        while True:
            peer = await connect()
            peer.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            if await peer.status() == 200:
                break


async def test_clients_that_do_not_read_give_their_places_to_others(listening, demo):
    demo.samples_per_chunk = 200_000
    async with listening(stall_seconds=0.2, queue_seconds=60.0) as connect:
        stalled = [await connect() for _ in range(2)]
        for peer in stalled:
            peer.post("字" * 40)
            assert await peer.status() == 200
        other = await connect()
        other.post("你好", voice="second")
        assert await other.status() == 200  # both places were taken
        assert await _size_of_body(other) == 2 * 320
        while (await load(connect))["streams"]:
            await asyncio.sleep(0.01)
        for peer in stalled:
            assert await _size_of_body(peer) == 40 * 2 * demo.samples_per_chunk  # nothing of it is lost


async def _size_of_body(peer: Peer) -> int:
    """Reads a body in chunks to its end."""
    await peer.reader.readuntil(b"\r\n\r\n")
    received = 0
    while size := int(await peer.reader.readuntil(b"\r\n"), 16):
        await peer.reader.readexactly(size + 2)
        received += size
    return received


async def test_a_client_that_never_reads_is_cut_off(listening, demo):
    demo.samples_per_chunk = 200_000
    async with listening(stall_seconds=0.1, stall_limit=0.3) as connect:
        peer = await connect()
        peer.post("字" * 40)
        assert await peer.status() == 200
        await peer.disconnected()
        with pytest.raises(ConnectionResetError):
            await peer.rest()


async def test_a_stream_of_events_that_nobody_reads_ends_with_an_error(listening, demo):
    demo.samples_per_chunk = 200_000
    async with listening(stall_seconds=0.1, stall_limit=0.3) as connect:
        peer = await connect()
        peer.post("字" * 40, stream_format="sse")
        assert await peer.status() == 200
        while not demo.closed.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.5)
        text = (await peer.rest()).decode()
        assert '"code":"client_stalled"' in text
        assert "speech.audio.done" not in text


async def test_a_short_answer_that_fits_into_the_buffers_is_simply_finished(listening, demo):
    async with listening(stall_seconds=2.0, stall_limit=2.0) as connect:  # the server itself may stand still as well
        peer = await connect()
        peer.post("你好")
        while not demo.closed.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(2.5)
        assert await peer.status() == 200
        await peer.reader.readuntil(b"\r\n0\r\n\r\n")


async def test_what_a_client_leaves_unread_after_a_cut_is_given_up(monkeypatch):
    """The connection is closed when everything is read, or after a while."""
    monkeypatch.setattr(cutting, "LINGER_SECONDS", 0.1)
    lost = asyncio.Event()

    class Lost(asyncio.Protocol):
        def connection_made(self, transport):
            transport.write(b"x" * 20_000_000)
            cutting.close(transport)

        def connection_lost(self, error):
            lost.set()

    server = await asyncio.get_running_loop().create_server(Lost, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1024)
    await lost.wait()
    writer.close()
    server.close()
