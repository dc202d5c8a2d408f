"""PCM and WAV: conversion to integers, headers that libsndfile reads. Files of any format; unknown formats."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.audio.encoders import ENCODERS, OutputFormat, create_encoder, encode_file
from server.audio.pcm import PcmEncoder, pcm_bytes
from server.errors import SynthesisError, UnknownNameError
from server.types import Audio

samples = arrays(np.float32, st.integers(0, 300), elements=st.floats(-1, 1, width=32))
RATES = (8000, 16000, 24000, 48000)
WAV, PCM = OutputFormat("wav"), OutputFormat("pcm")


def read_pcm(data: bytes) -> np.ndarray:
    return np.frombuffer(data, "<i2").astype(np.float64)


@given(samples)
def test_samples_are_rounded_to_the_nearest_integer(x):
    assert (np.abs(read_pcm(pcm_bytes(x)) - x.astype(np.float64) * 32767) <= 0.5).all()


@given(samples)
def test_the_mapping_to_integers_is_symmetric(x):
    np.testing.assert_array_equal(read_pcm(pcm_bytes(-x)), -read_pcm(pcm_bytes(x)))


@given(arrays(np.float32, st.integers(0, 50), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_a_sample_beyond_full_scale_is_clipped_and_never_wraps(x):
    outside = np.abs(x) > 1
    np.testing.assert_array_equal(read_pcm(pcm_bytes(x))[outside], np.sign(x[outside]) * 32767)


def test_bytes_are_little_endian():
    assert pcm_bytes(np.array([1 / 32767, -1], np.float32)) == b"\x01\x00\x01\x80"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_cannot_be_encoded(bad):
    with pytest.raises(SynthesisError):
        pcm_bytes(np.array([bad], np.float32))


@given(samples, st.sampled_from(RATES))
def test_libsndfile_reads_a_complete_wav_file(x, rate):
    file = encode_file(WAV, Audio(x, rate))
    read, read_rate = soundfile.read(io.BytesIO(file), dtype="int16")
    assert read_rate == rate
    np.testing.assert_array_equal(read, read_pcm(pcm_bytes(x)))


def test_a_complete_wav_file_has_exact_sizes():
    file = encode_file(WAV, Audio(np.zeros(7, np.float32), 16000))
    assert struct.unpack_from("<I", file, 4) == (len(file) - 8,)
    assert struct.unpack_from("<I", file, 40) == (14,)
    assert len(file) == 44 + 14


@pytest.mark.parametrize("rate", RATES)
def test_the_header_of_a_stream_differs_from_that_of_a_file_only_in_the_sizes(rate):
    streamed, complete = create_encoder(WAV, rate).header(), encode_file(WAV, Audio(np.zeros(5, np.float32), rate))
    assert len(streamed) == 44
    assert streamed[4:8] == streamed[40:44] == b"\xff\xff\xff\xff"
    assert streamed[8:40] == complete[8:40]


def test_libsndfile_reads_a_streamed_wav_file_to_its_end():
    x = np.linspace(-1, 1, 1000, dtype=np.float32)
    read, rate = soundfile.read(io.BytesIO(create_encoder(WAV, 24000).header() + pcm_bytes(x)), dtype="int16")
    assert rate == 24000
    np.testing.assert_array_equal(read, read_pcm(pcm_bytes(x)))


@given(samples, st.integers(0, 300))
def test_chunks_encode_to_the_same_bytes_as_the_whole(x, cut):
    for output in (WAV, PCM):
        stream = create_encoder(output, 16000)
        pieces = stream.encode(Audio(x[:cut], 16000)) + stream.encode(Audio(x[cut:], 16000))
        assert pieces == stream.encode(Audio(x, 16000))


def test_wav_and_pcm_have_a_media_type_a_header_and_no_end():
    wav, pcm = create_encoder(WAV, 16000), create_encoder(PCM, 24000)
    assert (wav.media_type, len(wav.header()), wav.finish()) == ("audio/wav", 44, b"")
    assert (pcm.media_type, pcm.header(), pcm.finish()) == ("audio/pcm;rate=24000", b"", b"")


def test_a_file_is_the_header_the_encoded_samples_and_the_end(monkeypatch):
    class Buffered(PcmEncoder):
        """Returns all of its bytes at the end, as an encoder with large blocks does."""

        def header(self):
            return f"<{self.total_samples}>".encode()

        def encode(self, audio):
            self.buffer = pcm_bytes(audio.samples)
            return b""

        def finish(self):
            return self.buffer

    monkeypatch.setitem(ENCODERS, "buffered", Buffered)
    x = np.linspace(-1, 1, 10, dtype=np.float32)
    assert encode_file(OutputFormat("buffered"), Audio(x, 16000)) == b"<10>" + pcm_bytes(x)


@pytest.mark.parametrize("name", ["ogg", "WAV", ""])
def test_an_unknown_format_is_refused_with_the_valid_ones(name):
    with pytest.raises(UnknownNameError, match="valid: mp3, opus, aac, flac, wav, pcm, webm") as caught:
        OutputFormat(name)
    assert caught.value.param == "response_format"
