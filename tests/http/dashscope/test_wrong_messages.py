"""Messages that are wrong, or wrong at their moment: a failed task and the reason, and the next connection works."""

import json
from typing import Any

import pytest

from tests.http.dashscope.raw_client import Closed, names

RUN = {
    "header": {"action": "run-task", "task_id": "a", "streaming": "out"},
    "payload": {"model": "demo", "input": {"text": "好"}, "parameters": {"format": "pcm"}},
}


def changed(path: str, value: Any) -> str:
    """`RUN` with another value at a path such as `payload.model`."""
    message = json.loads(json.dumps(RUN))
    *parents, last = path.split(".")
    place = message
    for parent in parents:
        place = place[parent]
    place[last] = value
    return json.dumps(message)


async def fails(raw: Any) -> dict[str, Any]:
    """The failure that comes next, with the close frame behind it."""
    failed, closed = await raw.receive(), await raw.receive()
    assert names([failed, closed]) == ["task-failed", "closed"]
    assert failed["header"]["error_code"] == "InvalidParameter"
    assert isinstance(closed, Closed)
    assert closed.code == 1008
    assert closed.reason
    return failed["header"]


@pytest.mark.parametrize(
    ("frame", "task_id", "said"),
    [
        ("", "", "not valid JSON"),
        ("{", "", "not valid JSON"),
        ("[1]", "", "JSON object"),
        ('"run-task"', "", "JSON object"),
        ("[" * 100_000, "", "not valid JSON"),
        ('{"header": ' * 500 + "1" + "}" * 500, "", "header.action"),
        ('{"header": NaN}', "", "NaN"),
        ("{}", "", "header is missing"),
        ('{"header": 1, "payload": {}}', "", "header must be"),
        (changed("header.action", "stop-task"), "a", "'run-task', 'continue-task' or 'finish-task'"),
        (changed("header.action", ["run-task"]), "a", "header.action"),
        (changed("header.action", None), "a", "header.action is missing"),
        (changed("header.task_id", None), "", "header.task_id is missing"),
        (changed("header.task_id", 7), "", "header.task_id must be text"),
        (changed("header.task_id", ""), "", "header.task_id must be text of at least one"),
        (changed("header.task_id", "\ud800"), "\ud800", "header.task_id"),
        (changed("header.streaming", "in"), "a", "'out' or 'duplex'"),
        (changed("header.streaming", None), "a", "header.streaming"),
        (changed("payload", "好"), "a", "payload must be"),
        (changed("payload.model", None), "a", "payload.model is missing"),
        (changed("payload.task", "asr"), "a", "payload.task must be one of 'tts'"),
        (changed("payload.input", "好"), "a", "payload.input must be"),
        (changed("payload.input.text", ["好"]), "a", "payload.input.text must be text"),
        (changed("payload.input.text", "好\x00"), "a", "U+0000"),
        (changed("payload.parameters", []), "a", "payload.parameters"),
        (changed("payload.parameters", {"volume": "50"}), "a", "parameters.volume must be a number"),
        (changed("payload.parameters", {"word_timestamp_enabled": "yes"}), "a", "word_timestamp_enabled"),
    ],
)
async def test_a_wrong_message_is_answered_and_the_next_task_works(serving, connect, frame, task_id, said):
    async with serving() as client:
        async with connect(client) as raw:
            await raw.websocket.send_str(frame)
            header = await fails(raw)
        assert header["task_id"] == task_id
        assert said in header["error_message"]
        async with connect(client) as raw:
            await raw.websocket.send_str(json.dumps(RUN))
            assert names(await raw.until("task-finished")) == ["task-started", "audio", "task-finished"]


async def test_a_binary_frame_fails_the_running_task(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        await raw.run("字" * 1000)
        await raw.websocket.send_bytes(b"RIFF")
        received = await raw.until()
    assert names(received)[-2:] == ["task-failed", "closed"]
    assert received[-2]["header"]["task_id"] == "a"
    assert "binary" in received[-2]["header"]["error_message"]


@pytest.mark.parametrize(
    ("frame", "code", "said"),
    [(b"\x81\x82\0\0\0\0\xff\xfe", 1007, "not valid UTF-8"), (b"\x83\x80\0\0\0\0", 1002, "RFC 6455")],
)
async def test_an_invalid_frame_ends_the_connection_with_a_reason(serving, connect, frame, code, said):
    async with serving() as client:
        async with connect(client) as raw:
            raw.websocket._writer.transport.write(frame)
            closed = await raw.receive()
        assert closed.code == code
        assert said in closed.reason
        async with connect(client) as raw:
            await raw.run("好")
            assert names(await raw.until("task-finished")) == ["task-started", "audio", "task-finished"]


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("size", [10_000_000, 40_000_000])
@pytest.mark.parametrize("kind", ["text", "binary"])
async def test_a_frame_of_many_megabytes_ends_the_connection_with_a_reason(
    serving, connect, monkeypatch, running, size, kind
):
    monkeypatch.setattr("server.http.dashscope.websocket.CLOSE_SECONDS", 60)  # until all of it has come
    async with serving() as client:
        async with connect(client) as raw:
            if running:
                await raw.run("字" * 1000)
                await raw.receive()
            send = raw.websocket.send_str if kind == "text" else raw.websocket.send_bytes
            await send(changed("payload.input.text", "字" * (size // 3)) if kind == "text" else b"x" * size)
            received = await raw.until()
        assert isinstance(received[-1], Closed)
        assert received[-1].code in (1008, 1009)
        async with connect(client) as raw:
            await raw.run("好")
            assert names(await raw.until("task-finished")) == ["task-started", "audio", "task-finished"]
