"""Gain and soft clipping: exact below the knee, never beyond full scale, and an error for NaN."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.audio.limiter import MIN_KNEE, GainEnvelope, apply_gain
from server.errors import SynthesisError

samples = arrays(np.float32, st.integers(0, 300), elements=st.floats(-1, 1, width=32))
wild_samples = arrays(np.float32, st.integers(0, 300), elements=st.floats(-(2.0**99), 2.0**99, width=32))
gains = st.floats(0, 4)


@given(samples)
def test_a_gain_of_one_changes_nothing(x):
    np.testing.assert_array_equal(apply_gain(x, 1.0), x)


@given(samples, st.floats(0, 1))
def test_a_gain_below_one_is_the_plain_product(x, gain):
    np.testing.assert_array_equal(apply_gain(x, gain), (x.astype(np.float64) * gain).astype(np.float32))


@given(samples, st.floats(1, 4))
def test_samples_below_the_knee_are_the_plain_product(x, gain):
    below = np.abs(x * gain) < MIN_KNEE
    np.testing.assert_allclose(apply_gain(x, gain)[below], (x * gain)[below], rtol=1e-6, atol=1e-12)


@given(wild_samples, gains)
def test_no_sample_exceeds_full_scale(x, gain):
    assert (np.abs(apply_gain(x, gain)) <= 1).all()


@given(samples, gains, st.integers(0, 300))
def test_chunks_give_the_same_samples_as_the_whole(x, gain, cut):
    pieces = [apply_gain(x[:cut], gain), apply_gain(x[cut:], gain)]
    np.testing.assert_array_equal(np.concatenate(pieces), apply_gain(x, gain))


@given(samples, gains)
def test_the_curve_is_odd_and_monotonic(x, gain):
    np.testing.assert_array_equal(apply_gain(-x, gain), -apply_gain(x, gain))
    assert (np.diff(apply_gain(np.sort(x), gain)) >= 0).all()


@given(st.floats(1.001, 4))
def test_the_curve_has_neither_jump_nor_corner(gain):
    x = np.linspace(0, 1, 100_001, dtype=np.float32)
    slope = np.diff(apply_gain(x, gain).astype(np.float64)) / np.diff(x.astype(np.float64))
    assert slope.max() <= gain * 1.02  # no jump: nowhere steeper than the product (float32 steps are coarse)
    knee = np.searchsorted(x * gain, max(1 / gain, MIN_KNEE))
    np.testing.assert_allclose(slope[knee - 20 : knee + 20].mean(), gain, rtol=0.02)


def test_soft_clipping_keeps_loud_peaks_distinct():
    loud = apply_gain(np.array([0.5, 0.6], np.float32), 2.0)
    assert 0.9 < loud[0] < loud[1] < 1


def test_the_result_is_float32_and_the_input_is_unchanged():
    x = np.array([0.5, -0.9], np.float32)
    assert apply_gain(x, 3.0).dtype == np.float32
    np.testing.assert_array_equal(x, np.array([0.5, -0.9], np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("gain", [0.0, 1.0, 4.0])
def test_nan_and_infinity_are_errors(bad, gain):
    with pytest.raises(SynthesisError, match="1 samples of 3"):
        apply_gain(np.array([0.1, bad, 0.2], np.float32), gain)


envelopes = st.builds(
    GainEnvelope,
    gains=arrays(np.float64, st.integers(1, 12), elements=gains),
    samples_per_frame=st.sampled_from([50, 200]),
    rate=st.sampled_from([8000, 16000]),
    end=st.sampled_from([None, 600]),
)


@given(envelopes, st.integers(0, 10**6), st.lists(st.integers(0, 600), max_size=6))
def test_an_envelope_gives_the_same_samples_in_chunks_of_any_size(envelope, seed, cuts):
    x = np.random.default_rng(seed).uniform(-1, 1, 600).astype(np.float32)
    ends = [*sorted(cuts), len(x)]
    pieces = [envelope.apply(x[start:end], start) for start, end in zip([0, *ends], ends, strict=False)]
    np.testing.assert_array_equal(np.concatenate(pieces), envelope.apply(x, 0))


@given(envelopes)
def test_an_envelope_stays_between_its_lowest_and_highest_gain(envelope):
    gain = envelope.between(0, 600)
    assert gain.max() <= envelope.gains.max() + 1e-12
    assert gain.min() >= (0 if envelope.end else envelope.gains.min() - 1e-12)


def test_a_gain_is_constant_in_a_frame_and_changes_with_a_ramp():
    envelope = GainEnvelope(np.array([1.0, 1, 0.25, 0.25, 0]), samples_per_frame=400, rate=16000)
    gain = envelope.between(0, 2000)
    half = 160  # a hundredth of a second
    np.testing.assert_array_equal(gain[: 800 - half], 1)
    np.testing.assert_array_equal(gain[800 + half : 1600 - half], 0.25)
    np.testing.assert_array_equal(gain[1600 + half :], 0)
    assert np.abs(np.diff(gain)).max() < 0.01
    assert gain[800] == pytest.approx(0.625, abs=0.01)


def test_an_utterance_that_is_cut_off_fades_out_before_the_cut():
    gain = GainEnvelope(np.ones(1), samples_per_frame=400, rate=16000, end=400).between(0, 400)
    np.testing.assert_array_equal(gain[:320], 1)
    assert gain[-1] < 0.001
    assert np.abs(np.diff(gain)).max() < 0.03


def test_a_constant_gain_equals_the_same_gain_for_each_sample():
    x = np.linspace(-1, 1, 100, dtype=np.float32)
    np.testing.assert_array_equal(GainEnvelope(np.full(1, 1.7), 10, 16000).apply(x, 0), apply_gain(x, 1.7))
    np.testing.assert_array_equal(apply_gain(x, np.full(100, 1.7)), apply_gain(x, 1.7))
