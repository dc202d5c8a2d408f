"""Recordings that the embedded voice speaks, and a server that keeps references."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from io import BytesIO

import numpy as np
import pytest
from aiohttp import FormData

from server.audio.encoders import OutputFormat, encode_file
from server.synthesis.reference import expression
from server.synthesis.reference.expression import Expression
from server.synthesis.synthesizer import Synthesizer
from server.types import Audio, Style
from tests.conftest import samples_of, speak

PATH = "/v1/audio/references"
CONSENT = "This is my own voice."
HAPPY = Style(speed=1.2, pitch=2.0, pitch_range=1.5, pauses=0.5)
TEXT = "今天天气很好，我们去公园散步。"


@pytest.fixture(scope="session")
def wav(demo_voice: Synthesizer) -> bytes:
    """A recording of some three seconds."""
    return wav_of(samples_of(speak(demo_voice, TEXT)), demo_voice.rate)


@pytest.fixture(scope="session")
def demo_voice() -> Synthesizer:
    """The embedded voice; `demo` is a small synthesizer here."""
    from tests.conftest import EMBEDDED, open_voice

    return open_voice(EMBEDDED)


def wav_of(samples: np.ndarray, rate: int = 16000) -> bytes:
    return encode_file(OutputFormat("wav"), Audio(samples.astype(np.float32), rate))


@pytest.fixture
def expressions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, str | None]]:
    """What was asked of `express`, which says happy: speaker, strength, emotion of the request."""
    asked: list[tuple[str, float, str | None]] = []

    def happy(analysis: object, voice: object, speaker: str, strength: float, emotion: str | None = None) -> Expression:
        asked.append((speaker, strength, emotion))
        return Expression(emotion or "happy", 0.834, HAPPY, {"neutral": 2.0, "happy": 0.5}, ("higher", "quicker"))

    monkeypatch.setattr(expression, "express", happy)
    return asked


@pytest.fixture
def keeping(serving: Callable, tmp_path, expressions):
    """`async with keeping() as client`: a server that keeps references below `tmp_path`."""

    @asynccontextmanager
    async def start(**sections: object):
        async with serving(storage={"path": str(tmp_path / "data")}, **sections) as client:
            yield client

    return start


def form(data: bytes | BytesIO, **fields: str) -> FormData:
    body = FormData()
    body.add_field("file", data, filename="me.wav", content_type="audio/wav")
    for name, value in fields.items():
        body.add_field(name, value)
    return body


async def added(client, data: bytes, headers: dict[str, str] | None = None, **fields: str) -> dict:
    """The new reference."""
    answer = await client.post(PATH, data=form(data, **{"consent": CONSENT, **fields}), headers=headers)
    assert answer.status == 201, await answer.text()
    return await answer.json()


async def error_of(answer) -> tuple[int, str, str | None]:
    error = (await answer.json())["error"]
    assert error["message"]
    return answer.status, error["code"], error["param"]
