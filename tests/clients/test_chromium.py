"""Headless Chromium plays `<audio src>` with the query of a GET, in every format."""

import json
import threading
from typing import Any
from urllib.parse import urlencode

import pytest

from server.audio.encoders import ENCODERS
from tests.clients.chromium import Page
from tests.clients.conftest import TEXT
from tests.http.conftest import CountingSynthesizer

PLAYED = ("mp3", "opus", "aac", "flac", "wav", "webm")

LOAD = """(url) => {
  window.audio = new Audio(url);
  audio.defaultPlaybackRate = audio.playbackRate = 8;
  window.events = [];
  for (const name of ["playing", "seeked", "ended", "error"]) audio.addEventListener(name, () => events.push(name));
  window.next = (...names) => new Promise((resolve) => {
    for (const name of names) audio.addEventListener(name, () => resolve(name), {once: true});
  });
}"""

PLAY = "audio.play().catch(() => {})"


async def load(page: Page, url: str, then: str = "undefined", **fields: str) -> Any:
    """Returns the value of the expression `then`, which comes before any event of the audio."""
    return await page.evaluate(f"({LOAD})({json.dumps(f'{url}/v1/audio/speech?{urlencode(fields)}')}), {then}")


def test_every_format_but_pcm_is_played() -> None:
    assert set(PLAYED) == ENCODERS.keys() - {"pcm"}


async def test_every_format_is_played_to_its_end_and_again(page: Page, server_url: str) -> None:
    for name in PLAYED:
        await load(page, server_url, input=TEXT, voice="alloy", response_format=name)
        assert await page.evaluate(f"{PLAY}; next('ended', 'error')") == "ended", name
        assert 4.2 < await page.evaluate("audio.duration") < 4.6, name
        assert 4.2 < await page.evaluate("audio.currentTime") < 4.6, name
        assert await page.evaluate(f"{PLAY}; next('ended', 'error')") == "ended", name
        assert await page.evaluate("events.filter((name) => name !== 'playing')") == ["ended", "seeked", "ended"], name


async def test_a_stream_can_be_sought_forward(page: Page, server_url: str) -> None:
    """As long as its end is unknown: Chromium asks for `bytes=0-`, and the answer is a stream without ranges."""
    for name in PLAYED:
        seek = "next('canplay').then(() => { audio.currentTime = 2; return next('seeked', 'error'); })"
        fields = {"input": TEXT * 4, "voice": "alloy", "response_format": name}  # not at its end at `canplay`
        assert await load(page, server_url, then=seek, **fields) == "seeked", name
        assert await page.evaluate("audio.currentTime") == 2, name
        assert await page.evaluate(f"{PLAY}; next('ended', 'error')") == "ended", name


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_a_stream_is_played_before_its_end_is_computed(
    page: Page, counting_url: str, counting: CountingSynthesizer, name: str
) -> None:
    """Chromium begins after some ten thousand bytes, whatever they are: here that is seconds of audio."""
    counting.permits = threading.Semaphore(20)
    await load(page, counting_url, input="字" * 60, response_format=name)
    assert await page.evaluate(f"{PLAY}; next('playing', 'ended', 'error')") == "playing"
    assert counting.computed <= 20
