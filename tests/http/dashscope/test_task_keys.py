"""Keys of DashScope's clients: at the handshake, and again for every task of a connection."""

import threading
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSServerHandshakeError

from server.access.key_file import KeyFile
from server.access.quota import CharacterQuota
from server.access.secret import new_secret
from server.config import AccessKey
from server.errors import SynthesisError
from tests.http.dashscope.raw_client import PATH, RawClient, audio_of, names
from tests.keys import bearer, make_key


@pytest.fixture
def key_file(tmp_path):
    return KeyFile(tmp_path / "data")


@pytest.fixture
def secret(key_file):
    """Of a key for the voice demo and a hundred characters a day."""
    secret, entry = make_key(voices=("demo",), characters_per_day=100)
    key_file.change(lambda _: [AccessKey(**entry)])
    return secret


@pytest.fixture
def connected(serving, tmp_path):
    """`async with connected(secret) as raw`: a connection with a key."""

    @asynccontextmanager
    async def connect(secret: str, scheme: str = "bearer", **sections: object):
        async with (
            serving(storage={"path": str(tmp_path / "data")}, **sections) as client,
            client.ws_connect(PATH, headers={"Authorization": f"{scheme} {secret}"}) as websocket,
        ):
            yield RawClient(websocket)

    return connect


def failure(received: list) -> tuple[str, str]:
    header = received[-1]["header"]
    return header["error_code"], header["error_message"]


async def test_a_handshake_without_a_valid_key_is_refused(connected, secret):
    for wrong in (new_secret(), "any", "x y"):
        with pytest.raises(WSServerHandshakeError) as refused:
            async with connected(wrong):
                pass
        assert refused.value.status == 401
    async with connected(secret, scheme="BEARER") as raw:
        await raw.run("好")
        assert names(await raw.until("task-finished")) == ["task-started", "audio", "task-finished"]


async def test_a_key_speaks_with_its_voices_only(connected, secret):
    piece = "<speak><voice name='second'>好</voice></speak>"
    for text, parameters in (("好", {"voice": "second"}), (piece, {})):
        async with connected(secret) as raw:
            await raw.run(text, **parameters)
            code, message = failure(await raw.until("task-failed"))
            assert code == "AccessDenied"
            assert message.endswith("it may use: demo")
            assert (await raw.receive()).code == 1008
    async with connected(secret) as raw:
        await raw.run()
        await raw.send("continue-task", input={"text": piece})
        await raw.send("finish-task", input={})
        assert failure(await raw.until("task-failed"))[0] == "AccessDenied"


async def test_characters_are_counted_piece_by_piece(connected, secret):
    async with connected(secret) as raw:
        await raw.run("你好" * 45)
        await raw.until("task-finished")
        await raw.run(task_id="b")
        for piece in ("你好你好你", "你好你好你好"):
            await raw.send("continue-task", task_id="b", input={"text": piece, "flush": True})
        code, message = failure(await raw.until("task-failed"))
        assert code == "Throttling.AllocationQuota"
        assert "may use 100 characters a day and has used 95; this text has 6" in message


@pytest.mark.parametrize("text", ["你好" * 9, None])
async def test_a_task_that_fails_before_its_audio_costs_nothing_and_gives_nothing_else_back(
    connected, secret, demo, text, tmp_path
):
    async with connected(secret) as raw:
        await raw.run("你好" * 30)
        await raw.until("task-finished")
        demo.fails_after = (0, SynthesisError("NaN"))
        await raw.run(text, task_id="b")
        if text is None:
            await raw.send("continue-task", task_id="b", input={"text": "你好" * 9, "flush": True})
        await raw.until("task-failed")
    assert CharacterQuota(tmp_path / "data").used("reception") == 60


async def test_a_task_that_fails_after_its_first_audio_costs_its_characters(connected, secret, demo, tmp_path):
    demo.fails_after = (1, SynthesisError("NaN"))
    async with connected(secret) as raw:
        await raw.run("你好" * 9)
        await raw.until("task-failed")
    assert CharacterQuota(tmp_path / "data").used("reception") == 18


async def test_a_task_that_finds_no_place_costs_no_characters(serving, tmp_path, secret, demo):
    demo.permits = threading.Semaphore(0)
    headers = bearer(secret)
    sections = {"storage": {"path": str(tmp_path / "data")}, "limits": {"queue_seconds": 0}}
    async with (
        serving(max_streams=1, **sections) as client,
        client.ws_connect(PATH, headers=headers) as first,
    ):
        raw = RawClient(first)
        await raw.run("你好" * 40)
        await raw.until("task-started")
        for _ in range(3):
            async with client.ws_connect(PATH, headers=headers) as websocket:
                other = RawClient(websocket)
                await other.run("你好" * 9)
                assert failure(await other.until("task-failed"))[0] == "Throttling.RateQuota"
        demo.permits.release(1000)
        await raw.until("task-finished")


async def test_a_revoked_key_ends_no_running_task_but_begins_none(connected, secret, key_file, demo):
    demo.permits = threading.Semaphore(1)
    async with connected(secret) as raw:
        await raw.run("你好你好")
        begun = await raw.until("task-started")
        key_file.change(lambda _: [])
        demo.permits.release(1000)
        received = begun + await raw.until("task-finished")
        assert len(audio_of(received)) == 4 * 2 * demo.samples_per_chunk
        await raw.run("好", task_id="b")
        assert failure(await raw.until("task-failed"))[0] == "InvalidApiKey"
