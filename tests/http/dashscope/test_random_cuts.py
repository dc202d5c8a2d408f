"""A text cut at random places sounds as it does in one piece, when clauses may not leave early."""

import asyncio
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from hypothesis import given, settings
from hypothesis import strategies as st

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from tests.clients.conftest import serve
from tests.conftest import EMBEDDED
from tests.http.dashscope.raw_client import PATH, audio_of, connected, names

LINES = (Path(__file__).parents[2] / "text" / "sentences.txt").read_text(encoding="utf-8").splitlines()
SENTENCES = [line.split("|")[0] for line in LINES if line and not line.startswith("#")]
MARKED = [
    "重[chong2]庆很大。",
    "等[pause:200ms]一下！",
    "表情😀👨‍👩‍👧好。",
    "Hello, Dr. Smith. ",
    "3.14%和25℃？”\n",
    "\r\n\r\n",
]
TEXTS = st.tuples(st.sampled_from(SENTENCES), st.lists(st.sampled_from([*SENTENCES, *MARKED]), max_size=2)).map(
    lambda parts: "".join([parts[0], *parts[1]])
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("models")
    (models / "demo").symlink_to(EMBEDDED)
    config = Config.model_validate(
        {
            "models": {"path": str(models)},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "synthesis": {"early_clause": False},
            "storage": {"path": tmp_path_factory.mktemp("data")},
        }
    )
    with serve(VoiceRegistry(config), config) as url:
        yield url.replace("http", "ws") + PATH


async def speak(url: str, pieces: list[str]) -> tuple[bytes, list[Any]]:
    """The audio, and the sentences with the times of their words."""
    async with ClientSession() as session, connected(session, url) as raw:
        await raw.run(model="cosyvoice-v2", voice="demo", seed=1, word_timestamp_enabled=True)
        for piece in pieces:
            await raw.send("continue-task", input={"text": piece})
        await raw.send("finish-task")
        received = await raw.until("task-finished", "task-failed")
    assert names(received)[-1] == "task-finished", received[-1]
    ends = [each["payload"]["output"] for each in received if isinstance(each, dict) and each["payload"].get("output")]
    return audio_of(received), [each for each in ends if each.get("type") == "sentence-end"]


def utf16_pieces(text: str, cuts: set[int]) -> list[str]:
    """The text cut between UTF-16 units, as a program in JavaScript or Java may do it."""
    units = text.encode("utf-16-le")
    edges = [0, *sorted(2 * cut for cut in cuts if 0 < 2 * cut < len(units)), len(units)]
    return [units[start:end].decode("utf-16-le", "surrogatepass") for start, end in pairwise(edges)]


@settings(max_examples=10)
@given(text=TEXTS, data=st.data())
def test_the_cuts_do_not_matter(url, text, data):
    length = len(text.encode("utf-16-le")) // 2
    cuts = data.draw(st.just(set(range(length))) | st.sets(st.integers(1, max(1, length - 1)), max_size=20))
    assert asyncio.run(speak(url, utf16_pieces(text, cuts))) == whole(url, text)


@cache
def whole(url: str, text: str) -> tuple[bytes, list[Any]]:
    return asyncio.run(speak(url, [text]))
