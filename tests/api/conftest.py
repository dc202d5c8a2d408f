"""The embedded voice, opened through the Python API, and what the HTTP server says of the same text."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer
from numpy.typing import NDArray

from server.api import Config, TextToSpeech
from server.config import RuntimeSection
from server.http import create_app
from server.runtime.runtime import Runtime
from server.synthesis.registry import VoiceRegistry
from tests.conftest import EMBEDDED
from tests.runtime.failing_device import FailingSession

MODELS = EMBEDDED.parent

Pcm = NDArray[np.int16]


def settings(**sections: dict[str, object]) -> Config:
    """The CPU and one thread for each run, besides these sections."""
    runtime = {"providers": ["cpu"], "threads": 1}
    return Config.model_validate({"models": {"path": MODELS}, "runtime": runtime, **sections})


@pytest.fixture(scope="module")
def tts() -> Iterator[TextToSpeech]:
    with TextToSpeech("demo", config=settings()) as opened:
        yield opened


@pytest.fixture
def device_fails(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Once it is set, every run fails, in voices that are opened after the start of the test."""
    failed = threading.Event()

    def runtime(*arguments: object, **more: object) -> Runtime:
        def open_session(path: Path, threads: int) -> FailingSession:
            return FailingSession(path, lambda: not failed.is_set())

        return Runtime(RuntimeSection(providers=("cuda",), threads=1), {"cuda": open_session})

    monkeypatch.setattr("server.synthesis.registry.registry.Runtime", runtime)
    return failed


@asynccontextmanager
async def server() -> AsyncIterator[Callable[..., Any]]:
    """`await speech(text, **fields)`: the PCM that the HTTP server sends."""
    config = settings()
    registry = VoiceRegistry(config)
    async with TestClient(TestServer(create_app(registry, config))) as client:
        while (await client.get("/ready")).status != 200:
            pass

        async def speech(text: str, **fields: object) -> Pcm:
            body = {"input": text, "response_format": "pcm", **fields}
            response = await client.post("/v1/audio/speech", json=body)
            assert response.status == 200, await response.text()
            return np.frombuffer(await response.read(), "<i2")

        yield speech
