"""One stream for many readers: late ones, slow ones, ones that leave, errors, and streams that are too long to keep."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.cache import shared_stream
from server.cache.shared_stream import SharedStream
from server.errors import ShutdownError, SynthesisError
from server.types import EncodedChunk

SIZE = 100


@pytest.fixture(autouse=True)
def no_pulse(monkeypatch) -> None:
    """Nothing is read ahead because a second has passed."""
    monkeypatch.setattr(shared_stream, "_PULSE_SECONDS", float("inf"))


def chunk(number: int) -> EncodedChunk:
    return EncodedChunk(bytes([number % 256]) * SIZE, 1, None)


class Source:
    """Counts the chunks that were asked for; `limit` of them may be computed without `permit`."""

    def __init__(self, length: int, error: Exception | None = None) -> None:
        self.length = length
        self.error = error
        self.computed = 0
        self.closed = False
        self.cancelled = False
        self.permits = asyncio.Semaphore(10_000)

    def __aiter__(self):
        return self

    async def __anext__(self) -> EncodedChunk:
        await self.permits.acquire()
        if self.computed == self.length:
            if self.error:
                raise self.error
            raise StopAsyncIteration
        self.computed += 1
        return chunk(self.computed - 1)

    def __enter__(self):
        return self

    def __exit__(self, *error: object) -> None:
        self.closed = True

    def cancel(self) -> None:
        self.cancelled = True


class Kept:
    """What is kept of a stream."""

    def __init__(self) -> None:
        self.chunks: Sequence[EncodedChunk] | None = None

    async def __call__(self, chunks: Sequence[EncodedChunk]) -> None:
        self.chunks = chunks


def shared(source: Source, kept: Kept | None = None, *, limit: int = 10**6, finish: bool = False) -> SharedStream:
    async def begin() -> Source:
        return source

    return SharedStream(begin, kept or Kept(), limit=limit, finish=finish)


async def steps() -> None:
    """Lets everything happen that does not wait for something else."""
    for _ in range(50):
        await asyncio.sleep(0)


async def read(reader, count: int) -> list[EncodedChunk]:
    return [await anext(reader) for _ in range(count)]


async def read_all(reader) -> list[EncodedChunk]:
    return [each async for each in reader]


async def test_all_readers_get_all_chunks_and_they_are_computed_once():
    source, kept = Source(20), Kept()
    stream = shared(source, kept)
    readers = [stream.join() for _ in range(10)]
    received = await asyncio.gather(*map(read_all, readers))
    assert received == [[chunk(number) for number in range(20)]] * 10
    assert source.computed == 20
    await stream.task
    assert list(kept.chunks) == received[0]
    assert source.closed


async def test_a_late_reader_gets_what_is_there_first():
    source = Source(10)
    stream = shared(source)
    early = stream.join()
    await read(early, 5)
    late = stream.join()
    assert await read(late, 5) == [chunk(number) for number in range(5)]
    assert source.computed == 5
    assert await read_all(late) == [chunk(number) for number in range(5, 10)]
    assert await read_all(early) == [chunk(number) for number in range(5, 10)]


async def test_nothing_is_computed_that_no_reader_wants():
    source = Source(100)
    stream = shared(source)
    reader = stream.join()
    await steps()
    assert source.computed == 0
    await read(reader, 3)
    await steps()
    assert source.computed == 3
    reader.cancel()


async def test_a_slow_reader_does_not_hold_up_the_others():
    source = Source(50)
    stream = shared(source)
    slow, fast = stream.join(), stream.join()
    await anext(slow)
    assert len(await read_all(fast)) == 50
    assert len(await read_all(slow)) == 49


async def test_the_stream_is_read_now_and_then_while_readers_have_much_to_read(monkeypatch):
    """A stream that is not read for long ends: the scheduler takes that for a client that has stalled."""
    source = Source(100)
    stream = shared(source)
    slow, fast = stream.join(), stream.join()
    await read(fast, 20)
    await steps()
    await read(slow, 5)
    await steps()
    assert source.computed == 20
    monkeypatch.setattr(shared_stream, "_PULSE_SECONDS", 0.0)
    for _ in range(5):
        await read(slow, 1)
        await steps()
    assert source.computed == 25
    await steps()
    assert source.computed == 25  # nobody reads
    slow.cancel()
    fast.cancel()


async def test_the_stream_goes_on_when_the_first_client_leaves():
    source, kept = Source(10), Kept()
    stream = shared(source, kept)
    first, second = stream.join(), stream.join()
    await read(first, 2)
    first.cancel()
    assert len(await read_all(second)) == 10
    await stream.task
    assert len(kept.chunks) == 10


async def test_the_stream_ends_when_all_clients_have_left():
    source, kept = Source(10), Kept()
    stream = shared(source, kept)
    readers = [stream.join() for _ in range(3)]
    await read(readers[0], 2)
    for reader in readers:
        with reader:
            pass
    assert stream.join() is None
    await asyncio.wait([stream.task])
    assert source.closed
    assert kept.chunks is None
    assert source.computed == 2


async def test_it_may_be_finished_for_later_clients():
    source, kept = Source(10), Kept()
    stream = shared(source, kept, finish=True)
    reader = stream.join()
    await read(reader, 2)
    reader.cancel()
    await stream.task
    assert len(kept.chunks) == 10


async def test_a_stream_that_is_too_long_to_keep_is_not_finished_for_nobody():
    source, kept = Source(1000), Kept()
    stream = shared(source, kept, limit=10 * SIZE, finish=True)
    reader = stream.join()
    await read(reader, 2)
    reader.cancel()
    await asyncio.wait([stream.task])
    assert source.computed <= 12
    assert kept.chunks is None


async def test_a_reader_that_leaves_while_it_waits_gets_the_end():
    source = Source(10)
    source.permits = asyncio.Semaphore(1)
    stream = shared(source)
    leaving, staying = stream.join(), stream.join()
    waiting = asyncio.create_task(read_all(leaving))
    await steps()
    leaving.cancel()
    assert await waiting == [chunk(0)]
    with pytest.raises(StopAsyncIteration):
        await anext(leaving)
    staying.cancel()


async def test_an_error_reaches_all_after_the_chunks_before_it():
    error, kept = SynthesisError("NaN"), Kept()
    stream = shared(Source(3, error), kept)
    readers = [stream.join() for _ in range(3)]
    for reader in readers:
        assert len(await read(reader, 3)) == 3
    raised = await asyncio.gather(*map(read_all, readers), return_exceptions=True)
    assert raised == [error] * 3
    assert stream.join() is None
    assert kept.chunks is None


async def test_an_error_at_the_start_reaches_all():
    async def begin():
        await asyncio.sleep(0)
        raise SynthesisError("no voice")

    stream = SharedStream(begin, Kept(), limit=1000, finish=False)
    readers = [stream.join() for _ in range(3)]
    raised = await asyncio.gather(*(reader.until_begun() for reader in readers), return_exceptions=True)
    assert [str(error) for error in raised] == ["no voice"] * 3


async def test_a_closed_stream_is_no_complete_one():
    source = Source(10)
    source.permits = asyncio.Semaphore(2)
    stream = shared(source)
    reader = stream.join()
    await read(reader, 2)
    stream.close()
    with pytest.raises(ShutdownError):
        await anext(reader)
    assert source.closed


async def test_a_stream_that_is_too_long_to_keep_has_a_window():
    """Memory is bounded: the fast reader waits, and what both have read is gone."""
    source, kept = Source(1000), Kept()
    stream = shared(source, kept, limit=10 * SIZE)
    slow, fast = stream.join(), stream.join()
    reading = asyncio.create_task(read_all(fast))
    await steps()
    assert source.computed <= 12
    assert stream.join() is None
    for number in range(990):
        assert await anext(slow) == chunk(number)
        await asyncio.sleep(0)
        assert len(stream._chunks) <= 12
    assert len(await read_all(slow)) == 10
    assert await reading == [chunk(number) for number in range(1000)]
    await stream.task
    assert kept.chunks is None


async def test_a_stalled_reader_that_leaves_frees_the_others_of_a_long_stream():
    source = Source(1000)
    stream = shared(source, limit=10 * SIZE)
    stalled, reader = stream.join(), stream.join()
    reading = asyncio.create_task(read_all(reader))
    await steps()
    assert not reading.done()
    stalled.cancel()
    assert len(await reading) == 1000


async def test_one_reader_alone_has_a_long_stream_without_waiting():
    source = Source(1000)
    stream = shared(source, limit=SIZE)
    assert len(await read_all(stream.join())) == 1000


@settings(max_examples=60)
@given(
    length=st.integers(0, 12),
    limit=st.integers(0, 15),
    actions=st.lists(st.tuples(st.sampled_from(["join", "read", "leave"]), st.integers(0, 4)), max_size=40),
)
def test_whatever_readers_do_each_has_a_part_of_the_stream(length, limit, actions):
    async def scenario() -> None:
        stream = shared(Source(length), limit=limit * SIZE)
        readers, received = [stream.join()], [[]]
        for action, which in actions:
            place = which % len(readers)
            if action == "join":
                reader = stream.join()
                if reader:
                    readers.append(reader)
                    received.append([])
            elif action == "leave":
                readers[place].cancel()
            else:
                try:
                    async with asyncio.timeout(0.01):  # it may have to wait for a slower one
                        received[place].append(await anext(readers[place]))
                except (StopAsyncIteration, TimeoutError):
                    pass
        for reader in readers:
            reader.cancel()
        await asyncio.wait([stream.task])
        assert all(part == [chunk(number) for number in range(len(part))] for part in received)

    asyncio.run(scenario())
