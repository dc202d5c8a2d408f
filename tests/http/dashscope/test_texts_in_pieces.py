"""Tasks whose text comes in pieces, as those of CosyVoice: sentences, flush, finish, cancel and limits of time."""

import asyncio
import threading

import pytest

from server.audio.encoders import OutputFormat, create_encoder
from server.http.app import SERVICES
from tests.http.dashscope.raw_client import Closed, audio_of, names


def expected_pcm(demo, *sentences: str) -> bytes:
    encoder = create_encoder(OutputFormat("pcm"), demo.voice.rate)
    return b"".join(encoder.encode(demo.chunk(number)) for text in sentences for number in range(len(text)))


async def start(raw, task_id: str = "a", **parameters) -> None:
    await raw.run(task_id=task_id, model="cosyvoice-v2", voice="demo", **parameters)
    assert names([await raw.receive()]) == ["task-started"]


async def add(raw, text: str, **more) -> None:
    await raw.send("continue-task", input={"text": text, **more})


async def until_frames(raw, count: int) -> list:
    """What is received up to a number of binary frames, or the end of the connection."""
    received = []
    while sum(isinstance(message, bytes) for message in received) < count:
        received.append(await raw.receive())
        assert not isinstance(received[-1], Closed), names(received)
    return received


async def test_a_text_in_pieces_is_spoken_sentence_by_sentence(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        await start(raw)
        for piece in ("今天很", "好。明", "天呢？好"):
            await add(raw, piece)
        await raw.send("finish-task", input={})
        received = await raw.until("task-finished", "task-failed")
    assert received[-1]["payload"]["usage"] == {"characters": 18}
    assert [request[0] for request in demo.requests] == ["今天很好。", "明天呢？", "好"]
    assert audio_of(received) == expected_pcm(demo, "今天很好。", "明天呢？", "好")


async def test_a_sentence_is_spoken_while_the_text_still_comes(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        await start(raw)
        await add(raw, "今天很好。明")
        assert audio_of(await until_frames(raw, 5)) == expected_pcm(demo, "今天很好。")
        assert [request[0] for request in demo.requests] == ["今天很好。"]
        await raw.send("finish-task", input={})
        assert audio_of(await raw.until("task-finished")) == expected_pcm(demo, "明")


async def test_a_flush_speaks_the_text_so_far(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        await start(raw)
        await add(raw, "今天")
        await raw.send("continue-task", input={"flush": True})
        assert audio_of(await until_frames(raw, 2)) == expected_pcm(demo, "今天")
        await add(raw, "很好", flush=True)
        assert audio_of(await until_frames(raw, 2)) == expected_pcm(demo, "很好")
        await raw.send("finish-task", input={})
        assert names(await raw.until("task-finished"))[-1] == "task-finished"


async def test_text_may_come_with_the_first_and_the_last_message(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        parameters = {"voice": "demo", "format": "pcm", "sample_rate": 16000}
        await raw.send("run-task", model="cosyvoice-v2", input={"text": "今天"}, parameters=parameters)
        await raw.send("finish-task", input={"text": "好"})
        assert audio_of(await raw.until("task-finished")) == expected_pcm(demo, "今天好")


@pytest.mark.parametrize(("text", "end"), [("", "task-finished"), (" \n", "task-failed"), ("……😀", "task-failed")])
async def test_no_text_is_no_mistake_but_text_without_anything_to_speak_is(serving, connect, text, end):
    async with serving() as client, connect(client) as raw:
        await start(raw)
        await add(raw, text)
        await raw.send("finish-task", input={})
        assert names(await raw.until("task-finished", "task-failed")) == [end]


async def test_the_marks_of_markdown_are_removed_if_that_is_asked_for(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        await start(raw, enable_markdown_filter=True)
        for piece in ("- *", "*今天*", "*好\n"):
            await add(raw, piece)
        await raw.send("continue-task", input={"flush": True})
        await add(raw, "# 明天")
        await raw.send("finish-task", input={})
        await raw.until("task-finished")
    assert [request[0].strip() for request in demo.requests] == ["今天好", "明天"]


async def test_a_cancelled_task_is_finished_and_computes_nothing_more(serving, connect, demo, wait_for_event):
    demo.permits = threading.Semaphore(1)
    async with serving() as client, connect(client) as raw:
        await start(raw)
        await add(raw, "字" * 100 + "。" + "字" * 100)
        assert len(await until_frames(raw, 1)) >= 1
        await raw.send("finish-task", input={"directive": "cancel"})
        assert names(await raw.until("task-finished")) == ["task-finished"]
        demo.permits.release(1000)
        await wait_for_event(demo.closed)
        assert demo.computed <= 2


async def test_a_cancelled_task_that_waits_for_text_ends(serving, connect):
    async with serving(workers=1) as client, connect(client) as raw:
        await start(raw)
        await raw.send("finish-task", input={"directive": "cancel"})
        assert names(await raw.until("task-finished")) == ["task-finished"]
        while (await (await client.get("/health")).json())["load"]["streams"]:
            await asyncio.sleep(0.001)


async def test_a_task_without_text_for_too_long_fails(serving, connect, time_passes):
    async with serving(dashscope={"text_timeout": 99.5}) as client, connect(client) as raw:
        await start(raw)
        await add(raw, "今天")
        (connection,) = client.app[SERVICES].websocket._connections
        while connection._timer.when() is None:  # the text is being taken
            await asyncio.sleep(0.01)
        await time_passes(99.5)
        received = await raw.until()
        assert names(received) == ["task-failed", "closed"]
        assert received[0]["header"]["error_code"] == "RequestTimeOut"
        assert "request timeout after 99.5 seconds" in received[0]["header"]["error_message"]
        while (await (await client.get("/health")).json())["load"]["streams"]:
            await asyncio.sleep(0.001)


async def test_the_text_limit_does_not_count_after_the_last_text(serving, connect, demo, time_passes):
    demo.permits = threading.Semaphore(0)
    async with serving(dashscope={"text_timeout": 100}) as client, connect(client) as raw:
        await start(raw)
        await add(raw, "今天")
        await raw.send("finish-task", input={})
        while not demo.requests:
            await asyncio.sleep(0.01)
        await time_passes(150)
        demo.permits.release(10)
        assert names(await raw.until("task-finished", "task-failed"))[-1] == "task-finished"


async def test_the_text_limit_does_not_count_while_the_client_does_not_read(serving, connect, demo, time_passes):
    demo.samples_per_chunk = 500_000  # a megabyte, more than the socket buffers hold
    async with serving(dashscope={"text_timeout": 60}) as client, connect(client) as raw:
        await start(raw)
        await add(raw, "字" * 30, flush=True)
        (connection,) = client.app[SERVICES].websocket._connections
        while not connection._request.protocol.writing_paused:
            await asyncio.sleep(0.01)
        await time_passes(90)  # less than a client may not read
        await until_frames(raw, 30)
        await raw.send("finish-task", input={})
        assert names(await raw.until("task-finished", "task-failed")) == ["task-finished"]


async def test_a_text_that_grows_too_long_fails(serving, connect):
    async with serving(max_characters=10) as client, connect(client) as raw:
        await start(raw)
        for _ in range(3):
            await add(raw, "字字字字")
        received = await raw.until()
    assert names(received)[-2:] == ["task-failed", "closed"]
    assert received[-2]["header"]["error_code"] == "InvalidParameter"
    assert "limit is 10" in received[-2]["header"]["error_message"]


async def test_markdown_that_is_removed_counts_too(serving, connect):
    async with serving(max_characters=10) as client:
        async with connect(client) as raw:
            await start(raw, enable_markdown_filter=True)
            await add(raw, "* " * 5)
            await add(raw, "*")
            failed = (await raw.until())[-2]
            assert "input has 11 characters, the limit is 10" in failed["header"]["error_message"]
        async with connect(client) as raw:
            await raw.run("* " * 5 + "好", enable_markdown_filter=True)
            failed = (await raw.until())[-2]
            assert "input has 11 characters, the limit is 10" in failed["header"]["error_message"]


async def test_half_of_a_surrogate_pair_is_no_character_of_its_own(serving, connect):
    async with serving(max_characters=2) as client, connect(client) as raw:
        await start(raw)
        for piece in ("好\ud83d", "\ude00"):
            await add(raw, piece)
        await raw.send("finish-task")
        assert names(await raw.until("task-finished", "task-failed"))[-1] == "task-finished"


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([("continue-task", "a", {"text": "好"})], "no task is running"),
        ([("finish-task", "a", {})], "no task is running"),
        ([("finish-task", "a", {"directive": "cancel"})], "no task is running"),
        ([("run-task", "a", {}), ("run-task", "a", {})], "task 'a' is running"),
        ([("run-task", "a", {}), ("continue-task", "b", {"text": "好"})], "the running task is 'a', not 'b'"),
        ([("run-task", "a", {}), ("finish-task", "b", {})], "the running task is 'a', not 'b'"),
        ([("run-task", "a", {}), ("continue-task", "a", {})], "neither text nor flush"),
        ([("run-task", "a", {}), ("continue-task", "a", {"flush": 1})], "payload.input.flush"),
        ([("run-task", "a", {}), ("finish-task", "a", {"directive": "stop"})], "payload.input.directive"),
        (
            [("run-task", "a", {}), ("finish-task", "a", {"text": "字"}), ("continue-task", "a", {"text": "好"})],
            "was finished",
        ),
        ([("run-task", "a", {}), ("finish-task", "a", {"text": "字"}), ("finish-task", "a", {})], "was finished"),
    ],
)
async def test_a_wrong_order_fails_and_the_next_connection_works(serving, connect, demo, messages, said):
    demo.permits = threading.Semaphore(0)
    async with serving() as client:
        async with connect(client) as raw:
            for action, task_id, content in messages:
                model = {"model": "cosyvoice-v2"} if action == "run-task" else {}
                await raw.send(action, task_id, input=content, **model)
            received = await raw.until()
        assert names(received)[-2:] == ["task-failed", "closed"]
        header = received[-2]["header"]
        assert (header["task_id"], header["error_code"]) == (messages[-1][1], "InvalidParameter")
        assert said in header["error_message"]
        demo.permits.release(100)
        async with connect(client) as raw:
            await start(raw)
            await raw.send("finish-task", input={"text": "好"})
            assert names(await raw.until("task-finished"))[-1] == "task-finished"


@pytest.mark.parametrize("action", ["continue-task", "finish-task"])
async def test_a_whole_text_takes_no_more_text(serving, connect, demo, action):
    demo.permits = threading.Semaphore(0)
    async with serving() as client, connect(client) as raw:
        await raw.run("今天")
        await raw.send(action, input={"text": "好"})
        received = await raw.until()
        demo.permits.release(10)
    assert names(received) == ["task-started", "task-failed", "closed"]
    assert "the text of this task was whole" in received[1]["header"]["error_message"]
