"""Answers from the cache against computed ones, equal requests at a time, and the hit rate of popular texts."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aiohttp
import numpy as np

from bench.load.server_process import ServerProcess, ServerProcessError
from bench.progress import track
from bench.results.percentiles import Percentiles
from bench.results.schema import CacheResult, CacheTimes
from bench.voices.texts import REQUEST_SENTENCES

EQUAL_REQUESTS = 100
"""At once."""
POPULAR_TEXTS = 40
"""Their popularity follows Zipf's law: the second is asked for half as often as the first, and so on."""
REQUESTS_PER_TEXT = 5
_SEED = 1


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    """Of the header X-Cache."""
    first_byte: float
    """Seconds after the request."""
    end: float


def measure_cache(title: str, memory: ServerProcess, disk: ServerProcess, repeats: int) -> CacheResult:
    """Measures a server with a cache in memory, and one with a cache on the disk alone."""
    return asyncio.run(_measure(title, memory, disk, repeats))


async def _measure(title: str, memory: ServerProcess, disk: ServerProcess, repeats: int) -> CacheResult:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        computed, kept, read = [], [], []
        for texts, text in enumerate(track(REQUEST_SENTENCES, f"{title}: cache"), start=1):
            computed.append(await _computed(session, memory, text, texts))
            kept += [await _speak(session, memory, text) for _ in range(repeats)]
            await _computed(session, disk, text, texts)
            read += [await _speak(session, disk, text) for _ in range(repeats)]
        equal = "我们同时问同一句话。" + REQUEST_SENTENCES[0]
        at_once = await asyncio.gather(*(_speak(session, memory, equal) for _ in range(EQUAL_REQUESTS)))
        popular = [await _speak(session, memory, text) for text in track(_popular_texts(), f"{title}: popular texts")]
    return CacheResult(
        [
            _times("computed", computed),
            _times("kept in memory", kept),
            _times("kept on the disk", read),
            _times(f"{EQUAL_REQUESTS} at once", at_once),
        ],
        equal_requests=EQUAL_REQUESTS,
        equal_computed=_with("miss", at_once),
        popular_texts=POPULAR_TEXTS,
        popular_requests=len(popular),
        hit_rate=_with("hit", popular) / len(popular),
    )


async def _computed(session: aiohttp.ClientSession, server: ServerProcess, text: str, texts: int) -> _Answer:
    """The answer to a new text, after which the server keeps `texts`: that is so a moment after the answer."""
    answer = await _speak(session, server, text)
    while await asyncio.to_thread(server.metric, "sambert_cache_entries") < texts:
        pass
    return answer


async def _speak(session: aiohttp.ClientSession, server: ServerProcess, text: str) -> _Answer:
    """Raises `ServerProcessError` for a status other than 200."""
    started = time.perf_counter()
    async with session.post(f"{server.url}/v1/audio/speech", json={"input": text}) as response:
        if response.status != 200:
            raise ServerProcessError(f"status {response.status}: {(await response.text())[:300]}")
        await response.content.readany()
        first_byte = time.perf_counter() - started
        await response.read()
        return _Answer(response.headers["X-Cache"], first_byte, time.perf_counter() - started)


def _popular_texts() -> Sequence[str]:
    texts = [f"第{number}条通知，请注意收听。" for number in range(1, POPULAR_TEXTS + 1)]
    popularity = 1 / np.arange(1, POPULAR_TEXTS + 1)
    drawn = np.random.default_rng(_SEED).choice(
        POPULAR_TEXTS, POPULAR_TEXTS * REQUESTS_PER_TEXT, p=popularity / popularity.sum()
    )
    return [texts[number] for number in drawn]


def _with(status: str, answers: Iterable[_Answer]) -> int:
    return sum(answer.status == status for answer in answers)


def _times(source: str, answers: Sequence[_Answer]) -> CacheTimes:
    first_bytes, ends = (answer.first_byte for answer in answers), (answer.end for answer in answers)
    return CacheTimes(source, Percentiles.of(first_bytes), Percentiles.of(ends))
