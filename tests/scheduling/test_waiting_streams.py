"""Streams that wait for a place, whose readers stop reading, and a server that drains: in asyncio, with fake voices."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest

from server.client import Client
from server.config import LimitsSection, SchedulerSection
from server.errors import BusyError, ShutdownError, StalledError
from server.scheduling import async_streams
from server.scheduling.async_streams import ActiveStreams, ChunkStream
from server.scheduling.load_report import LoadReport
from server.scheduling.playback import PlaybackClock, ReadingPace
from server.scheduling.scheduler import Scheduler
from server.scheduling.task import Chunks


async def endless(clock: PlaybackClock) -> Chunks[bytes]:
    for number in count():
        yield b"%d" % number


async def single(clock: PlaybackClock) -> Chunks[bytes]:
    yield b"x"


class Streams:
    """Streams of one worker and `max_streams` places."""

    def __init__(self, max_streams: int, **limits: float) -> None:
        section = LimitsSection.model_validate({"queue_seconds": 600.0, **limits})
        self.scheduler = Scheduler(SchedulerSection(workers=1, max_streams=max_streams), section)
        self.active = ActiveStreams(self.scheduler, section)

    @property
    def load(self) -> LoadReport:
        return self.scheduler.load()

    async def open(self, chunks: Callable[[PlaybackClock], Chunks[bytes]] = endless, **options: Any) -> ChunkStream:
        return await self.active.open("", chunks, **options)

    async def wait_in_queue(self, number: int = 1, **options: Any) -> asyncio.Task[ChunkStream]:
        """A task that opens a stream, after it has begun to wait."""
        task = asyncio.create_task(self.open(**options))
        await until(lambda: self.load.waiting == number)
        return task


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


@asynccontextmanager
async def streams_of(max_streams: int, **limits: float) -> AsyncIterator[Streams]:
    streams = Streams(max_streams, **limits)
    yield streams
    await streams.active.close()


async def test_a_stream_waits_without_a_worker_and_begins_when_a_place_is_free() -> None:
    async with streams_of(1) as streams:
        with await streams.open():
            waiting = await streams.wait_in_queue()
            assert not waiting.done()
            assert streams.load.streams == 1
        with await waiting as stream:
            assert await anext(stream) == b"0"
        assert streams.load.refused == {}


async def test_a_stream_that_waits_too_long_is_refused() -> None:
    async with streams_of(1, queue_seconds=0.05) as streams:
        with await streams.open():
            with pytest.raises(BusyError) as refusal:
                await streams.open()
            assert refusal.value.retry_after >= 1
        assert streams.load.refused == {"queue_timeout": 1}
        with await streams.open() as stream:  # its place is free
            assert await anext(stream) == b"0"


async def test_a_client_that_disconnects_leaves_the_queue_at_once() -> None:
    async with streams_of(1) as streams:
        with await streams.open():
            first = await streams.wait_in_queue(1)
            second = await streams.wait_in_queue(2)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            assert streams.load.waiting == 1
        with await second:
            assert streams.load.streams == 1


async def test_a_client_that_reads_nothing_loses_its_place_and_gets_one_again() -> None:
    async with streams_of(1, stall_seconds=0.1) as streams:
        stalled = await streams.open()
        await anext(stalled)
        other = await asyncio.wait_for(streams.open(), 30)  # which waits until the first one has stalled
        assert (streams.load.streams, streams.load.stalled) == (1, 1)
        for _ in range(3):
            await anext(stalled)  # what was computed before
        late = await streams.wait_in_queue(2)  # it waits behind the one that reads again
        following = asyncio.create_task(anext(stalled))
        other.cancel()
        assert await following == b"4"
        assert not late.done()
        stalled.cancel()
        with await late:
            pass


async def test_a_client_that_returns_from_a_break_is_not_stalled_while_it_has_audio_to_play(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(async_streams, "_STALL_CHECK", 0.05)

    async def minutes(clock: PlaybackClock) -> Chunks[bytes]:
        for _ in range(100):
            clock.push(60.0)
            yield b"x"

    async with streams_of(2, stall_seconds=0.1) as streams:
        player, sleeper = await streams.open(minutes), await streams.open(minutes)
        for stream in (player, sleeper):
            await anext(stream)
        await asyncio.sleep(ReadingPace.RETURN_SECONDS)
        await anext(player)
        await until(lambda: streams.load.stalled == 1)
        await asyncio.sleep(0.3)
        assert (streams.load.streams, streams.load.stalled) == (1, 1)
        player.cancel()
        sleeper.cancel()


async def test_a_client_that_never_reads_again_loses_its_stream() -> None:
    async with streams_of(1, stall_seconds=0.1, stall_limit=0.2) as streams:
        with await streams.open() as stream:
            await anext(stream)
            await asyncio.wait_for(stream.ended, 30)
            with pytest.raises(StalledError, match=r"did not read for 0\.2 seconds"):
                await anext(stream)
        assert streams.load.stalled == 0


async def test_a_short_stream_ends_although_nobody_reads_it() -> None:
    async with streams_of(1, stall_seconds=0.1, stall_limit=0.1) as streams:
        with await streams.open(single) as stream:
            await asyncio.wait_for(stream.ended, 30)
            assert [chunk async for chunk in stream] == [b"x"]


async def test_background_streams_and_streams_without_limits_may_be_left_unread() -> None:
    async with streams_of(1, stall_seconds=0.1, stall_limit=0.1) as streams:
        unlimited = ActiveStreams(Scheduler(SchedulerSection(workers=1)))
        job, own = await streams.open(background=True), await unlimited.open("", endless)
        for stream in (job, own):
            await anext(stream)
        await asyncio.sleep(0.5)
        for stream in (job, own):
            assert [await anext(stream) for _ in range(5)] == [b"1", b"2", b"3", b"4", b"5"]
            stream.cancel()
        await unlimited.close()


async def test_draining_refuses_new_and_waiting_streams_and_lets_the_others_end() -> None:
    async with streams_of(1) as streams:
        permits = threading.Semaphore(0)

        async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
            for number in range(3):
                permits.acquire()
                yield b"%d" % number

        running = await streams.open(chunks)
        waiting = await streams.wait_in_queue()
        draining = asyncio.create_task(streams.active.drain(600))
        await asyncio.sleep(0)  # it begins
        permits.release(3)
        with pytest.raises(ShutdownError):
            await streams.open()
        with pytest.raises(ShutdownError):
            await streams.open(background=True)
        with pytest.raises(ShutdownError):
            await waiting
        with running:
            assert [chunk async for chunk in running] == [b"0", b"1", b"2"]
            await asyncio.sleep(0.01)
            assert not draining.done()  # its reader may still be sending
        assert await draining


async def test_draining_ends_after_its_time() -> None:
    async with streams_of(1) as streams:
        with await streams.open() as stream:
            assert not await streams.active.drain(0.01)
            await anext(stream)


async def test_limits_can_change_while_streams_wait() -> None:
    async with streams_of(1) as streams:
        with await streams.open():
            waiting = await streams.wait_in_queue()
            streams.scheduler.reconfigure(SchedulerSection(max_streams=2), LimitsSection())
            with await waiting:
                assert streams.load.streams == 2


async def test_keys_share_the_places_by_their_weights() -> None:
    """Of 60 equal requests at once, with one place, the first third goes by weight."""
    async with streams_of(1) as streams:
        served: list[str] = []

        async def request(client: Client) -> None:
            with await streams.open(single, client=client, expected_seconds=5.0) as stream:
                served.append(client.name)
                assert [chunk async for chunk in stream] == [b"x"]

        with await streams.open():
            heavy, light = Client(name="heavy", weight=3.0), Client(name="light")
            tasks = [asyncio.create_task(request(client)) for _ in range(30) for client in (heavy, light)]
            await until(lambda: streams.load.waiting == 60)
        await asyncio.gather(*tasks)
        assert abs(served[:20].count("heavy") - 15) <= 1


async def test_a_full_queue_refuses_the_last_stream_of_the_client_with_the_most() -> None:
    greedy, modest = Client(name="greedy"), Client(name="modest")
    async with streams_of(1, queue_length=2) as streams:
        with await streams.open(client=greedy):
            waiting = [await streams.wait_in_queue(number, client=greedy) for number in (1, 2)]
            one = asyncio.create_task(streams.open(client=modest))
            with pytest.raises(BusyError, match="2 wait for a place"):
                await waiting[1]
            assert streams.load.waiting == 2
            assert streams.load.refused == {"queue_full": 1}
        with await one as stream:
            assert await anext(stream) == b"0"
        with await waiting[0] as stream:
            assert await anext(stream) == b"0"


async def test_a_stream_that_gets_its_place_by_a_request_that_is_refused_begins() -> None:
    """Costs are observed all the time, so that one may fit although nobody has left."""
    async with streams_of(0) as streams:
        admission = streams.scheduler._admission
        admission.observe("cheap", 1, computing=0.5, audio=1.0)
        admission.observe("dear", 1, computing=500.0, audio=1.0)
        with await streams.active.open("cheap", endless):
            waiting = asyncio.create_task(streams.active.open("cheap", endless))
            await until(lambda: streams.load.waiting == 1)
            streams.scheduler.reconfigure(SchedulerSection(), LimitsSection(queue_length=0))
            admission.observe("cheap", 1, computing=0.0, audio=1000.0)
            with pytest.raises(BusyError):
                await streams.active.open("dear", endless)
            with await waiting as stream:
                assert await anext(stream) == b"0"
