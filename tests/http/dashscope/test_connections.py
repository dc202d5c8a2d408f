"""Connections: handshakes, limits of time, and a server that stops."""

import asyncio
import threading

import pytest

from tests.http.dashscope.raw_client import PATH, Closed, names


@pytest.mark.parametrize("headers", [{}, {"Connection": "Upgrade", "Upgrade": "websocket"}])
async def test_a_request_that_is_no_handshake_is_told_where_it_is(serving, headers):
    async with serving() as client:
        answer = await client.get(PATH, headers=headers)
        assert answer.status == 426
        assert answer.headers["Upgrade"] == "websocket"
        assert "ws://" in (await answer.json())["error"]["message"]


async def test_the_handshake_is_refused_until_the_voices_are_loaded(serving, registry):
    registry.may_load.clear()
    async with serving(until_ready=False) as client:
        answer = await client.get(
            PATH,
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            },
        )
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "2"
        registry.may_load.set()


async def test_a_connection_without_a_task_is_closed_after_a_time(serving, connect, time_passes):
    async with serving(dashscope={"idle_timeout": 100}) as client, connect(client) as raw:
        await raw.run("好")
        assert names(await raw.until("task-finished")) == ["task-started", "audio", "task-finished"]
        await time_passes(100)
        assert names(await raw.until()) == ["closed"]
        assert raw.websocket.close_code == 1000


async def test_the_idle_limit_does_not_count_while_a_task_runs(serving, connect, demo, time_passes):
    demo.permits = threading.Semaphore(1)
    async with serving(dashscope={"idle_timeout": 100, "text_timeout": 100}) as client, connect(client) as raw:
        await raw.run("好好")
        await raw.receive()
        await raw.receive()
        await time_passes(150)
        demo.permits.release(10)
        assert names(await raw.until("task-finished")) == ["audio", "task-finished"]


async def test_a_server_that_stops_tells_running_tasks_and_closes_every_connection(serving, connect, demo):
    demo.permits = threading.Semaphore(1)
    before = set(threading.enumerate())
    async with serving() as client, connect(client) as busy, connect(client) as idle:
        await busy.run("字" * 1000)
        await busy.receive()
        await busy.receive()
        stopping = asyncio.ensure_future(client.server.close())
        failed, closed = await busy.receive(), await busy.receive()
        assert failed["header"]["error_code"] == "InternalError"
        assert "stopping" in failed["header"]["error_message"]
        assert closed.code == 1001
        assert await idle.receive() == Closed(1001, "the server is stopping")
        demo.permits.release(1000)
        await stopping
        assert demo.computed <= 2
        assert not [one for one in set(threading.enumerate()) - before if one.name.startswith("speech")]


async def test_pings_are_answered_and_sent(serving, connect, monkeypatch):
    monkeypatch.setattr("server.http.dashscope.connection.PING_SECONDS", 0.05)
    async with serving() as client:
        async with client.session.ws_connect(client.make_url(PATH), autoping=False) as websocket:
            await websocket.ping(b"?")
            kinds = set()
            while len(kinds) < 2:
                kinds.add((await websocket.receive(timeout=30)).type.name)
        assert kinds == {"PING", "PONG"}


async def test_a_client_that_reads_late_still_learns_why_its_task_has_failed(serving, connect, demo, monkeypatch):
    monkeypatch.setattr("server.http.dashscope.connection.CLOSE_SECONDS", 0.2)
    demo.samples_per_chunk = 500_000  # a megabyte, more than the socket buffers hold
    async with serving() as client, connect(client) as raw:
        await raw.run("字" * 60)
        while demo.computed < 4:
            await asyncio.sleep(0.01)
        await raw.websocket.send_str("{")
        while not demo.closed.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        received = await raw.until()
    assert names(received) == ["task-started", "audio", "task-failed", "closed"]
    assert received[-1].reason.startswith("InvalidParameter: the message is not valid JSON")
