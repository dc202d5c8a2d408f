"""Material for the encoders: speech of the embedded voice at several rates, and decoders."""

import io
import subprocess
from collections.abc import Callable

import av
import numpy as np
import pytest

from server.audio import resampler
from server.synthesis.synthesizer import Synthesizer
from server.types import Audio, Floats
from tests.conftest import samples_of, speak


def resampled(samples: Floats, rate: int, new_rate: int) -> Floats:
    return resampler.resampled(Audio(samples, rate), new_rate).samples


@pytest.fixture(scope="session")
def speech(demo: Synthesizer) -> Callable[[int], Audio]:
    """Two seconds of speech at a rate."""
    samples = samples_of(speak(demo, "今天天气很好，我们去公园散步吧。"))[: 2 * demo.rate]
    known: dict[int, Audio] = {}

    def at(rate: int) -> Audio:
        if rate not in known:
            converted = samples if rate == demo.rate else resampled(samples, demo.rate, rate)
            known[rate] = Audio(converted, rate)
        return known[rate]

    return at


def decode(data: bytes) -> Audio:
    """What FFmpeg's libraries decode; samples that the container declares as delay or padding are left out."""
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(audio=0))
    assert {len(frame.layout.channels) for frame in frames} == {1}
    samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
    full_scale = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1
    return Audio((samples / full_scale).astype(np.float32), frames[0].sample_rate)


def decode_with_ffmpeg(data: bytes) -> Floats:
    """What the program decodes, at the rate of the stream."""
    command = ["ffmpeg", "-v", "error", "-i", "-", "-f", "f32le", "-"]
    ran = subprocess.run(command, input=data, capture_output=True, check=True)
    assert not ran.stderr, ran.stderr.decode()
    return np.frombuffer(ran.stdout, "<f4")
