"""Encoders that write a stream of known length into a file: the bytes of `encode_file`, none of them in memory."""

import io

import numpy as np
import pytest

from server.audio.compressed.flac import read_flac
from server.audio.encoders import ENCODERS, OutputFormat, create_encoder, encode_file
from server.audio.label import GeneratedLabel
from server.types import Audio, Floats

RATE = 16000


@pytest.fixture(scope="module")
def noise() -> Floats:
    return np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32)


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("sample_rate", [None, 24000])
def test_a_file_has_the_bytes_of_a_stream_in_memory(name, sample_rate, noise, tmp_path):
    output = OutputFormat(name, sample_rate, label=GeneratedLabel("producer", "number"))
    with (tmp_path / "audio").open("w+b") as file:
        encoder = create_encoder(output, RATE, len(noise), file)
        file.write(encoder.header())
        for start in range(0, len(noise), 3000):
            file.write(encoder.encode(Audio(noise[start : start + 3000], RATE)))
        file.write(encoder.finish())
    assert (tmp_path / "audio").read_bytes() == encode_file(output, Audio(noise, RATE))


@pytest.mark.parametrize("name", ["mp3", "flac", "opus"])
def test_what_is_encoded_does_not_wait_in_memory(name, noise, tmp_path):
    with (tmp_path / "audio").open("w+b") as file:
        encoder = create_encoder(OutputFormat(name), RATE, len(noise), file)
        assert encoder.header() + encoder.encode(Audio(noise, RATE)) == b""
        assert file.tell() > 10_000
        assert encoder.finish() == b""


def test_an_error_of_the_file_is_raised(noise):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    encoder = create_encoder(OutputFormat("flac"), RATE, len(noise), Full())
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012
        encoder.header()
        for _ in range(20):
            encoder.encode(Audio(noise, RATE))


@pytest.mark.parametrize("total", [None, 5 * RATE])
def test_flac_is_read_as_it_was_written(total, noise, tmp_path):
    encoder = create_encoder(OutputFormat("flac"), RATE, total)
    path = tmp_path / "audio.flac"
    path.write_bytes(encoder.header() + encoder.encode(Audio(noise, RATE)) + encoder.finish())
    read = np.concatenate(list(read_flac(path)))
    assert encode_file(OutputFormat("pcm"), Audio(read, RATE)) == encode_file(OutputFormat("pcm"), Audio(noise, RATE))
