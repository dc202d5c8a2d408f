"""The cache over HTTP: where an answer comes from, single flight, ranges, events, labels, and clients that leave."""

import asyncio
import threading
from functools import partial

import pytest
from aiohttp import ClientPayloadError

from server.cache.disk_worker import DiskWorker
from server.errors import SynthesisError
from server.http.app import SERVICES
from tests.http.test_disconnection import disconnect, send_request
from tests.http.test_get_speech import wav_url, whole_wav
from tests.http.test_speech import PATH, expected_pcm
from tests.http.test_speech_events import audio_of, events_of

ON = {"memory_mb": 8}
TEXT = "今天天气很好"
PCM = {"input": TEXT, "response_format": "pcm"}


async def post(client, body=PCM, **headers: str) -> tuple[str, bytes]:
    answer = await client.post(PATH, json=body, headers=headers)
    assert answer.status == 200
    return answer.headers["X-Cache"], await answer.read()


async def until_kept(client, body=PCM) -> None:
    """Asks, and waits until the answer is kept: that is a moment after its end, which may be called a hit already."""
    await post(client, body)
    await client.app[SERVICES].cache.settle()


async def test_the_second_of_two_equal_requests_is_not_computed(serving, demo):
    async with serving(cache=ON) as client:
        assert await post(client) == ("miss", expected_pcm(demo, TEXT))
        await until_kept(client)
        assert await post(client) == ("hit", expected_pcm(demo, TEXT))
        assert await post(client, {**PCM, "speaker": "F7", "model": "x"}) == ("hit", expected_pcm(demo, TEXT))
        assert (await post(client, {**PCM, "speaker": "M7"}))[0] == "miss"
    assert len(demo.requests) == 2


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac", "wav", "pcm", "webm"])
async def test_a_hit_is_what_was_computed(serving, name):
    body = {**PCM, "response_format": name}
    async with serving(cache=ON) as client:
        first = await client.post(PATH, json=body)
        expected = await first.read()
        await until_kept(client, body)
        second = await client.post(PATH, json=body)
        assert await second.read() == expected
        names = {name.lower() for name in (*first.headers, *second.headers)} - {"x-cache", "x-request-id", "date"}
        assert {each: first.headers.get(each) for each in names} == {each: second.headers.get(each) for each in names}


async def test_a_hundred_equal_requests_at_once_compute_once(serving, demo):
    demo.permits = threading.Semaphore(0)
    async with serving(cache=ON, max_streams=1) as client:
        asked = [asyncio.create_task(post(client)) for _ in range(100)]
        while not demo.requests:
            await asyncio.sleep(0.001)
        demo.permits.release(len(TEXT))
        answers = await asyncio.gather(*asked)
    assert {body for _, body in answers} == {expected_pcm(demo, TEXT)}
    assert {status for status, _ in answers} <= {"miss", "shared", "hit"}
    assert [status for status, _ in answers].count("miss") == 1
    assert (len(demo.requests), demo.computed) == (1, len(TEXT))


