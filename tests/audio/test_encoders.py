"""What leaves as bytes: samples that never wrap, WAV files that others read, streams that say their type."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.audio import wav
from server.audio.encoders import FORMATS, encoder
from server.audio.pcm import pcm_bytes
from server.errors import SynthesisError, UnknownNameError
from server.types import Audio

samples = arrays(np.float32, st.integers(0, 300), elements=st.floats(-1, 1, width=32))
RATES = (8000, 16000, 24000, 48000)


def read_pcm(data: bytes) -> np.ndarray:
    return np.frombuffer(data, "<i2").astype(np.float64)


@given(samples)
def test_samples_are_rounded_to_the_nearest(x):
    assert (np.abs(read_pcm(pcm_bytes(x)) - x.astype(np.float64) * 32767) <= 0.5).all()


@given(samples)
def test_both_sides_of_zero_are_alike(x):
    np.testing.assert_array_equal(read_pcm(pcm_bytes(-x)), -read_pcm(pcm_bytes(x)))


@given(arrays(np.float32, st.integers(0, 50), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_a_sample_beyond_full_scale_never_wraps(x):
    outside = np.abs(x) > 1
    np.testing.assert_array_equal(read_pcm(pcm_bytes(x))[outside], np.sign(x[outside]) * 32767)


def test_bytes_are_little_endian():
    assert pcm_bytes(np.array([1 / 32767, -1], np.float32)) == b"\x01\x00\x01\x80"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_has_no_bytes(bad):
    with pytest.raises(SynthesisError):
        pcm_bytes(np.array([bad], np.float32))


@given(samples, st.sampled_from(RATES))
def test_another_library_reads_back_a_whole_file(x, rate):
    file = wav.whole(Audio(x, rate))
    read, read_rate = soundfile.read(io.BytesIO(file), dtype="int16")
    assert read_rate == rate
    np.testing.assert_array_equal(read, read_pcm(pcm_bytes(x)))


def test_a_whole_file_has_exact_sizes():
    file = wav.whole(Audio(np.zeros(7, np.float32), 16000))
    assert struct.unpack_from("<I", file, 4) == (len(file) - 8,)
    assert struct.unpack_from("<I", file, 40) == (14,)
    assert len(file) == 44 + 14


@pytest.mark.parametrize("rate", RATES)
def test_the_header_of_a_stream_is_the_header_of_a_file_without_sizes(rate):
    streamed, complete = wav.stream_header(rate), wav.whole(Audio(np.zeros(5, np.float32), rate))
    assert len(streamed) == 44
    assert streamed[4:8] == streamed[40:44] == b"\xff\xff\xff\xff"
    assert streamed[8:40] == complete[8:40]


def test_another_library_reads_a_streamed_file_to_its_end():
    x = np.linspace(-1, 1, 1000, dtype=np.float32)
    read, rate = soundfile.read(io.BytesIO(wav.stream_header(24000) + pcm_bytes(x)), dtype="int16")
    assert rate == 24000
    np.testing.assert_array_equal(read, read_pcm(pcm_bytes(x)))


@given(samples, st.integers(0, 300))
def test_a_stream_of_chunks_equals_the_stream_of_the_whole(x, cut):
    for name in FORMATS:
        stream = encoder(name, 16000)
        pieces = stream.encode(Audio(x[:cut], 16000)) + stream.encode(Audio(x[cut:], 16000))
        assert pieces == stream.encode(Audio(x, 16000))


def test_each_format_says_its_type_and_opens_its_stream():
    assert encoder("wav", 16000).media_type == "audio/wav"
    assert encoder("wav", 16000).header == wav.stream_header(16000)
    assert encoder("pcm", 24000).media_type == "audio/pcm;rate=24000"
    assert encoder("pcm", 24000).header == b""


@pytest.mark.parametrize("name", ["mp3", "WAV", ""])
def test_an_unknown_format_is_refused_with_the_valid_ones(name):
    with pytest.raises(UnknownNameError, match="valid: wav, pcm") as caught:
        encoder(name, 16000)
    assert caught.value.param == "response_format"
