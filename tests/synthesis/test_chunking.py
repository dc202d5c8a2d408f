"""Chunk sizes: the lookahead first, then larger while the buffer covers them."""

from dataclasses import replace

import pytest

from server.scheduling.playback import PlaybackClock, RepeatableClock
from server.synthesis.chunking import (
    FIRST_CHUNK_STEPS,
    MIN_CHUNK_STEPS,
    QUICK_CHUNK_STEPS,
    QUICK_SECONDS,
    ChunkSchedule,
)

SCHEDULE = ChunkSchedule(
    lookahead_frames=28, frames_per_step=3, seconds_per_step=0.0375, first_chunk_steps=0, chunk_steps=16
)


def clock(buffered: float | None) -> PlaybackClock:
    made = PlaybackClock(lambda: 0.0)
    if buffered is not None:
        made.push(buffered)
    return made


def test_the_first_chunk_covers_the_lookahead() -> None:
    assert SCHEDULE.next_steps(clock(None)) == 12 >= 10 + QUICK_CHUNK_STEPS
    assert replace(SCHEDULE, first_chunk_steps=1).next_steps(clock(None)) == 10
    assert replace(SCHEDULE, first_chunk_steps=40).next_steps(clock(None)) == 40


def test_the_first_chunk_is_longer_where_computing_is_slow() -> None:
    now = 5.0
    slow = PlaybackClock(lambda: now)
    now += 2 * QUICK_SECONDS
    assert SCHEDULE.next_steps(slow) == 16 >= 10 + FIRST_CHUNK_STEPS
    slow.input_arrived()  # the wait was for the text
    assert SCHEDULE.next_steps(slow) == 12


def test_a_first_chunk_that_can_be_repeated_follows_no_clock() -> None:
    assert SCHEDULE.next_steps(RepeatableClock(clock(None))) == 16


@pytest.mark.parametrize("lookahead", range(60))
def test_chunks_have_multiples_of_the_smallest_one(lookahead: int) -> None:
    steps = replace(SCHEDULE, lookahead_frames=lookahead).next_steps(clock(None))
    assert steps % MIN_CHUNK_STEPS == 0
    assert 3 * (steps - QUICK_CHUNK_STEPS) > lookahead


@pytest.mark.parametrize(("buffered", "steps"), [(0.0, 4), (0.29, 4), (0.31, 8), (0.61, 16), (60.0, 16)])
def test_chunks_double_while_twice_their_duration_is_buffered(buffered: float, steps: int) -> None:
    assert SCHEDULE.next_steps(clock(buffered)) == steps


def test_no_chunk_is_larger_than_configured() -> None:
    assert replace(SCHEDULE, chunk_steps=6).next_steps(clock(60)) == 6
