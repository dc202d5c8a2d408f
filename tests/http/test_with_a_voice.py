"""End-to-end tests with the embedded voice: audio over a real socket, streaming, cancellation and errors."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
import soundfile
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from server.config import CacheSection, Config, ModelsSection, RuntimeSection
from server.http import create_app
from server.synthesis.registry import VoiceRegistry
from tests.conftest import EMBEDDED

TEXT = "今天天气很好，我们一起去公园散步，然后回家吃晚饭。"
LONG = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧" * 3 + "。"
TIMEOUT = 600
"""Of a scenario, in seconds; it takes about one."""

Scenario = Callable[[ClientSession, str], Awaitable[None]]


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[ClientSession, str]]:
    runtime = RuntimeSection(providers=("cpu",), threads=1)
    no_cache = CacheSection(memory_mb=0)
    config = Config(models=ModelsSection(path=EMBEDDED.parent), runtime=runtime, cache=no_cache)
    server = TestServer(create_app(VoiceRegistry(config), config), handler_cancellation=True)
    await server.start_server()
    async with ClientSession() as session:
        base = str(server.make_url("")).rstrip("/")
        while (await session.get(f"{base}/ready")).status != 200:
            await asyncio.sleep(0.05)
        yield session, base
    await server.close()


def run_scenario(scenario: Scenario) -> None:
    async def run() -> None:
        async with serving() as (session, base):
            await scenario(session, base)

    asyncio.run(asyncio.wait_for(run(), TIMEOUT))


def speech(text: str, **more: object) -> dict[str, object]:
    return {"model": "tts-1", "input": text, "voice": "demo", **more}


def test_wav_and_pcm_streams_have_the_same_samples() -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        health = await (await session.get(f"{base}/health")).json()
        assert (health["status"], health["provider"], health["voices"]) == ("ready", "cpu", 3)
        response = await session.post(f"{base}/v1/audio/speech", json=speech(TEXT, response_format="pcm"))
        assert response.status == 200
        assert response.headers["Content-Type"] == "audio/pcm;rate=16000"
        pcm = np.frombuffer(await response.read(), "<i2")
        response = await session.post(f"{base}/v1/audio/speech", json=speech(TEXT, response_format="wav"))
        wav, rate = soundfile.read(io.BytesIO(await response.read()), dtype="int16")
        assert rate == 16000
        np.testing.assert_allclose(wav, pcm, atol=1)  # chunk sizes depend on timing, so the last bit may differ
        assert 4 < len(pcm) / 16000 < 10

    run_scenario(scenario)


def test_voices_have_speakers_and_emotions() -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        voices = (await (await session.get(f"{base}/v1/audio/voices")).json())["voices"]
        assert [voice["id"] for voice in voices] == ["demo", "demo-small", "demo-timbre"]
        robots, natural = ["male", "female"], ["natural", "male", "female"]
        assert [voice["speakers"] for voice in voices] == [natural, robots, ["average"]]
        assert ["CC BY-SA" in voice["license"] for voice in voices] == [True, False, False]
        for voice in voices:
            assert voice["sample_rate"] == 16000
            assert "happy" in voice["emotions"]

    run_scenario(scenario)


def test_the_first_audio_arrives_before_most_decoder_steps_are_computed(decoder_steps: list[str]) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        decoder_steps.clear()
        response = await session.post(f"{base}/v1/audio/speech", json=speech(LONG, response_format="pcm"))
        await response.content.readany()
        early = len(decoder_steps)
        await response.read()
        assert early < len(decoder_steps) / 2

    run_scenario(scenario)


def test_a_client_that_disconnects_stops_the_synthesis_within_a_chunk(decoder_steps: list[str]) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        decoder_steps.clear()
        await (await session.post(f"{base}/v1/audio/speech", json=speech(LONG))).read()
        whole = len(decoder_steps)
        decoder_steps.clear()
        response = await session.post(f"{base}/v1/audio/speech", json=speech(LONG))
        await response.content.readany()
        response.close()
        at_disconnection = len(decoder_steps)
        ended = 'sambert_streams_ended_total{outcome="cancelled",voice="demo"} 1.0'
        while ended not in await (await session.get(f"{base}/metrics")).text():
            await asyncio.sleep(0.01)
        settled = len(decoder_steps)
        await asyncio.sleep(0.5)
        assert len(decoder_steps) == settled < whole
        # At most what was ahead of the client (three chunks of 16 steps), and the chunk in progress.
        assert settled - at_disconnection <= 4 * 16

    run_scenario(scenario)


@pytest.mark.parametrize(
    "wrong",
    [
        speech(""),
        speech("🎉🎊"),
        speech("字" * 100_000),
        speech("你\x00好"),
        speech("\ud800"),
        speech(TEXT, voice="absent"),
        speech(TEXT, speaker="absent"),
        speech(TEXT, emotion="hungry"),
        speech(TEXT, speed=0),
        speech(TEXT, speed="fast"),
        speech(TEXT, response_format="ogg"),
    ],
    ids=lambda wrong: " ".join(f"{key}={str(value)[:12]!a}" for key, value in wrong.items() if key != "model"),
)
def test_invalid_requests_are_refused_and_the_next_one_succeeds(wrong: dict[str, object]) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        response = await session.post(f"{base}/v1/audio/speech", json=wrong)
        assert response.status == 400
        error = (await response.json())["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        assert error["type"] == "invalid_request_error"
        response = await session.post(f"{base}/v1/audio/speech", json=speech("你好。"))
        assert response.status == 200
        assert len(await response.read()) > 4000

    run_scenario(scenario)
