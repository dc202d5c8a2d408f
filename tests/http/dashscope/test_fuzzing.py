"""Random messages in any order: the connection works on, or ends with a failed task and a reason."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import ClientSession
from hypothesis import given, settings
from hypothesis import strategies as st

from server.config import Config
from tests.clients.conftest import serve
from tests.http.conftest import CountingSynthesizer, FakeRegistry, write_voice
from tests.http.dashscope.raw_client import PATH, Closed, RawClient, connected, names

CODES = {"InvalidParameter", "ModelNotFound", "Throttling.RateQuota"}
"""Of failures that a client causes."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("fuzzing")
    voice = CountingSynthesizer(write_voice(folder / "demo", "demo"))
    registry = FakeRegistry({"demo": voice})
    registry.broken = {}
    config = Config.model_validate(
        {
            "synthesis": {"max_characters": 1000},
            "scheduler": {"workers": 1},
            "storage": {"path": folder / "data"},
        }
    )
    with serve(registry, config) as url:
        yield url.replace("http", "ws") + PATH


def messages_with(text: st.SearchStrategy[str]) -> st.SearchStrategy[str | bytes]:
    """Frames: messages that are valid somewhere, messages with wrong values, any JSON, any text and any bytes."""
    task_ids = st.sampled_from(["a", "a", "a", "b"])
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
    inputs = st.fixed_dictionaries({}, optional={"text": text, "flush": st.booleans(), "directive": st.just("cancel")})
    known = ["voice", "format", "volume", "rate", "pitch", "seed", "text_type", "hot_fix", "sample_rate", "instruction"]
    parameters = st.just({"format": "pcm"}) | st.dictionaries(st.sampled_from(known), anything, max_size=3)
    payload = st.fixed_dictionaries(
        {"input": inputs}, optional={"model": st.sampled_from(["demo", "nobody"]), "parameters": parameters}
    )
    header = st.fixed_dictionaries(
        {
            "action": st.sampled_from(["run-task", "continue-task", "continue-task", "finish-task"]),
            "task_id": task_ids,
            "streaming": st.sampled_from(["out", "duplex", "duplex"]),
        }
    )
    valid = st.fixed_dictionaries({"header": header, "payload": payload})
    wrong = st.fixed_dictionaries({"header": header | anything, "payload": payload | anything})
    return (valid | wrong | anything).map(json.dumps) | st.text(max_size=20) | st.binary(max_size=20)


async def exchange(url: str, frames: list[str | bytes]) -> list[Any]:
    """Sends the frames and a last task, and returns everything up to its end or that of the connection."""
    async with ClientSession() as session, connected(session, url) as raw:
        try:
            for frame in frames:
                await (raw.websocket.send_str(frame) if isinstance(frame, str) else raw.websocket.send_bytes(frame))
            await raw.run("好", task_id="last", model="demo")
        except ConnectionError:
            pass  # the server has closed the connection; why is still to be read
        return await until_the_end(raw)


async def until_the_end(raw: RawClient) -> list[Any]:
    received: list[Any] = []
    while True:
        received += await raw.until("task-finished")
        if isinstance(received[-1], Closed) or received[-1]["header"]["task_id"] == "last":
            return received


@settings(max_examples=150)
@given(st.lists(messages_with(st.text("今天好，。！ a1[]<>\ud83d\ude00\x00", max_size=12)), max_size=8))
def test_whatever_comes_is_answered(url, frames):
    received = asyncio.run(exchange(url, frames))
    failed = [each for each in received if isinstance(each, dict) and each["header"]["event"] == "task-failed"]
    if isinstance(received[-1], Closed):
        assert names(received)[-2:] == ["task-failed", "closed"]
        assert received[-1].code == 1008
        assert received[-1].reason.startswith(failed[-1]["header"]["error_code"])
    assert len(failed) == isinstance(received[-1], Closed)
    assert {each["header"]["error_code"] for each in failed} <= CODES
    assert names(asyncio.run(exchange(url, [])))[-1] == "task-finished"
