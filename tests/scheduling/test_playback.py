"""The playback clock: what is buffered, when it underruns, and which chunks were late."""

import pytest

from server.scheduling.playback import FIRST_AUDIO_DEADLINE, RESUME_BUFFER, PlaybackClock


class Time:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def clock(time: Time) -> PlaybackClock:
    return PlaybackClock(time)


def test_a_stream_without_audio_has_a_deadline_and_no_buffer(clock: PlaybackClock, time: Time) -> None:
    assert clock.underrun_at == time.now + FIRST_AUDIO_DEADLINE
    assert clock.buffered_seconds == 0
    time.now += 10
    clock.push(1)
    assert clock.late_chunks == 0


def test_pushed_audio_is_buffered_and_played(clock: PlaybackClock, time: Time) -> None:
    clock.push(1)
    clock.push(2, computed=False)
    time.now += 0.5
    assert clock.buffered_seconds == pytest.approx(2.5)
    assert (clock.audio_seconds, clock.computed_seconds) == (3, 1)


def test_a_chunk_after_an_underrun_is_late_and_playback_restarts(clock: PlaybackClock, time: Time) -> None:
    clock.push(1)
    time.now += 3
    assert clock.buffered_seconds == 0
    clock.push(1)
    assert clock.late_chunks == 1
    assert clock.buffered_seconds == pytest.approx(1)


def test_a_client_that_paused_by_itself_is_not_late(clock: PlaybackClock, time: Time) -> None:
    clock.push(1)
    time.now += 60
    clock.client_resumed()
    clock.push(1)
    assert clock.late_chunks == 0
    assert clock.buffered_seconds == pytest.approx(RESUME_BUFFER + 1)
