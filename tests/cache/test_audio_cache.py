"""The tiers together: what is found where, who computes, limits, slow and damaged disks, restarts."""

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest

from server.cache import AudioCache, audio_cache, disk_worker
from server.cache.disk_tier import DiskTier
from server.cache.disk_worker import DiskWorker
from server.cache.entry import Entry
from server.config import CacheSection, Config, StorageSection
from server.errors import BusyError, SynthesisError
from server.types import EncodedChunk, SentenceTiming

KEY, OTHER = "a" * 64, "b" * 64
SENTENCE = SentenceTiming("你好", 0, 2, 0, 3, 16000, ())
CHUNKS = [EncodedChunk(b"one", 1, SENTENCE), EncodedChunk(b"two", 2, None)]


class Computing:
    """Begins streams, and counts them."""

    def __init__(self, chunks=CHUNKS, error: Exception | None = None) -> None:
        self.chunks = chunks
        self.error = error
        self.begun = 0
        self.may_begin = asyncio.Event()
        self.may_begin.set()

    async def __call__(self):
        self.begun += 1
        await self.may_begin.wait()
        if self.error:
            raise self.error
        return Stream(self.chunks)


class Stream:
    def __init__(self, chunks) -> None:
        self._chunks = iter(chunks)

    def __aiter__(self):
        return self

    async def __anext__(self) -> EncodedChunk:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration

    def __enter__(self):
        return self

    def __exit__(self, *error: object) -> None: ...

    def cancel(self) -> None: ...


def files(folder: Path) -> list[str]:
    return [path.suffix for path in (folder / "data" / "cache").iterdir()]


@pytest.fixture
def create(tmp_path, monkeypatch):
    """`create(memory_mb=1)`: a cache of this configuration that was started; it waits for its disk, however long."""
    monkeypatch.setattr(audio_cache, "DiskWorker", partial(DiskWorker, read_seconds=60))
    monkeypatch.setattr(disk_worker, "_CLOSING_SECONDS", 60)

    def create(**settings: object) -> AudioCache:
        section = CacheSection.model_validate({"memory_mb": 1, **settings})
        cache = AudioCache(Config(cache=section, storage=StorageSection(path=tmp_path / "data")))
        cache.start()
        return cache

    return create


async def audio(cache: AudioCache, key: str, computing: Computing) -> tuple[str, bytes]:
    opened = await cache.open(key, computing)
    with opened.chunks as chunks:
        return opened.status, b"".join([chunk.data async for chunk in chunks])


async def test_an_equal_request_is_answered_from_memory(create):
    cache, computing = create(), Computing()
    assert await audio(cache, KEY, computing) == ("miss", b"onetwo")
    await cache.settle()
    assert await audio(cache, KEY, computing) == ("hit", b"onetwo")
    assert await audio(cache, OTHER, Computing([EncodedChunk(b"x", 1, None)])) == ("miss", b"x")
    assert computing.begun == 1
    report = cache.report()
    assert (report.memory.hits, report.disk.hits, report.misses, report.shared) == (1, 0, 2, 0)
    assert 0 < report.memory.bytes < report.memory.limit == 2**20
    await cache.close()


async def test_a_hundred_equal_requests_at_a_time_compute_once(create):
    cache, computing = create(), Computing()
    answers = await asyncio.gather(*(audio(cache, KEY, computing) for _ in range(100)))
    assert {body for _, body in answers} == {b"onetwo"}
    assert sorted(status for status, _ in answers) == ["miss"] + ["shared"] * 99
    assert computing.begun == 1
    assert (cache.report().misses, cache.report().shared) == (1, 99)
    await cache.close()


async def test_times_are_kept_with_the_audio(create):
    cache = create()
    await audio(cache, KEY, Computing())
    await cache.settle()
    for times, expected in ((True, [SENTENCE]), (False, [])):
        opened = await cache.open(KEY, Computing(), times=times)
        assert [chunk.sentence async for chunk in opened.chunks if chunk.sentence] == expected
    await cache.close()


async def test_files_outlive_a_restart(create):
    first = create(disk_mb=1)
    await audio(first, KEY, Computing())
    await first.settle()
    await first.close()
    second, computing = create(disk_mb=1), Computing()
    assert await audio(second, KEY, computing) == ("hit", b"onetwo")
    assert await audio(second, KEY, computing) == ("hit", b"onetwo")
    assert computing.begun == 0
    await second.settle()  # the files are listed
    report = second.report()
    assert (report.disk.hits, report.memory.hits, report.disk.entries) == (1, 1, 1)
    await second.close()