async def test_those_who_share_hear_the_first_chunk_at_once(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving(cache=ON) as client:
        answers = []
        for _ in range(3):
            answer = await client.post(PATH, json=PCM)
            answers.append((answer.headers["X-Cache"], await answer.content.readexactly(320)))
        assert demo.computed == 1
        demo.permits.release(len(TEXT))
    assert [status for status, _ in answers] == ["miss", "shared", "shared"]
    assert {part for _, part in answers} == {expected_pcm(demo, TEXT)[:320]}


async def test_a_hit_needs_no_place(serving, demo):
    async with serving(cache=ON, max_streams=1, limits={"queue_seconds": 0}) as client:
        await until_kept(client)
        demo.permits = threading.Semaphore(0)
        running = asyncio.create_task(client.post(PATH, json={**PCM, "input": "别的"}))
        while len(demo.requests) < 2:
            await asyncio.sleep(0.001)
        refused = await client.post(PATH, json={**PCM, "input": "第三个"})
        assert refused.status == 429
        assert (await post(client))[0] == "hit"
        demo.permits.release(10)
        assert (await running).status == 200


@pytest.mark.parametrize("directive", ["no-store", "no-cache", "max-age=0, No-Cache"])
async def test_a_client_may_have_its_audio_computed(serving, demo, directive):
    async with serving(cache=ON) as client:
        await until_kept(client)
        computed = len(demo.requests)
        assert await post(client, **{"Cache-Control": directive}) == ("bypass", expected_pcm(demo, TEXT))
        assert len(demo.requests) == computed + 1
        assert (await post(client, **{"Cache-Control": "max-age=0"}))[0] == "hit"
        other = {**PCM, "input": "别的"}
        await post(client, other, **{"Cache-Control": directive})
        assert (await post(client, other))[0] == "miss"  # it was not kept


async def test_without_a_cache_every_request_is_computed(serving, demo):
    async with serving(cache={"memory_mb": 0}) as client:
        for _ in range(2):
            assert await post(client) == ("bypass", expected_pcm(demo, TEXT))
    assert len(demo.requests) == 2


async def test_events_and_audio_have_one_entry(serving, demo):
    sse = {**PCM, "stream_format": "sse", "timestamps": True}
    async with serving(cache=ON) as client:
        assert (await post(client))[0] == "miss"
        await until_kept(client)
        status, events = await post(client, sse)
        assert status == "hit"
        fresh = (await post(client, sse, **{"Cache-Control": "no-store"}))[1]
    assert len(demo.requests) == 2
    assert audio_of(events_of(events)) == audio_of(events_of(fresh)) == expected_pcm(demo, TEXT)
    others = [[event for event in events_of(each) if event["type"] != "speech.audio.delta"] for each in (events, fresh)]
    assert others[0] == others[1]


async def test_parts_of_a_file_are_computed_once(serving, demo):
    async with serving(cache=ON) as client:
        expected = whole_wav(demo, TEXT)
        statuses, tags = [], set()
        for first in (0, 100, 44):
            answer = await client.get(wav_url(TEXT), headers={"Range": f"bytes={first}-{first + 50}"})
            assert (answer.status, await answer.read()) == (206, expected[first : first + 51])
            statuses.append(answer.headers["X-Cache"])
            tags.add(answer.headers["ETag"])
            while (await client.get(wav_url(TEXT), headers={"Range": "bytes=1-1"})).headers["X-Cache"] != "hit":
                await asyncio.sleep(0.001)
        beyond = await client.get(wav_url(TEXT), headers={"Range": "bytes=999999-"})
        assert (beyond.status, beyond.headers["X-Cache"]) == (416, "hit")
    assert statuses == ["miss", "hit", "hit"]
    assert len(tags) == 1
    assert len(demo.requests) == 1


async def test_players_that_seek_at_the_same_time_share_one_file(serving, demo):
    async with serving(cache=ON, max_streams=1) as client:
        wanted = [client.get(wav_url(TEXT), headers={"Range": f"bytes={first}-"}) for first in range(1, 9)]
        answers = await asyncio.gather(*wanted)
        assert {answer.status for answer in answers} == {206}
    assert len(demo.requests) == 1


async def test_head_says_whether_get_would_compute(serving, demo):
    async with serving(cache=ON) as client:
        assert (await client.head(wav_url(TEXT))).headers["X-Cache"] == "miss"
        await until_kept(client, {"input": TEXT, "response_format": "wav"})
        computed = len(demo.requests)
        assert (await client.head(wav_url(TEXT))).headers["X-Cache"] == "hit"
        assert len(demo.requests) == computed


async def test_a_label_has_the_number_of_its_bytes(serving):
    """A kept file keeps its label; a computed one has its own."""
    label = {"enabled": True, "producer": "某某科技"}
    async with serving(cache=ON, label=label) as client:

        async def number(**headers: str) -> str:
            answer = await client.post(PATH, json={"input": TEXT}, headers=headers)
            body = await answer.read()
            assert answer.headers["X-AIGC-Produce-ID"].encode() in body
            return answer.headers["X-AIGC-Produce-ID"]

        kept = [await number() for _ in range(3)]
        fresh = [await number(**{"Cache-Control": "no-store"}) for _ in range(2)]
    assert len(set(kept)) == 1
    assert len({*kept, *fresh}) == 3


async def test_the_computing_goes_on_while_somebody_listens(serving, demo, wait_for_event):
    demo.permits = threading.Semaphore(1)
    async with serving(cache=ON) as client:
        reader, writer = await send_request(client, TEXT)
        await reader.readuntil(b"\r\n\r\n")
        second = await client.post(PATH, json=PCM)
        assert second.headers["X-Cache"] == "shared"
        await disconnect(client, writer)
        demo.permits.release(1000)
        assert await second.read() == expected_pcm(demo, TEXT)
    assert len(demo.requests) == 1


async def test_the_computing_ends_when_all_have_left(serving, demo, wait_for_event):
    demo.permits = threading.Semaphore(1)
    async with serving(cache=ON) as client:
        clients = []
        for _ in range(3):
            reader, writer = await send_request(client, "字" * 1000)
            await reader.readuntil(b"\r\n\r\n")
            clients.append(writer)
        for writer in clients:
            await disconnect(client, writer)
        demo.permits.release(1000)
        await wait_for_event(demo.closed)
        assert demo.computed <= 2


async def test_with_finish_it_is_computed_for_those_who_come_later(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving(cache={**ON, "finish": True}) as client:
        reader, writer = await send_request(client, TEXT)
        await reader.readuntil(b"\r\n\r\n")
        await disconnect(client, writer)
        demo.permits.release(1000)
        while (await post(client))[0] != "hit":
            await asyncio.sleep(0.001)
    assert len(demo.requests) == 1


async def test_a_failure_reaches_all_and_is_not_kept(serving, demo):
    demo.permits = threading.Semaphore(1)
    demo.fails_after = (2, SynthesisError("NaN in the mel"))
    async with serving(cache=ON) as client:
        answers = [await client.post(PATH, json=PCM) for _ in range(3)]
        demo.permits.release(1000)
        for answer in answers:
            with pytest.raises(ClientPayloadError):
                await answer.read()
        demo.fails_after = None
        assert await post(client) == ("miss", expected_pcm(demo, TEXT))


async def test_a_failure_before_the_first_chunk_is_an_error_for_all(serving, demo):
    demo.fails_after = (0, SynthesisError("NaN in the mel"))
    async with serving(cache=ON) as client:
        answers = await asyncio.gather(*(client.post(PATH, json=PCM) for _ in range(5)))
        assert {answer.status for answer in answers} == {500}


async def test_a_restarted_server_has_its_files(serving, demo, tmp_path, monkeypatch):
    patient = partial(DiskWorker, read_seconds=60.0)  # else a slow disk is a miss
    monkeypatch.setattr("server.cache.audio_cache.DiskWorker", patient)
    settings = {"cache": {"memory_mb": 0, "disk_mb": 8}, "storage": {"path": str(tmp_path / "data")}}
    async with serving(**settings) as client:
        assert (await post(client))[0] == "miss"
        await until_kept(client)
    async with serving(**settings) as client:
        assert await post(client) == ("hit", expected_pcm(demo, TEXT))
        file = next((tmp_path / "data" / "cache").iterdir())
        file.write_bytes(file.read_bytes()[:-1])
        assert await post(client) == ("miss", expected_pcm(demo, TEXT))


async def test_a_device_that_failed_meanwhile_is_not_kept_under_the_old_key(serving, registry, demo):
    demo.permits = threading.Semaphore(1)
    async with serving(cache=ON) as client:
        answer = await client.post(PATH, json=PCM)
        registry.provider = "cuda"
        demo.permits.release(1000)
        await answer.read()
        registry.provider = "cpu"
        assert (await post(client))[0] == "miss"
