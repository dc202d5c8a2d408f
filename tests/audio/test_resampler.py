"""Sampling-rate conversion: exact length, no delay, no seam, flat pass band, deep stop band."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.audio.encoders import SAMPLE_RATES, OutputFormat, create_encoder, encode_file
from server.audio.pcm import pcm_samples
from server.audio.resampler import Resampler, resampled_length
from server.types import Audio
from tests.audio.conftest import resampled

PAIRS = [(rate, new) for rate in (16000, 22050, 24000, 48000) for new in SAMPLE_RATES if rate != new]
EDGE = 0.02
"""Seconds at both ends that are not measured: outside of the signal is silence."""


def tone(frequency: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)


def middle(samples: np.ndarray, rate: int) -> np.ndarray:
    return samples[round(EDGE * rate) : -round(EDGE * rate)]


def level(samples: np.ndarray) -> float:
    """Decibels relative to a full-scale sine."""
    return 20 * np.log10(np.sqrt(2 * np.mean(samples.astype(np.float64) ** 2)) + 1e-12)


@pytest.mark.parametrize(("rate", "new_rate"), PAIRS)
def test_the_pass_band_is_flat_and_a_tone_is_not_shifted(rate, new_rate):
    nyquist = min(rate, new_rate) / 2
    for share in (0.05, 0.5, 0.85, 0.9):
        frequency = share * nyquist
        converted = resampled(tone(frequency, rate), rate, new_rate)
        assert abs(level(middle(converted, new_rate))) < 0.05
        expected = tone(frequency, new_rate)
        np.testing.assert_allclose(middle(converted, new_rate), middle(expected, new_rate), atol=0.006)


@pytest.mark.parametrize(("rate", "new_rate"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_a_tone_above_the_new_nyquist_frequency_is_gone(rate, new_rate):
    for share in (1.005, 1.1, 1.5):
        frequency = share * new_rate / 2
        if frequency < rate / 2:
            assert level(middle(resampled(tone(frequency, rate), rate, new_rate), new_rate)) < -90


@pytest.mark.parametrize(("rate", "new_rate"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_a_higher_rate_adds_no_image_above_the_old_nyquist_frequency(rate, new_rate):
    converted = middle(resampled(tone(0.45 * rate, rate), rate, new_rate), new_rate)
    spectrum = np.abs(np.fft.rfft(converted * np.blackman(len(converted))))
    frequencies = np.fft.rfftfreq(len(converted), 1 / new_rate)
    assert 20 * np.log10(spectrum[frequencies > 0.52 * rate].max(initial=1e-9) / spectrum.max()) < -80


@pytest.mark.parametrize(("rate", "new_rate"), PAIRS)
def test_the_length_is_exact(rate, new_rate):
    for samples in (1, 2, 50, 127, 1000, 12345):
        assert len(resampled(np.full(samples, 0.1, np.float32), rate, new_rate)) == resampled_length(
            samples, rate, new_rate
        )


def test_nothing_stays_nothing():
    assert len(resampled(np.zeros(0, np.float32), 16000, 8000)) == 0


@settings(max_examples=40)
@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 900), max_size=12), st.integers(0, 10**6))
def test_chunks_of_any_size_give_the_same_samples(pair, sizes, seed):
    samples = np.random.default_rng(seed).uniform(-1, 1, 4000).astype(np.float32)
    resampler, pieces, start = Resampler(*pair), [], 0
    for size in [*sizes, len(samples)]:
        pieces.append(resampler.resample(samples[start : start + size]))
        start += size
    np.testing.assert_array_equal(np.concatenate([*pieces, resampler.finish()]), resampled(samples, *pair))


def test_single_samples_can_be_chunks():
    samples = np.random.default_rng(0).uniform(-1, 1, 500).astype(np.float32)
    resampler = Resampler(24000, 11025)
    pieces = [resampler.resample(samples[place : place + 1]) for place in range(len(samples))]
    np.testing.assert_array_equal(np.concatenate([*pieces, resampler.finish()]), resampled(samples, 24000, 11025))


@pytest.mark.parametrize("rate", SAMPLE_RATES)
def test_wav_and_pcm_have_the_chosen_rate_and_the_same_samples(rate):
    audio = Audio(tone(440, 22050), 22050)
    expected = pcm_samples(audio.samples if rate == 22050 else resampled(audio.samples, 22050, rate)).tobytes()
    encoder = create_encoder(OutputFormat("pcm", sample_rate=rate), 22050)
    assert encoder.media_type == f"audio/pcm;rate={rate}"
    assert encoder.rate == rate
    assert encoder.header() + encoder.encode(audio) + encoder.finish() == expected
    file = encode_file(OutputFormat("wav", sample_rate=rate), audio)
    assert file[24:28] == rate.to_bytes(4, "little")
    assert file[40:44] == len(expected).to_bytes(4, "little")
    assert file[44:] == expected
