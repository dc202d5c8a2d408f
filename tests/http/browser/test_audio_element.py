"""An <audio> element of a real browser plays every format that it knows, from the URL of a GET request."""

import json

import pytest
from aiohttp import ClientSession

from server.audio.encoders import ENCODERS

PLAYED = ("mp3", "opus", "aac", "flac", "wav", "webm")

RESTARTED = ("wav",)
"""The browser asks for `bytes=0-` and gets a stream, in which it can go forward as far as it has no end. A WAV has one
in the browser's view, so that it goes back to the start."""

PLAY = """
new Promise((resolve) => {
  const audio = document.createElement("audio");
  const state = (event) => ({event, duration: audio.duration, time: audio.currentTime, error: audio.error?.message});
  for (const event of ["ended", "error"]) audio.addEventListener(event, () => resolve(state(event)));
  audio.defaultPlaybackRate = 4;
  audio.src = URL_OF_SPEECH;
  audio.play().catch((error) => resolve({event: "refused", error: error.message}));
})
"""

SEEK = """
(async () => {
  const audio = document.createElement("audio");
  const reached = (event) => new Promise((done) => audio.addEventListener(event, done, {once: true}));
  const ended = reached("ended");
  const ready = reached("canplay");
  audio.src = URL_OF_SPEECH;
  await ready;
  const sought = reached("seeked");
  audio.currentTime = 2;
  await sought;
  const at = audio.currentTime;
  audio.playbackRate = 4;
  await audio.play();
  await ended;
  return {at, time: audio.currentTime, error: audio.error?.message};
})()
"""

TOLERANCE = 0.15
"""Seconds: some formats do not declare their delay and padding, and the browser rounds."""

TEXT = "今天天气很好，我们一起去公园散步。"


def speech_url(site: str, name: str) -> str:
    return f"{site}/v1/audio/speech?input={TEXT}&response_format={name}&seed=1"


async def seconds_of(site: str) -> float:
    """The length of the speech."""
    async with ClientSession() as session:
        pcm = await (await session.get(speech_url(site, "pcm"))).read()
    return len(pcm) / 2 / 16000


async def test_every_format_plays_from_its_begin_to_its_end(page, site):
    seconds = await seconds_of(site)
    await page.open(f"{site}/health")
    for name in PLAYED:
        played = await page.evaluate(PLAY.replace("URL_OF_SPEECH", json.dumps(speech_url(site, name))))
        assert (played["event"], played.get("error")) == ("ended", None), name
        assert played["time"] == pytest.approx(seconds, abs=TOLERANCE), name
        assert played["duration"] == pytest.approx(seconds, abs=TOLERANCE), name


async def test_a_stream_can_be_sought_in_and_plays_on_to_its_end(page, site):
    seconds = await seconds_of(site)
    await page.open(f"{site}/health")
    for name in PLAYED:
        sought = await page.evaluate(SEEK.replace("URL_OF_SPEECH", json.dumps(speech_url(site, name))))
        assert (sought["at"], sought.get("error")) == (0 if name in RESTARTED else 2, None), name
        assert sought["time"] == pytest.approx(seconds, abs=TOLERANCE), name


def test_every_format_but_pcm_is_tried():
    assert set(PLAYED) == ENCODERS.keys() - {"pcm"}
