"""The official Python client, unchanged, against a running server with the embedded voice."""

import io
import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import av
import dashscope
import numpy as np
import pytest
from dashscope.audio import tts, tts_v2

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from tests.conftest import EMBEDDED
from tests.http.dashscope.server_thread import serving_in_thread

TEXT = "今天天气很好，我们去公园吧。明天也不错！"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    config = Config.model_validate(
        {"models": {"path": str(EMBEDDED.parent)}, "runtime": {"providers": ["cpu"], "threads": 1}}
    )
    with serving_in_thread(VoiceRegistry(config), config) as address:
        yield address


@pytest.fixture(autouse=True)
def client(address, monkeypatch) -> None:
    monkeypatch.setattr(dashscope, "base_websocket_api_url", f"ws://{address}/api-ws/v1/inference")
    monkeypatch.setattr(dashscope, "api_key", "any")


@pytest.fixture
def speech(address):
    """The samples of POST /v1/audio/speech, with a seed, so that both have the same noise."""

    def request(text: str, **fields) -> np.ndarray:
        body = {"input": text, "voice": "demo", "response_format": "pcm", "seed": 1, **fields}
        head = {"Content-Type": "application/json"}
        with urlopen(Request(f"http://{address}/v1/audio/speech", json.dumps(body).encode(), head)) as answer:
            return samples_of(answer.read())

    return request


def samples_of(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32767


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono")
        frames = [frame for packet in container.decode(stream) for frame in resampler.resample(packet)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames]), stream.rate
