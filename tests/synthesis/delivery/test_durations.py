"""The durations of units between those of a recording and the voice's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.synthesis.reference.delivery.durations import CLEAR, clear_durations, relative_length

OWN = np.array([0.06, 0.18])


def spoken(ratio: float, length: float = 1.0) -> float:
    """Times its own duration, of a syllable that was recorded at `ratio` times it."""
    return float(clear_durations(ratio * OWN[::-1], OWN, length).sum() / OWN.sum())


@pytest.mark.parametrize("ratio", [0.87, 1.0, 1.15])
def test_a_syllable_near_to_the_own_one_lasts_as_long_as_recorded(ratio: float) -> None:
    assert spoken(ratio) == pytest.approx(ratio)


@pytest.mark.parametrize(("ratio", "expected"), [(2.0, 1.524), (0.5, 0.656), (0.0, 0.208)])
def test_half_of_what_is_beyond_is_taken_over(ratio: float, expected: float) -> None:
    assert spoken(ratio) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("length", [0.5, 2.0])
def test_a_slow_or_quick_recording_keeps_its_pace(length: float) -> None:
    assert spoken(length, length) == pytest.approx(length)
    assert spoken(2 * length, length) == pytest.approx(1.524 * length, abs=0.001)


def test_the_length_of_a_sentence_is_that_of_its_spoken_units() -> None:
    assert relative_length(np.array([0.3, np.nan, 0.6]), np.array([0.1, 0.2])) == pytest.approx(3)
    assert relative_length(np.zeros(2), OWN) == relative_length(OWN, np.zeros(2)) == 1


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.floats(0.06, 10), st.floats(0.06, 10))
def test_longer_ones_stay_longer_and_none_is_further_from_the_own_than_recorded(one: float, other: float) -> None:
    shorter, longer = sorted((one, other))
    assert spoken(shorter) <= spoken(longer)
    assert abs(np.log(spoken(one))) <= max(abs(np.log(one)), CLEAR) + 1e-9


def test_the_units_are_divided_as_the_voice_does() -> None:
    durations = clear_durations(np.array([0.2, 0.04]), OWN, 1.0)
    assert durations / durations.sum() == pytest.approx(OWN / OWN.sum())
    assert durations.sum() == pytest.approx(0.24)


def test_a_syllable_that_the_voice_leaves_out_lasts_as_long_as_recorded() -> None:
    assert clear_durations(np.array([0.1]), np.zeros(1), 1.3).tolist() == [0.1]
