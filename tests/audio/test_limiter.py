"""The volume never distorts what fits, never clips what does not, and lets nothing through that is no sound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.audio.limiter import LOWEST_KNEE, VolumeEnvelope, apply_volume
from server.errors import SynthesisError

samples = arrays(np.float32, st.integers(0, 300), elements=st.floats(-1, 1, width=32))
wild_samples = arrays(np.float32, st.integers(0, 300), elements=st.floats(-(2.0**99), 2.0**99, width=32))
volumes = st.floats(0, 4)


@given(samples)
def test_volume_one_changes_nothing(x):
    np.testing.assert_array_equal(apply_volume(x, 1.0), x)


@given(samples, st.floats(0, 1))
def test_softer_is_the_product_and_nothing_else(x, volume):
    np.testing.assert_array_equal(apply_volume(x, volume), (x.astype(np.float64) * volume).astype(np.float32))


@given(samples, st.floats(1, 4))
def test_below_the_knee_louder_is_the_product_too(x, volume):
    below = np.abs(x * volume) < LOWEST_KNEE
    np.testing.assert_allclose(apply_volume(x, volume)[below], (x * volume)[below], rtol=1e-6, atol=1e-12)


@given(wild_samples, volumes)
def test_nothing_ever_leaves_full_scale(x, volume):
    assert (np.abs(apply_volume(x, volume)) <= 1).all()


@given(samples, volumes, st.integers(0, 300))
def test_chunks_sound_like_the_whole(x, volume, cut):
    pieces = [apply_volume(x[:cut], volume), apply_volume(x[cut:], volume)]
    np.testing.assert_array_equal(np.concatenate(pieces), apply_volume(x, volume))


@given(samples, volumes)
def test_the_curve_is_odd_and_never_turns_back(x, volume):
    np.testing.assert_array_equal(apply_volume(-x, volume), -apply_volume(x, volume))
    assert (np.diff(apply_volume(np.sort(x), volume)) >= 0).all()


@given(st.floats(1.001, 4))
def test_the_curve_has_neither_jump_nor_corner(volume):
    x = np.linspace(0, 1, 100_001, dtype=np.float32)
    slope = np.diff(apply_volume(x, volume).astype(np.float64)) / np.diff(x.astype(np.float64))
    assert slope.max() <= volume * 1.02  # no jump: nowhere steeper than the product (float32 steps are coarse)
    knee = np.searchsorted(x * volume, max(1 / volume, LOWEST_KNEE))
    np.testing.assert_allclose(slope[knee - 20 : knee + 20].mean(), volume, rtol=0.02)


def test_loud_peaks_stay_apart_where_clipping_would_flatten_them():
    loud = apply_volume(np.array([0.5, 0.6], np.float32), 2.0)
    assert 0.9 < loud[0] < loud[1] < 1


def test_the_result_is_float32_and_the_input_stays():
    x = np.array([0.5, -0.9], np.float32)
    assert apply_volume(x, 3.0).dtype == np.float32
    np.testing.assert_array_equal(x, np.array([0.5, -0.9], np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("volume", [0.0, 1.0, 4.0])
def test_what_is_no_number_is_an_error_instead_of_noise(bad, volume):
    with pytest.raises(SynthesisError, match="1 samples of 3"):
        apply_volume(np.array([0.1, bad, 0.2], np.float32), volume)


faders = st.builds(
    VolumeEnvelope,
    volumes=arrays(np.float64, st.integers(1, 12), elements=volumes),
    samples_per_frame=st.sampled_from([50, 200]),
    rate=st.sampled_from([8000, 16000]),
    end=st.sampled_from([None, 600]),
)


@given(faders, st.integers(0, 10**6), st.lists(st.integers(0, 600), max_size=6))
def test_a_fader_sounds_the_same_in_chunks_of_any_size(fader, seed, cuts):
    x = np.random.default_rng(seed).uniform(-1, 1, 600).astype(np.float32)
    ends = [*sorted(cuts), len(x)]
    pieces = [fader.apply(x[start:end], start) for start, end in zip([0, *ends], ends, strict=False)]
    np.testing.assert_array_equal(np.concatenate(pieces), fader.apply(x, 0))


@given(faders)
def test_a_fader_stays_between_its_lowest_and_highest_volume(fader):
    volume = fader.between(0, 600)
    assert volume.max() <= fader.volumes.max() + 1e-12
    assert volume.min() >= (0 if fader.end else fader.volumes.min() - 1e-12)


def test_a_volume_holds_in_its_frames_and_changes_smoothly_between_them():
    fader = VolumeEnvelope(np.array([1.0, 1, 0.25, 0.25, 0]), samples_per_frame=400, rate=16000)
    volume = fader.between(0, 2000)
    half = 160  # a hundredth of a second
    np.testing.assert_array_equal(volume[: 800 - half], 1)
    np.testing.assert_array_equal(volume[800 + half : 1600 - half], 0.25)
    np.testing.assert_array_equal(volume[1600 + half :], 0)
    assert np.abs(np.diff(volume)).max() < 0.01
    assert volume[800] == pytest.approx(0.625, abs=0.01)


def test_a_sound_that_is_cut_off_fades_just_before():
    volume = VolumeEnvelope(np.ones(1), samples_per_frame=400, rate=16000, end=400).between(0, 400)
    np.testing.assert_array_equal(volume[:320], 1)
    assert volume[-1] < 0.001
    assert np.abs(np.diff(volume)).max() < 0.03


def test_one_volume_for_all_is_applied_as_such():
    x = np.linspace(-1, 1, 100, dtype=np.float32)
    np.testing.assert_array_equal(VolumeEnvelope(np.full(1, 1.7), 10, 16000).apply(x, 0), apply_volume(x, 1.7))
    np.testing.assert_array_equal(apply_volume(x, np.full(100, 1.7)), apply_volume(x, 1.7))
