"""Percentiles, the account of a listener, and what one run prints and writes."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load.client import Listener
from bench.load.load import Visits, loaded, text_for
from bench.measure.cost import Prices, cost
from bench.measure.rtf import Speed
from bench.report.percentiles import Percentiles, percentile
from bench.report.report import table, width
from bench.voices.texts import KINDS, NEWS, text_of

NONE = Percentiles.of([])
SPEED = Speed("fp32", 0.2, 0.2, 128.0, 0.25, 0.25, 1.0, 20.0, NONE, "cpu", None)

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(numbers, st.floats(0.01, 1))
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    count = len(values)
    assert found in values
    assert sum(value <= found for value in values) >= share * count - 1e-6
    assert sum(value < found for value in values) < share * count + 1e-6


def test_the_percentiles_of_a_hundred_values_are_their_ranks() -> None:
    assert Percentiles.of(range(1, 101)) == Percentiles(50, 95, 99, 100)


def test_of_one_value_every_percentile_is_that_value() -> None:
    assert Percentiles.of([7.0]) == Percentiles(7.0, 7.0, 7.0, 1)


def test_of_no_values_there_are_no_percentiles() -> None:
    assert Percentiles(None, None, None, 0) == NONE


def heard(*chunks: tuple[float, float], asked: float = 0.0) -> Listener:
    """One who was sent (moment, seconds of sound)."""
    listener = Listener(asked)
    for at, seconds in chunks:
        listener.hear(seconds, at)
    return listener


def test_a_chunk_that_comes_after_the_listener_ran_dry_is_late_by_the_gap() -> None:
    listener = heard((1.0, 0.5), (1.25, 0.5), (2.5, 1.0), (3.0, 1.0), (5.0, 0.5), asked=0.25)
    assert listener.first == 0.75
    assert listener.gaps == [0.5, 0.5]  # dry at 2.0 and, after the first gap, at 4.5
    assert listener.dry == 5.5
    assert listener.sound == 3.5


def test_a_chunk_that_comes_in_the_last_moment_is_not_late() -> None:
    assert heard((1.0, 0.5), (1.5, 0.5)).gaps == []


def test_the_wait_for_the_first_chunk_is_no_gap() -> None:
    assert heard((60.0, 1.0)).gaps == []


def test_an_empty_chunk_is_neither_the_first_sound_nor_a_late_one() -> None:
    listener = heard((0.5, 0.0), (1.0, 1.0), (9.0, 0.0))
    assert (listener.first, listener.chunks, listener.gaps) == (1.0, 1, [])


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.01, 10)), min_size=1, max_size=30))
def test_the_time_of_a_stream_is_its_sound_and_its_gaps(steps: list[tuple[float, float]]) -> None:
    now, chunks = 0.0, []
    for pause, seconds in steps:
        now += pause
        chunks.append((now, seconds))
    listener = heard(*chunks)
    assert listener.begun is not None
    assert listener.dry - listener.begun == pytest.approx(listener.sound + sum(listener.gaps))


def test_a_crowd_counts_what_was_late_refused_and_failed() -> None:
    punctual, waiting = heard((0.1, 1.0), (0.5, 1.0)), heard((0.3, 1.0), (1.8, 1.0), (9.0, 1.0))
    load = loaded("http", 3, Visits([punctual, waiting], refused=4, failures=["gone", "lost"]), 10.0, 0.5, None)
    assert (load.requests, load.refused, load.failed, load.failure) == (8, 4, 2, "gone")
    assert (load.chunks, load.late, load.interrupted) == (5, 2, 1)
    assert load.longest_gap == pytest.approx(6.2)
    assert load.throughput == pytest.approx(0.5)
    assert (load.first_audio.p50, load.first_audio.p99) == (0.1, 0.3)


def test_a_crowd_that_heard_nothing_has_no_first_audio() -> None:
    load = loaded("http", 1, Visits(refused=3), 1.0, None, None)
    assert (load.first_audio, load.late, load.longest_gap, load.throughput) == (NONE, 0, 0.0, 0.0)


def test_the_news_text_has_120_characters() -> None:
    assert len(NEWS) == 120


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 3000))
def test_a_text_has_the_length_that_was_asked_for(kind: str, length: int) -> None:
    assert len(text_of(kind, length)) == length


def test_listeners_say_different_things_at_the_same_time() -> None:
    assert len({text_for(listener, 0) for listener in range(8)}) == 8


def test_a_machine_that_rests_half_of_the_time_costs_twice_as_much_an_hour_of_sound() -> None:
    prices = Prices(rent=0.10, watts=100, kilowatt_hour=0.30, currency="EUR")
    busy, resting = cost(prices, SPEED, 2), cost(replace(prices, use=0.5), SPEED, 2)
    assert busy.throughput == 8  # two cores, a quarter of a CPU second each
    assert busy.sound_hour == pytest.approx(0.13 / 8)
    assert busy.request == pytest.approx(busy.sound_hour * 20 / 3600)
    assert resting.sound_hour == pytest.approx(2 * busy.sound_hour)


def test_on_a_gpu_the_price_follows_the_time_that_passes() -> None:
    assert cost(Prices(rent=1.0), replace(SPEED, provider="cuda"), 16).throughput == pytest.approx(5)


names = st.text(st.characters(categories=("Lo", "Ll")), min_size=1, max_size=5)


@given(st.lists(names, min_size=1, max_size=4, unique=True), st.lists(names, min_size=1, max_size=5))
def test_every_line_of_a_table_is_equally_wide(columns: Sequence[str], cells: Sequence[str]) -> None:
    lines = table([dict.fromkeys(columns, cell) for cell in cells]).splitlines()
    assert len(lines) == len(cells) + 2
    assert len(set(map(width, lines))) == 1