async def test_a_hundred_requests_for_one_file_read_it_once(create, monkeypatch):
    first = create(disk_mb=1)
    await audio(first, KEY, Computing())
    await first.settle()
    await first.close()
    reads = []
    read = DiskTier.read
    monkeypatch.setattr(DiskTier, "read", lambda self, key: reads.append(key) or read(self, key))
    second = create(disk_mb=1)
    answers = await asyncio.gather(*(audio(second, KEY, Computing()) for _ in range(100)))
    assert set(answers) == {("hit", b"onetwo")}
    assert reads == [KEY]
    await second.close()


async def test_without_a_disk_nothing_is_written(create, tmp_path):
    cache = create()
    await audio(cache, KEY, Computing())
    await cache.settle()
    await cache.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_damaged_file_is_computed_again(create, tmp_path):
    first = create(disk_mb=1)
    await audio(first, KEY, Computing())
    await first.settle()
    await first.close()
    file = next((tmp_path / "data" / "cache").iterdir())
    file.write_bytes(file.read_bytes()[:-1])
    second, computing = create(disk_mb=1), Computing()
    assert await audio(second, KEY, computing) == ("miss", b"onetwo")
    await second.settle()
    await second.close()
    assert (computing.begun, second.report().errors) == (1, 1)
    third = create(disk_mb=1)
    assert await audio(third, KEY, computing) == ("hit", b"onetwo")
    await third.close()


async def test_a_disk_that_does_not_answer_costs_a_request_little(tmp_path, caplog):
    """The disk is blocked until the end of the test."""
    blocked = threading.Event()

    class BlockedTier(DiskTier):
        def read(self, key: str) -> Entry | None:
            blocked.wait()
            return None

    worker = DiskWorker(BlockedTier(tmp_path, 2**20), read_seconds=0.01)
    try:
        assert await worker.read(KEY) is None
        assert await worker.read(OTHER) is None  # not even tried
        assert [record.getMessage() for record in caplog.records] == [
            "the cache: the disk took more than 0.01 s to read; it is not read for a while"
        ]
    finally:
        blocked.set()
        await worker.close()


async def test_a_disk_that_writes_too_slowly_is_not_waited_for(tmp_path, monkeypatch, caplog):
    blocked = threading.Event()

    class BlockedTier(DiskTier):
        def write(self, key: str, entry: Entry) -> None:
            blocked.wait()

    monkeypatch.setattr(disk_worker, "MAX_WAITING_BYTES", 100)
    tier = BlockedTier(tmp_path, 2**20)
    worker = DiskWorker(tier)
    entry = Entry(bytes(40))
    for key in "abcd":
        worker.write(key * 64, entry)
    assert tier.errors == 2
    assert "too slow to write" in caplog.text
    blocked.set()
    await worker.settle()
    worker.write(KEY, entry)
    assert tier.errors == 2
    await worker.close()


async def test_what_waits_to_be_written_is_not_computed_again(create, monkeypatch):
    """With a cache on the disk alone, whose disk is slow."""
    may_write, writes = threading.Event(), []
    write = DiskTier.write

    def write_later(self: DiskTier, key: str, entry: Entry) -> None:
        may_write.wait()
        writes.append(key)
        write(self, key, entry)

    monkeypatch.setattr(DiskTier, "write", write_later)
    cache, computing = create(memory_mb=0, disk_mb=1), Computing()
    assert await audio(cache, KEY, computing) == ("miss", b"onetwo")
    while len(asyncio.all_tasks()) > 1:  # the stream can be joined until then
        await asyncio.sleep(0)
    status, (again, _) = cache.status(KEY), await audio(cache, KEY, computing)
    may_write.set()
    assert (status, again) == ("hit", "hit")
    await cache.settle()
    assert await audio(cache, KEY, computing) == ("hit", b"onetwo")
    assert (computing.begun, writes) == (1, [KEY])
    await cache.close()


async def test_a_refusal_of_one_client_is_not_that_of_another(create):
    """The first one is over its limit; those that wait for its stream begin their own."""
    cache = create()
    refused, admitted = Computing(error=BusyError("full", retry_after=1)), Computing()
    refused.may_begin.clear()
    tasks = [asyncio.create_task(audio(cache, KEY, refused))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(audio(cache, KEY, admitted)) for _ in range(3)]
    await asyncio.sleep(0)
    refused.may_begin.set()
    error, *answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(error, BusyError)
    assert sorted(answers) == [("miss", b"onetwo"), ("shared", b"onetwo"), ("shared", b"onetwo")]
    assert (refused.begun, admitted.begun) == (1, 1)
    await cache.close()


