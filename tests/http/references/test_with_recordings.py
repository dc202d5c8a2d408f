"""The whole way with the embedded voice: real recordings, real measuring, real audio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from convert.__main__ import main as convert
from server.audio.encoders import ENCODERS, OutputFormat, encode_file
from server.config import Config
from server.http import create_app
from server.synthesis.registry import VoiceRegistry
from server.synthesis.synthesizer import Synthesizer
from server.types import Audio, Style
from tests.conftest import EMBEDDED, GOLDEN, SPEAKER_ENCODER, samples_of, speak
from tests.http.references.conftest import PATH, TEXT, added, error_of, wav_of
from tests.http.test_speech_events import events_of

SPEECH = "/v1/audio/speech"
BODY = {"input": "你好，再见。", "response_format": "pcm", "seed": 1}


@asynccontextmanager
async def serving(tmp_path) -> AsyncIterator[TestClient]:
    """The voices of the folder `models`; by default the embedded one."""
    if not (tmp_path / "models").exists():
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "demo").symlink_to(EMBEDDED)
    config = Config.model_validate(
        {
            "models": {"path": str(tmp_path / "models")},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "storage": {"path": str(tmp_path / "data")},
            "cache": {"memory_mb": 0},
        }
    )
    async with TestClient(TestServer(create_app(VoiceRegistry(config), config))) as client:
        while (await client.get("/ready")).status != 200:
            await asyncio.sleep(0.05)
        yield client


def lively(voice: Synthesizer) -> bytes:
    """A recording that is higher, quicker and livelier than the voice is by itself."""
    return wav_of(samples_of(speak(voice, TEXT, Style(speed=1.3, pitch=4.0, pitch_range=1.6))), voice.rate)


async def test_what_is_applied_can_be_written_down(tmp_path, demo_voice):
    async with serving(tmp_path) as client:
        new = await added(client, lively(demo_voice))
        answer = await client.post(SPEECH, json={**BODY, "reference": new["id"]})
        assert answer.status == 200, await answer.text()
        audio = await answer.read()
        settings = (await (await client.get(f"{PATH}/{new['id']}/settings")).json())["settings"]
        applied = dict(part.split("=") for part in answer.headers["X-Reference-Applied"].split("; "))
        assert applied.pop("confidence")
        assert {name: str(settings[name]) for name in applied} == {
            name: value if name == "emotion" else str(float(value)) for name, value in applied.items()
        }
        assert await (await client.post(SPEECH, json={**BODY, **settings})).read() == audio
        plain = await (await client.post(SPEECH, json=BODY)).read()
        nothing = await client.post(SPEECH, json={**BODY, "reference": new["id"], "reference_strength": 0})
        assert await nothing.read() == plain != audio


async def test_a_recording_of_the_text_gives_its_timing_and_another_one_is_refused(tmp_path, demo_voice):
    slow = samples_of(speak(demo_voice, TEXT, Style(speed=0.7)))
    async with serving(tmp_path) as client:
        new = await added(client, wav_of(slow, demo_voice.rate))
        uses = {"reference": new["id"], "reference_use": ["delivery"]}
        body = {**BODY, "input": TEXT}
        plain = await (await client.post(SPEECH, json=body)).read()
        answer = await client.post(SPEECH, json={**body, **uses})
        assert answer.headers["X-Reference-Applied"] == "delivery"
        delivered = await answer.read()
        assert len(delivered) / 2 == pytest.approx(len(slow), rel=0.1)
        assert len(plain) < 0.8 * len(delivered)
        other = await client.post(SPEECH, json={**body, **uses, "input": "三月的雨水打湿了山间小路和旧屋檐。"})
        assert await error_of(other) == (400, "poor_alignment", "reference")


async def test_a_voice_with_speaker_embeddings_takes_the_timbre_and_says_how_near_it_comes(tmp_path, demo_voice):
    package, models = "se_nsf_global_16k", tmp_path / "models"
    assert convert([str(GOLDEN / package), "--output", str(models), "--se-model", str(SPEAKER_ENCODER)]) == 0
    async with serving(tmp_path) as client:
        voices = (await (await client.get("/v1/audio/voices")).json())["voices"]
        assert [each["reference_use"] for each in voices] == [["timbre", "emotion", "delivery"]]
        new = await added(client, wav_of(samples_of(speak(demo_voice, TEXT)), demo_voice.rate))
        body = {**BODY, "input": TEXT, "reference": new["id"], "reference_use": ["timbre"]}
        answer = await client.post(SPEECH, json=body)
        assert answer.headers["X-Reference-Applied"] == "timbre"
        assert "X-Reference-Ignored" not in answer.headers
        assert await answer.read() != await (await client.post(SPEECH, json={**BODY, "input": TEXT})).read()
        events = await client.post(SPEECH, json={**body, "stream_format": "sse", "reference_similarity": True})
        assert -1 <= events_of(await events.read())[-1]["reference_similarity"] <= 1


@pytest.mark.parametrize("name", sorted(ENCODERS.keys() - {"pcm"}))
async def test_what_the_server_sends_it_takes_as_well(keeping, demo_voice, name):
    samples = samples_of(speak(demo_voice, TEXT)).astype(np.float32)
    async with keeping() as client:
        kept = await added(client, encode_file(OutputFormat(name), Audio(samples, demo_voice.rate)))
    assert kept["seconds"] == pytest.approx(len(samples) / demo_voice.rate, abs=0.2)
