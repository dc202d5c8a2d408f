"""The totals of streams: by voice, client and outcome, while they run and after their end."""

from collections.abc import Callable

import pytest

from server.client import Client
from server.scheduling.playback import PlaybackClock
from server.scheduling.statistics import StreamStatistics
from server.scheduling.stream import Stream


@pytest.fixture
def stream() -> Callable[..., Stream]:
    def make(voice: str = "demo", seconds: float = 2.0, pause: float = 0.5, **fields: object) -> Stream:
        now = [0.0]
        clock = PlaybackClock(lambda: now[0])
        made = Stream(voice, None, clock, 0.0, print, print, computing_seconds=0.4, **fields)
        clock.push(seconds)
        now[0] = 100.0  # long after the buffer was empty
        clock.push(pause, computed=False)
        return made

    return make


def test_a_stream_counts_the_same_while_it_runs_and_after_its_end(stream):
    statistics, one = StreamStatistics(), stream(client=Client(name="reception"))
    running = statistics.including([one])
    statistics.add_ended(one, None)
    ended = statistics.including([])
    for each in (running, ended):
        totals = each.voices["demo"]
        assert (totals.audio_seconds, totals.computed_seconds, totals.computing_seconds) == (2.5, 2.0, 0.4)
        assert (each.late_chunks, dict(each.clients)) == (1, {"reception": 2.5})
    assert (running.voices["demo"].outcomes, ended.voices["demo"].outcomes) == ({}, {"finished": 1})


def test_outcomes_are_told_apart(stream):
    statistics = StreamStatistics()
    statistics.add_ended(stream(), None)
    statistics.add_ended(stream(cancelled=True), None)
    statistics.add_ended(stream(cancelled=True), ValueError())
    statistics.add_ended(stream("second"), ValueError())
    assert statistics.voices["demo"].outcomes == {"finished": 1, "cancelled": 1, "failed": 1}
    assert statistics.voices["second"].outcomes == {"failed": 1}


def test_probes_do_not_count_and_background_streams_are_never_late(stream):
    statistics = StreamStatistics()
    statistics.add_ended(stream(is_probe=True), None)
    assert not statistics.including([stream(is_probe=True)]).voices
    statistics.add_ended(stream(background=True), None)
    assert statistics.late_chunks == 0
    assert statistics.voices["demo"].audio_seconds == 2.5


def test_the_computing_of_times_without_audio_is_not_part_of_the_real_time_factor(stream):
    statistics = StreamStatistics()
    times = Stream("demo", None, PlaybackClock(), 0.0, print, print, computing_seconds=0.4)
    statistics.add_ended(times, None)
    assert statistics.voices["demo"].computing_seconds == 0
    assert statistics.voices["demo"].outcomes == {"finished": 1}


def test_a_copy_stays_as_it_is(stream):
    statistics = StreamStatistics()
    copy = statistics.including([])
    statistics.add_ended(stream(), None)
    assert not copy.voices