async def test_any_other_error_reaches_all(create):
    cache, computing = create(), Computing(error=SynthesisError("NaN"))
    answers = await asyncio.gather(*(audio(cache, KEY, computing) for _ in range(5)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["NaN"] * 5
    assert computing.begun == 1
    assert await audio(cache, KEY, Computing()) == ("miss", b"onetwo")
    await cache.close()


async def test_a_client_that_leaves_before_the_stream_begins_does_not_end_it_for_others(create):
    cache, computing = create(), Computing()
    computing.may_begin.clear()
    first = asyncio.create_task(audio(cache, KEY, computing))
    await asyncio.sleep(0)
    second = asyncio.create_task(audio(cache, KEY, computing))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    computing.may_begin.set()
    assert await second == ("shared", b"onetwo")
    assert computing.begun == 1
    await cache.close()


async def test_what_does_not_stand_for_its_key_any_more_is_not_kept(create):
    cache, computing = create(), Computing()
    for _ in range(2):
        opened = await cache.open(KEY, computing, keep=lambda: False)
        assert [chunk.data async for chunk in opened.chunks] == [b"one", b"two"]
        await cache.settle()
    assert computing.begun == 2
    await cache.close()


async def test_nobody_shares_a_background_stream(create):
    cache, slow, live = create(), Computing(), Computing()
    slow.may_begin.clear()
    background = asyncio.create_task(cache.open(KEY, slow, background=True))
    await asyncio.sleep(0)
    assert await audio(cache, KEY, live) == ("miss", b"onetwo")
    slow.may_begin.set()
    (await background).chunks.cancel()
    await cache.close()


async def test_a_long_stream_is_not_kept_and_its_memory_is_bounded(create):
    cache = create(memory_mb=1)
    computing = Computing([EncodedChunk(bytes(1000), 1, None)] * 1000)
    for _ in range(2):
        status, body = await audio(cache, KEY, computing)
        assert (status, len(body)) == ("miss", 1_000_000)
    assert cache.report().memory.entries == 0
    await cache.close()


async def test_the_least_recently_used_entries_leave(create):
    cache = create(memory_mb=1)
    keys = [f"{number:064x}" for number in range(10)]
    for key in keys:
        await audio(cache, key, Computing([EncodedChunk(bytes(200_000), 1, None)]))
        await cache.settle()
        assert cache.status(keys[0]) == "hit"
        await audio(cache, keys[0], Computing())
    assert [key for key in keys if cache.status(key) == "hit"] == [keys[0], *keys[-4:]]
    assert (cache.report().memory.evictions, cache.report().memory.entries) == (5, 5)
    await cache.close()


async def test_what_is_computed_at_a_time_holds_no_more_memory_than_the_cache(create, monkeypatch):
    monkeypatch.setattr(audio_cache, "_LARGEST_ENTRY", 2**18)
    cache = create(memory_mb=1)
    chunk = EncodedChunk(bytes(2**16), 1, None)
    opened = [await cache.open(f"{number:064}", Computing([chunk] * 4)) for number in range(8)]
    for _ in range(3):
        for each in opened:
            assert await anext(each.chunks) == chunk
        assert sum(stream.held_bytes for stream in cache._running) <= 2**20
    for each in opened:
        assert [left async for left in each.chunks] == [chunk], "each client gets all of its stream"
    await cache.close()


async def test_other_limits_apply_while_it_runs(create, tmp_path):
    cache = create()
    await audio(cache, KEY, Computing())
    await cache.settle()

    async def reconfigure(**settings: int) -> None:
        cache.reconfigure(Config(cache=CacheSection(**settings), storage=StorageSection(path=tmp_path / "data")))
        await cache.settle()

    await reconfigure(memory_mb=0, disk_mb=1)
    assert await audio(cache, KEY, Computing()) == ("miss", b"onetwo")
    await cache.settle()
    assert cache.report().disk.entries == 1
    await reconfigure(memory_mb=0, disk_mb=0)
    assert not cache.enabled
    await reconfigure(memory_mb=1, disk_mb=1)
    assert await audio(cache, KEY, Computing()) == ("hit", b"onetwo")
    await cache.close()


async def test_closing_writes_what_was_computed(create, tmp_path):
    cache = create(disk_mb=1)
    await audio(cache, KEY, Computing())
    while not cache.report().memory.entries:
        await asyncio.sleep(0)
    await cache.close()
    assert files(tmp_path) == [".audio"]
