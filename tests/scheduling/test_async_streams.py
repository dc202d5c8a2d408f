"""Streams between worker threads and asyncio: in order, in turns, with backpressure, cancelled with their client."""

import asyncio
import threading
from functools import partial

import pytest

from server.config import SchedulerSection
from server.errors import ShutdownError
from server.scheduling.async_streams import ActiveStreams
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import MAX_UNCONSUMED_CHUNKS, Scheduler
from server.scheduling.task import Chunks


class Counting:
    """Yields its numbers; counts the chunks, and records the threads and whether it was closed."""

    def __init__(self, length: int, *, permits: threading.Semaphore | None = None, log: list | None = None) -> None:
        self.length = length
        self.permits = permits
        self.log = log if log is not None else []
        self.computed = 0
        self.threads: set[threading.Thread] = set()
        self.started = threading.Event()
        self.closed = threading.Event()

    async def chunks(self, clock: PlaybackClock, name: str = "", seconds: float = 0) -> Chunks[bytes]:
        try:
            for number in range(self.length):
                self.started.set()
                self.threads.add(threading.current_thread())
                if self.permits is not None:
                    self.permits.acquire()
                self.computed += 1
                self.log.append(name)
                if seconds:
                    clock.push(seconds)
                yield b"%d" % number
        finally:
            self.closed.set()


def streams_of(workers: int) -> ActiveStreams:
    return ActiveStreams(Scheduler(SchedulerSection(workers=workers)))


async def settle(streams: ActiveStreams) -> None:
    """Waits until the workers are idle."""
    while not streams._scheduler.is_idle:
        await asyncio.sleep(0.001)


async def test_chunks_arrive_in_order_and_are_computed_in_the_pool():
    streams, source = streams_of(2), Counting(100)
    with await streams.open("", source.chunks) as stream:
        assert [chunk async for chunk in stream] == [b"%d" % number for number in range(100)]
    assert source.closed.is_set()
    assert all(thread.name.startswith("speech") for thread in source.threads)
    await streams.close()


@pytest.mark.parametrize("after", [0, 1, 5])
async def test_an_error_arrives_unchanged_behind_the_chunks_before_it(after):
    failure = ZeroDivisionError("unchanged")

    async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
        for _ in range(after):
            yield b"good"
        raise failure

    streams = streams_of(1)
    with await streams.open("", chunks) as stream:
        assert [await anext(stream) for _ in range(after)] == [b"good"] * after
        with pytest.raises(ZeroDivisionError) as caught:
            await anext(stream)
    assert caught.value is failure
    await streams.close()


async def test_a_stream_that_has_ended_stays_at_its_end():
    streams = streams_of(1)
    with await streams.open("", Counting(1).chunks) as stream:
        assert [chunk async for chunk in stream] == [b"0"]
        assert [chunk async for chunk in stream] == []
    await streams.close()


async def test_computing_waits_for_a_client_that_does_not_read():
    streams, source = streams_of(1), Counting(100)
    with await streams.open("", source.chunks) as stream:
        await settle(streams)
        assert source.computed == MAX_UNCONSUMED_CHUNKS + 1
        await anext(stream)
        await settle(streams)
        assert source.computed == MAX_UNCONSUMED_CHUNKS + 2
    await streams.close()


async def test_a_client_that_does_not_read_occupies_no_thread():
    streams, slow, quick = streams_of(1), Counting(100), Counting(100)
    with await streams.open("", slow.chunks) as stalled, await streams.open("", quick.chunks) as flowing:
        await anext(stalled)
        assert len([chunk async for chunk in flowing]) == 100
        assert slow.computed < 10
    await streams.close()


async def test_streams_take_turns_chunk_by_chunk():
    log: list[str] = []
    streams, permits = streams_of(1), threading.Semaphore(0)
    sources = {name: Counting(20, permits=permits, log=log) for name in "abc"}
    opened = [await streams.open("", partial(source.chunks, name=name, seconds=1)) for name, source in sources.items()]
    permits.release(60)

    async def read(stream) -> None:
        with stream:
            async for _ in stream:
                pass

    await asyncio.gather(*map(read, opened))
    assert set(log[: 3 * (MAX_UNCONSUMED_CHUNKS + 1)]) == {"a", "b", "c"}
    assert max(log[:30].count(name) for name in "abc") <= 10 + MAX_UNCONSUMED_CHUNKS + 1
    await streams.close()


async def test_a_disconnect_stops_the_computing_at_the_next_chunk(wait_for_event):
    permits = threading.Semaphore(1)
    streams, source = streams_of(1), Counting(1000, permits=permits)
    with await streams.open("", source.chunks) as stream:
        await anext(stream)
    permits.release(1000)
    await wait_for_event(source.closed)
    assert source.computed <= 2
    await streams.close()


async def test_a_stream_that_is_cancelled_before_it_started_never_starts(wait_for_event):
    permits = threading.Semaphore(0)
    streams, busy, late = streams_of(1), Counting(1, permits=permits), Counting(1)
    with await streams.open("", busy.chunks):
        await wait_for_event(busy.started)
        with await streams.open("", late.chunks):
            await asyncio.sleep(0)
        permits.release()
    await streams.close()
    assert late.computed == 0


async def test_an_error_after_the_client_disconnected_is_logged(wait_for_event, caplog):
    permits = threading.Semaphore(0)
    started = threading.Event()

    async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
        started.set()
        permits.acquire()
        raise ZeroDivisionError
        yield b""

    streams = streams_of(1)
    with await streams.open("", chunks):
        await wait_for_event(started)
    permits.release()
    await streams.close()
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]


async def test_closing_aborts_streams_and_joins_the_threads():
    permits = threading.Semaphore(1)
    streams, source = streams_of(2), Counting(1000, permits=permits)
    with await streams.open("", source.chunks) as stream:
        await anext(stream)
        next_chunk = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(streams.close())
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


async def test_no_stream_starts_after_closing():
    streams = streams_of(1)
    await streams.close()
    with pytest.raises(ShutdownError):
        await streams.open("", Counting(1).chunks)


async def test_a_drain_waits_for_what_is_sent_without_being_computed():
    streams = ActiveStreams(Scheduler(SchedulerSection(workers=1)))
    with streams.sending():
        draining = asyncio.create_task(streams.drain(30))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not draining.done()
        assert len(streams) == 1
    assert await draining
    await streams.close()
