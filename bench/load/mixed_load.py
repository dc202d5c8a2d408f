"""Clients of many kinds at once: some listen to the end, some never read, some leave in the middle."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from bench.load.http_clients import client_session
from bench.load.mixed_requests import TOLERANCE, MixedRequest
from bench.load.playback import ClientPlayback

_PATH = "/v1/audio/speech"
_PAUSES = "[pause:60s]" * 2
_STALLED_BODY = {"response_format": "pcm", "sample_rate": 48000, "seed": 1}
_STALLED_BUFFER = 4096
"""Bytes that a client which does not read has received before its system stops the server."""
_STALLED_SECONDS = 30.0
"""After which such a client goes, and another one comes."""
_LEAVING_SECONDS = 10.0
"""Until a client that has left comes again."""
_PCM_BYTES_PER_SECOND = 2 * 16000


@dataclass(slots=True)
class MixedLog:
    """What the clients that listen to the end have received."""

    statuses: dict[int, int] = field(default_factory=dict)
    """Requests by the status of their answer."""
    different: list[str] = field(default_factory=list)
    """Requests whose answers are not as they are alone."""
    failures: list[str] = field(default_factory=list)
    """Requests whose answers were cut off."""
    largest_difference: float = 0.0
    """Of 32,768."""
    left: int = 0
    """Requests whose clients left in the middle."""
    stalled: int = 0
    """Requests whose clients never read."""
    cached: int = 0
    """Answers that came from the cache, or were shared with another client."""
    playbacks: list[ClientPlayback] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Requests that were sent to be heard to their end."""
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class MixedLoad:
    """A load of mixed requests for the server at `url`."""

    url: str
    requests: Sequence[MixedRequest]

    async def alone(self) -> list[bytes]:
        """Returns the answer to each request when there is no other."""
        async with client_session() as session:
            return [await self._computed(session, request) for request in self.requests]

    async def run(
        self,
        expected: Sequence[bytes],
        *,
        total: int,
        listening: int,
        stalled: int = 0,
        leaving: int = 0,
        on_answer: Callable[[], None] = lambda: None,
    ) -> MixedLog:
        """Sends `total` requests by `listening` clients, beside clients that never read and clients that leave.

        `expected` are the answers alone.
        """
        log = MixedLog()
        numbers = iter(range(total))
        async with client_session() as session:
            others = [asyncio.create_task(self._leave(session, client, log)) for client in range(leaving)]
            others += [asyncio.create_task(self._stall(client, log)) for client in range(stalled)]
            try:
                clients = (self._listen(session, numbers, expected, log, on_answer) for _ in range(listening))
                await asyncio.gather(*clients)
            finally:
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)
        return log

    async def _computed(self, session: aiohttp.ClientSession, request: MixedRequest) -> bytes:
        headers = {"Cache-Control": "no-store"}
        async with session.post(self.url + _PATH, json=request.body, headers=headers, raise_for_status=True) as answer:
            return await answer.read()

    async def _listen(
        self,
        session: aiohttp.ClientSession,
        numbers: Iterator[int],
        expected: Sequence[bytes],
        log: MixedLog,
        on_answer: Callable[[], None],
    ) -> None:
        for number in numbers:
            index = number % len(self.requests)
            try:
                await self._hear(session, self.requests[index], expected[index], log)
            except aiohttp.ClientError as error:
                log.failures.append(f"{self.requests[index]}: {error!r}")
            on_answer()

    async def _hear(
        self, session: aiohttp.ClientSession, request: MixedRequest, expected: bytes, log: MixedLog
    ) -> None:
        playback, audio = ClientPlayback(time.perf_counter()), bytearray()
        async with session.post(self.url + _PATH, json=request.body, headers=request.headers) as answer:
            log.statuses[answer.status] = log.statuses.get(answer.status, 0) + 1
            async for data, _ in answer.content.iter_chunks():
                audio += data
                playback.push(len(data) / _PCM_BYTES_PER_SECOND, time.perf_counter())
        log.cached += answer.headers.get("X-Cache") in ("hit", "shared")
        if request.response_format == "pcm":
            log.playbacks.append(playback)
        difference = request.difference(bytes(audio), expected)
        if difference > TOLERANCE:
            log.different.append(f"{request}: {len(audio)} bytes, alone {len(expected)}; they differ by {difference}")
        log.largest_difference = max(log.largest_difference, difference)

    async def _leave(self, session: aiohttp.ClientSession, client: int, log: MixedLog) -> None:
        """Receives the beginning of one answer after another."""
        count = 0
        while True:
            count += 1
            body = {"input": f"第{client}位，第{count}次。" * 4, "response_format": "pcm"}
            with suppress(aiohttp.ClientError):
                async with session.post(self.url + _PATH, json=body) as answer:
                    await answer.content.readany()
                    answer.close()
                log.left += 1
            await asyncio.sleep(_LEAVING_SECONDS)

    async def _stall(self, client: int, log: MixedLog) -> None:
        """Asks for more than the buffers of the sockets hold, reads nothing, and asks again after a while."""
        count = 0
        while True:
            count += 1
            with suppress(OSError):
                async with stalled_request(self.url, f"第{client}位，第{count}次。{_PAUSES}"):
                    log.stalled += 1
                    await asyncio.sleep(_STALLED_SECONDS)


@asynccontextmanager
async def stalled_request(url: str, text: str) -> AsyncIterator[None]:
    """Sends a request, and reads none of its answer. Give a long text: sockets hold megabytes."""
    address = urlsplit(url)
    body = json.dumps({"input": text, **_STALLED_BODY}).encode()
    head = f"POST {_PATH} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _STALLED_BUFFER)
        connection.setblocking(False)
        await loop.sock_connect(connection, (address.hostname, address.port))
        await loop.sock_sendall(connection, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        yield
