"""Clients that disconnect or do not read, and a server that stops: real sockets, counted chunks."""

import asyncio
import json
import re
import socket
import threading

import pytest
from aiohttp import ClientPayloadError

from server.audio.encoders import OutputFormat, create_encoder

PATH = "/v1/audio/speech"


async def send_request(
    client, text: str, receive_buffer: int | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Sends a request over a plain socket, so that the test controls what is read and when it is closed."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (client.host, client.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
    body = json.dumps({"input": text, "response_format": "pcm"}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    return reader, writer


async def requests_in_progress(client) -> float:
    """Of the server; one of them asks for it."""
    metrics = await (await client.get("/metrics")).text()
    return float(re.search(r"^sambert_http_requests_in_progress (.*)$", metrics, re.MULTILINE)[1])


async def disconnect(client, writer: asyncio.StreamWriter) -> None:
    """Closes the socket, and waits until the server has noticed, and given up the request."""
    before = await requests_in_progress(client)
    writer.transport.abort()
    while await requests_in_progress(client) >= before:
        await asyncio.sleep(0.001)


async def test_a_client_that_disconnects_between_chunks_stops_the_synthesis_within_one_chunk(
    serving, demo, wait_for_event
):
    demo.permits = threading.Semaphore(1)
    async with serving() as client:
        reader, writer = await send_request(client, "字" * 1000)
        await reader.readuntil(b"\r\n\r\n")
        await disconnect(client, writer)  # nothing is being written: the second chunk waits for its permit
        demo.permits.release(1000)
        await wait_for_event(demo.closed)
        assert demo.computed <= 2


async def test_a_client_that_disconnects_before_the_first_chunk_stops_the_synthesis(serving, demo, wait_for_event):
    demo.permits = threading.Semaphore(0)
    async with serving() as client:
        _, writer = await send_request(client, "字" * 1000)
        while not demo.requests:
            await asyncio.sleep(0.001)
        await disconnect(client, writer)
        demo.permits.release(1000)
        await wait_for_event(demo.closed)
        assert demo.computed <= 1


async def test_a_client_that_disconnects_frees_its_worker_thread(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving(workers=1) as client:
        reader, writer = await send_request(client, "字" * 1000)
        await reader.readuntil(b"\r\n\r\n")
        await disconnect(client, writer)
        demo.permits.release()
        answer = await client.post(PATH, json={"input": "你好", "voice": "second", "response_format": "wav"})
        assert len(await answer.read()) == 44 + 2 * 320


async def test_the_synthesis_pauses_for_a_client_that_does_not_read(serving, demo):
    demo.samples_per_chunk = 500_000  # a megabyte, more than the socket buffers hold
    text = "字" * 60
    async with serving(workers=1) as client:
        reader, writer = await send_request(client, text, receive_buffer=4096)
        computed, unchanged = 0, 0
        while unchanged < 20:  # until nothing is computed any more
            await asyncio.sleep(0.02)
            unchanged = unchanged + 1 if demo.computed == computed and computed else 0
            computed = demo.computed
        assert demo.computed < 30
        # The only thread is free for other clients, and the slow client loses nothing.
        assert (await client.post(PATH, json={"input": "你好", "voice": "second"})).status == 200
        await reader.readuntil(b"\r\n\r\n")
        received = 0
        while size := int(await reader.readuntil(b"\r\n"), 16):
            data = await reader.readexactly(size + 2)
            number = received // (2 * demo.samples_per_chunk)
            assert data[:-2] == create_encoder(OutputFormat("pcm"), 16000).encode(demo.chunk(number))
            received += size
        assert received == len(text) * 2 * demo.samples_per_chunk
        writer.close()


async def test_a_server_that_stops_aborts_running_streams_and_joins_its_threads(serving, demo):
    demo.permits = threading.Semaphore(1)
    before = set(threading.enumerate())
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "字" * 1000, "response_format": "pcm"})
        await answer.content.readexactly(320)
        stopping = asyncio.ensure_future(client.server.close())
        with pytest.raises(ClientPayloadError):
            await answer.content.readexactly(320)
        demo.permits.release(1000)
        await stopping
        assert demo.closed.is_set()
        assert demo.computed <= 2
        assert not [one for one in set(threading.enumerate()) - before if one.name.startswith("speech")]
