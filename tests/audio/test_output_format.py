"""The choice of format, sampling rate and bit rate: what is valid, and errors that say what would be."""

import numpy as np
import pytest

from server.audio.encoders import ENCODERS, SAMPLE_RATES, OutputFormat, create_encoder
from server.errors import RequestError
from server.types import Audio

WITH_BIT_RATE = ("mp3", "opus", "aac", "webm")


@pytest.mark.parametrize("rate", [0, 1, -8000, 44000, 96000])
def test_an_unknown_sample_rate_is_refused_with_the_valid_ones(rate):
    with pytest.raises(RequestError, match=r"valid: 8000, 11025, 12000, .*, 48000 Hz") as caught:
        OutputFormat("wav", sample_rate=rate)
    assert (caught.value.param, caught.value.code) == ("sample_rate", "invalid_value")


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("name", ENCODERS)
def test_every_format_encodes_at_every_sample_rate(name, rate):
    encoder = create_encoder(OutputFormat(name, sample_rate=rate), 16000)
    assert encoder.rate == rate if name not in ("opus", "webm") else encoder.rate in (8000, 12000, 16000, 24000, 48000)
    assert encoder.rate >= rate
    assert encoder.header() + encoder.encode(Audio(np.zeros(9000, np.float32), 16000)) + encoder.finish()


@pytest.mark.parametrize(("rate", "expected"), [(11025, 12000), (22050, 24000), (32000, 48000), (44100, 48000)])
def test_opus_uses_the_next_rate_that_it_has(rate, expected):
    assert create_encoder(OutputFormat("opus"), rate).rate == expected
    assert create_encoder(OutputFormat("opus", sample_rate=rate), 16000).rate == expected


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "webm"])
def test_a_voice_above_the_highest_rate_of_a_format_needs_a_sample_rate(name):
    with pytest.raises(RequestError, match=r"speaks at 96000 Hz.*set sample_rate to one of 8000, .*, 48000") as caught:
        create_encoder(OutputFormat(name), 96000)
    assert caught.value.param == "sample_rate"
    assert create_encoder(OutputFormat(name, sample_rate=24000), 96000).rate == 24000
    assert create_encoder(OutputFormat("flac"), 96000).rate == 96000


@pytest.mark.parametrize("name", ["flac", "wav", "pcm"])
def test_a_format_without_bit_rates_says_which_have_them(name):
    with pytest.raises(RequestError, match=rf"{name} has no bit_rate.*: mp3, opus, aac, webm") as caught:
        OutputFormat(name, bit_rate=64000)
    assert (caught.value.param, caught.value.code) == ("bit_rate", "invalid_value")


@pytest.mark.parametrize(
    ("name", "rate", "bit_rate", "valid"),
    [
        ("mp3", 8000, 128000, "8000, 16000, .*, 64000 bit/s"),
        ("mp3", 24000, 65000, "8000, .*, 160000 bit/s"),
        ("mp3", 48000, 16000, "32000, .*, 320000 bit/s"),
        ("opus", 16000, 5999, "6000 to 256000 bit/s"),
        ("webm", 48000, 256001, "6000 to 256000 bit/s"),
        ("aac", 8000, 48001, "8000 to 48000 bit/s"),
        ("aac", 48000, 0, "8000 to 288000 bit/s"),
        ("opus", 16000, -1, "6000 to 256000 bit/s"),
    ],
)
def test_an_invalid_bit_rate_is_refused_with_the_valid_ones_of_the_rate(name, rate, bit_rate, valid):
    with pytest.raises(
        RequestError, match=f"bit_rate is {bit_rate}; valid for {name}: {valid} at {rate} Hz$"
    ) as caught:
        OutputFormat(name, sample_rate=rate, bit_rate=bit_rate)
    assert caught.value.param == "bit_rate"


def test_a_bit_rate_is_checked_against_the_rate_of_the_voice():
    output = OutputFormat("mp3", bit_rate=160000)
    assert output.rate_for(24000) == 24000
    with pytest.raises(RequestError, match=r"valid for mp3: 8000, 16000, .* 64000 bit/s at 8000 Hz$"):
        create_encoder(output, 8000)
    with pytest.raises(RequestError, match=r"at 8000, 11025, 12000 Hz; .* at 16000, .*; .* at 32000, 44100, 48000 Hz$"):
        OutputFormat("mp3", bit_rate=1000)


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("name", WITH_BIT_RATE)
def test_the_lowest_default_and_highest_bit_rate_work(name, rate):
    bit_rates = ENCODERS[name].bit_rates(rate)
    assert bit_rates.default in bit_rates.valid
    for bit_rate in (bit_rates.valid[0], bit_rates.default, bit_rates.valid[-1]):
        encoder = create_encoder(OutputFormat(name, rate, bit_rate), rate)
        noise = np.random.default_rng(1).uniform(-0.5, 0.5, rate).astype(np.float32)
        assert encoder.header() + encoder.encode(Audio(noise, rate)) + encoder.finish()
