"""Headless Chromium plays `<audio src>` with the query of a GET, in every format."""

import asyncio
import json
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.clients.conftest import TEXT
from tests.http.conftest import CountingSynthesizer

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")

TIMEOUT = 60
"""Of an evaluation, in seconds."""
OPTIONS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--remote-debugging-port=0"),
    "--autoplay-policy=no-user-gesture-required",
]

PLAY = """(url) => {
  window.audio = new Audio(url);
  audio.playbackRate = 8;
  window.events = [];
  for (const name of ["playing", "seeked", "ended", "error"]) audio.addEventListener(name, () => events.push(name));
  window.next = (...names) => new Promise((resolve) => {
    for (const name of names) audio.addEventListener(name, () => resolve(name), {once: true});
  });
  audio.play().catch(() => {});
}"""


class Page:
    """A page of a browser that runs scripts."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def run(self, script: str) -> Any:
        """The value of a script, after its promises."""
        fields = {"expression": script, "awaitPromise": True, "returnByValue": True}
        await self._socket.send_json({"id": 1, "method": "Runtime.evaluate", "params": fields})
        answer = await asyncio.wait_for(self._socket.receive_json(), TIMEOUT)
        assert "exceptionDetails" not in answer["result"], answer
        return answer["result"]["result"].get("value")

    async def play(self, url: str, **fields: str) -> None:
        await self.run(f"({PLAY})({json.dumps(f'{url}/v1/audio/speech?{urlencode(fields)}')})")


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Page]:
    """Starts Chromium; its remote debugging protocol runs the scripts."""
    command = ["chromium", *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        file = profile / "DevToolsActivePort"
        while not (file.exists() and file.read_text().count("\n")):
            assert process.returncode is None
            await asyncio.sleep(0.05)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{file.read_text().split()[0]}") as session:
            targets = await (await session.get("/json")).json()
            address = next(one["webSocketDebuggerUrl"] for one in targets if one["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.wait()


async def test_every_format_is_played_to_its_end_and_again_from_the_middle(server_url: str, tmp_path: Path) -> None:
    async with browser(tmp_path) as page:
        for name in ("mp3", "opus", "aac", "flac", "wav", "webm"):
            await page.play(server_url, input=TEXT, voice="alloy", response_format=name)
            assert await page.run("next('ended', 'error')") == "ended", name
            assert 5.2 < await page.run("audio.duration") < 5.5, name
            await page.run("audio.currentTime = 2; audio.play(); next('seeked')")
            assert await page.run("next('ended', 'error')") == "ended", name
            assert await page.run("events.filter((name) => name !== 'playing')") == ["ended", "seeked", "ended"], name


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_a_stream_is_played_before_its_end_is_computed(
    counting_url: str, counting: CountingSynthesizer, tmp_path: Path, name: str
) -> None:
    """Chromium begins after some ten thousand bytes, whatever they are: here that is seconds of audio."""
    counting.permits = threading.Semaphore(20)
    async with browser(tmp_path) as page:
        await page.play(counting_url, input="字" * 60, response_format=name)
        assert await page.run("next('playing', 'ended', 'error')") == "playing"
        assert counting.computed <= 20
