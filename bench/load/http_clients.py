"""A crowd that listens over HTTP: each a client that plays in real time what a real server sends."""

import asyncio
import re
import time

import aiohttp

from bench.load.client import Listener
from bench.load.load import Load, Refusal, Visits, loaded, start_of, text_for
from bench.load.service import Service, ServiceError
from bench.measure.process import Usage, forget_peak, memory_peak
from bench.measure.synthesis import Take
from server.runtime.cpu import available_cpus

WAY = "http"
_SAMPLE = 2
"""Bytes."""
_LONGEST = 600.0
"""Seconds without a byte after which a request has failed."""


def http_load(service: Service, listeners: int, seconds: float) -> Load:
    """`listeners` at a time, who ask again when they have heard all, for `seconds`; then each hears his last speech.

    One who is refused comes again when the server has said, so there are always as many who want to listen.
    """
    return asyncio.run(_crowd(service, listeners, seconds))


def speak_once(service: Service, text: str) -> Take:
    """The whole text, as fast as it comes. Raises `ServiceError` when it does not come."""
    began = Usage.of(service.pid)
    listener = asyncio.run(_once(service, text))
    ended = Usage.of(service.pid)
    return Take(listener.first or 0.0, ended.wall - began.wall, ended.cpu_since(began), listener.sound, 0.0)


async def _once(service: Service, text: str) -> Listener:
    async with _session() as session:
        heard = await _listen(session, service.url, text)
    if isinstance(heard, Listener):
        return heard
    raise ServiceError(f"the server refused a lone request: {heard}")


async def _crowd(service: Service, listeners: int, seconds: float) -> Load:
    visits = Visits()
    forget_peak(service.pid)
    began = Usage.of(service.pid)
    async with _session() as session:
        crowd = (
            _visit(session, service.url, number, listeners, began.wall + seconds, visits) for number in range(listeners)
        )
        await asyncio.gather(*crowd)
    ended = Usage.of(service.pid)
    share = ended.share_since(began, available_cpus())
    return loaded(WAY, listeners, visits, ended.wall - began.wall, share, memory_peak(service.pid))


async def _visit(
    session: aiohttp.ClientSession, url: str, number: int, listeners: int, until: float, visits: Visits
) -> None:
    await asyncio.sleep(start_of(number, listeners))
    request = 0
    while time.perf_counter() < until:
        outcome: Listener | Refusal | Exception
        try:
            outcome = await _listen(session, url, text_for(number, request))
        except (ServiceError, aiohttp.ClientError, TimeoutError) as error:
            outcome = error
        pause = visits.note(outcome)
        request += isinstance(outcome, Listener)
        await asyncio.sleep(max(0.0, min(pause, until - time.perf_counter())))


async def _listen(session: aiohttp.ClientSession, url: str, text: str) -> Listener | Refusal:
    """One request, to the end of its sound's arrival. Raises `ServiceError` for any status but 200 and 429."""
    listener = Listener(time.perf_counter())
    body = {"input": text, "response_format": "pcm"}
    async with session.post(f"{url}/v1/audio/speech", json=body) as answer:
        if answer.status == 429:
            return Refusal(float(answer.headers.get("Retry-After", 1)))
        if answer.status != 200:
            raise ServiceError(f"status {answer.status}: {(await answer.text())[:300]}")
        rate = _rate(answer.headers["Content-Type"])
        arrived = 0
        async for data, complete in answer.content.iter_chunks():
            arrived += len(data)
            if complete:
                listener.hear(arrived / (_SAMPLE * rate), time.perf_counter())
                arrived = 0
    return listener


def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=None, sock_read=_LONGEST)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)


def _rate(content_type: str) -> int:
    """Hz, of `audio/pcm;rate=16000`."""
    found = re.search(r"rate=(\d+)", content_type)
    if not found:
        raise ServiceError(f"the server sent {content_type}, not audio/pcm with a rate")
    return int(found[1])
