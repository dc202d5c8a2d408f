"""Dynamic time warping: every path is a path, the best one is found, and a band around it does not change it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.synthesis.reference.delivery.warping import Band, Warping, WarpingPath

lengths = st.integers(1, 12)


def sequences(seed: int, own: int, other: int) -> tuple[np.ndarray, ...]:
    draw = np.random.default_rng(seed)
    features = (draw.normal(size=(count, 3)).astype(np.float32) for count in (own, other))
    return (*features, draw.uniform(0.3, 1, own), draw.uniform(0.3, 1, other))


def cost(warping: Warping, end: int) -> float:
    return float(warping.ends()[end])


def cheapest(first: np.ndarray, second: np.ndarray, own: np.ndarray, other: np.ndarray) -> float:
    """The cost by the recursion itself."""
    total = np.full((len(first) + 1, len(second) + 1), np.inf)
    for i, j in np.ndindex(len(first), len(second)):
        distance = np.sqrt(((first[i] - second[j]) ** 2).mean())
        if i == j == 0:
            total[1, 1] = distance * (own[0] + other[0])
            continue
        total[i + 1, j + 1] = min(
            total[i, j] + distance * (own[i] + other[j]),
            total[i, j + 1] + distance * own[i],
            total[i + 1, j] + distance * other[j],
        )
    return float(total[-1, -1] / (own.sum() + other.sum()))


@given(st.integers(0, 10_000), lengths, lengths)
def test_the_cost_is_that_of_the_best_path(seed: int, own: int, other: int) -> None:
    parts = sequences(seed, own, other)
    warping = Warping(*parts, Band.full(own, other))
    assert cost(warping, other - 1) == pytest.approx(cheapest(*parts), rel=1e-4)


@given(st.integers(0, 10_000), lengths, lengths)
def test_a_path_goes_from_the_first_pair_to_the_last_without_a_gap(seed: int, own: int, other: int) -> None:
    path = Warping(*sequences(seed, own, other), Band.full(own, other)).path(other - 1)
    pairs = list(zip(path.own.tolist(), path.other.tolist(), strict=True))
    assert (pairs[0], pairs[-1]) == ((0, 0), (own - 1, other - 1))
    assert {(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(pairs)} <= {(0, 1), (1, 0), (1, 1)}
    assert len(path.costs) == len(pairs)


@given(st.integers(0, 10_000), st.integers(6, 30), st.integers(6, 30))
def test_a_band_around_the_best_path_finds_it_again(seed: int, own: int, other: int) -> None:
    parts = sequences(seed, own, other)
    full = Warping(*parts, Band.full(own, other))
    banded = Warping(*parts, Band.around(full.path(other - 1), 1, 2, own, other))
    assert cost(banded, other - 1) == pytest.approx(cost(full, other - 1), rel=1e-6)


def test_a_stretched_sequence_is_found_in_place() -> None:
    frames = np.random.default_rng(3).normal(size=(20, 5)).astype(np.float32)
    repeats = np.tile([1, 3], 10)
    stretched = np.repeat(frames, repeats, axis=0)
    warping = Warping(frames, stretched, np.ones(20), np.ones(len(stretched)), Band.full(20, len(stretched)))
    places = warping.path(len(stretched) - 1).other_places(20)
    ends = np.cumsum(repeats)
    np.testing.assert_allclose(places, (ends - repeats + ends - 1) / 2)


def test_a_coarse_path_gives_a_band_that_covers_both_sequences() -> None:
    coarse = WarpingPath(np.array([0, 1, 1, 2, 3]), np.array([0, 1, 2, 3, 3]), np.zeros(5))
    band = Band.around(coarse, 3, 1, 11, 13)
    assert (band.first < band.stop).all()
    assert (band.first[0], band.stop[-1]) == (0, 13)
    assert (band.first[1:] < band.stop[:-1]).all()  # a path can go on
