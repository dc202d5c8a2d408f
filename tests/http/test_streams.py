"""Threads compute, asyncio listens: in order, in turns, never far ahead, and only while somebody listens."""

import asyncio
import threading

import pytest

from server.config import SchedulerSection
from server.errors import ShutdownError
from server.http.streams import ActiveStreams
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import AHEAD, Scheduler
from server.scheduling.task import Speech


class Counting:
    """Yields its numbers; counts what it computed, and notes where and whether it was closed."""

    def __init__(self, length: int, *, permits: threading.Semaphore | None = None, log: list | None = None) -> None:
        self.length = length
        self.permits = permits
        self.log = log if log is not None else []
        self.computed = 0
        self.threads: set[threading.Thread] = set()
        self.begun = threading.Event()
        self.closed = threading.Event()

    def chunks(self, name: str = "", pace: PlaybackClock | None = None) -> Speech[bytes]:
        try:
            for number in range(self.length):
                self.begun.set()
                self.threads.add(threading.current_thread())
                if self.permits is not None:
                    self.permits.acquire()
                self.computed += 1
                self.log.append(name)
                if pace is not None:
                    pace.hand_over(1)
                yield b"%d" % number
        finally:
            self.closed.set()


def computing(workers: int) -> ActiveStreams:
    return ActiveStreams(Scheduler(SchedulerSection(workers=workers)))


async def settled(bridge: ActiveStreams) -> None:
    """All that can be computed has been computed: the worker rests, and the loop has heard of everything."""
    while not bridge._scheduler.resting:
        await asyncio.sleep(0.001)


async def test_chunks_arrive_in_order_and_are_computed_in_the_pool():
    bridge, source = computing(2), Counting(100)
    with bridge.stream(source.chunks()) as stream:
        assert [chunk async for chunk in stream] == [b"%d" % number for number in range(100)]
    assert source.closed.is_set()
    assert all(thread.name.startswith("speech") for thread in source.threads)
    await bridge.close()


@pytest.mark.parametrize("after", [0, 1, 5])
async def test_an_error_arrives_unchanged_behind_the_chunks_before_it(after):
    failure = ZeroDivisionError("as it was")

    def chunks() -> Speech[bytes]:
        for _ in range(after):
            yield b"good"
        raise failure

    bridge = computing(1)
    with bridge.stream(chunks()) as stream:
        assert [await anext(stream) for _ in range(after)] == [b"good"] * after
        with pytest.raises(ZeroDivisionError) as caught:
            await anext(stream)
    assert caught.value is failure
    await bridge.close()


async def test_computing_waits_for_a_listener_who_does_not_take():
    bridge, source = computing(1), Counting(100)
    with bridge.stream(source.chunks()) as stream:
        await settled(bridge)
        assert source.computed == AHEAD + 1
        await anext(stream)
        await settled(bridge)
        assert source.computed == AHEAD + 2
    await bridge.close()


async def test_a_listener_who_does_not_take_holds_no_thread():
    bridge, slow, quick = computing(1), Counting(100), Counting(100)
    with bridge.stream(slow.chunks()) as stalled, bridge.stream(quick.chunks()) as flowing:
        await anext(stalled)
        assert len([chunk async for chunk in flowing]) == 100
        assert slow.computed < 10
    await bridge.close()


async def test_streams_take_turns_chunk_by_chunk():
    log: list[str] = []
    bridge, permits = computing(1), threading.Semaphore(0)
    sources = {name: Counting(20, permits=permits, log=log) for name in "abc"}
    paces = {name: PlaybackClock() for name in sources}
    streams = [bridge.stream(source.chunks(name, paces[name]), paces[name]) for name, source in sources.items()]
    permits.release(60)

    async def listen(stream) -> None:
        with stream:
            async for _ in stream:
                pass

    await asyncio.gather(*map(listen, streams))
    assert set(log[: 3 * (AHEAD + 1)]) == {"a", "b", "c"}
    assert max(log[:30].count(name) for name in "abc") <= 10 + AHEAD + 1
    await bridge.close()


async def test_leaving_stops_the_computing_at_the_next_chunk(happens):
    permits = threading.Semaphore(1)
    bridge, source = computing(1), Counting(1000, permits=permits)
    with bridge.stream(source.chunks()) as stream:
        await anext(stream)
    permits.release(1000)
    await happens(source.closed)
    assert source.computed <= 2
    await bridge.close()


async def test_a_stream_that_was_left_before_it_began_never_begins(happens):
    permits = threading.Semaphore(0)
    bridge, busy, late = computing(1), Counting(1, permits=permits), Counting(1)
    with bridge.stream(busy.chunks()):
        await happens(busy.begun)
        with bridge.stream(late.chunks()):
            await asyncio.sleep(0)
        permits.release()
    await bridge.close()
    assert late.computed == 0


async def test_an_error_after_everybody_left_is_logged(happens, caplog):
    permits = threading.Semaphore(0)
    begun = threading.Event()

    def chunks() -> Speech[bytes]:
        begun.set()
        permits.acquire()
        raise ZeroDivisionError
        yield b""

    bridge = computing(1)
    with bridge.stream(chunks()):
        await happens(begun)
    permits.release()
    await bridge.close()
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]


async def test_closing_cuts_off_listeners_and_joins_the_threads(happens):
    permits = threading.Semaphore(1)
    bridge, source = computing(2), Counting(1000, permits=permits)
    with bridge.stream(source.chunks()) as stream:
        await anext(stream)
        next_chunk = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(bridge.close())
        with pytest.raises(ShutdownError):
            await next_chunk
        with pytest.raises(ShutdownError):
            await anext(stream)
        permits.release(1000)
        await closing
    assert source.closed.is_set()
    assert source.computed <= 2
    assert source.threads
    assert not any(thread.is_alive() for thread in source.threads)


async def test_nothing_starts_after_closing():
    bridge = computing(1)
    await bridge.close()
    with pytest.raises(ShutdownError):
        bridge.stream(Counting(1).chunks())
