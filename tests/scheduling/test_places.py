"""Places: who gets one, who waits, who is refused, with streams that are never computed."""

import pytest

from server.client import Client
from server.config import LimitsSection
from server.errors import BusyError
from server.scheduling.admission.control import AdmissionControl
from server.scheduling.admission.departures import Departures
from server.scheduling.admission.places import BACKGROUND_STREAMS_PER_WORKER, Places
from server.scheduling.playback import PlaybackClock
from server.scheduling.stream import Place, Stream
from server.scheduling.task import Chunks, Task

ANNA, BOB = Client(name="anna", address="10.0.0.1"), Client(name="bob", address="10.0.0.2")


async def _no_chunks() -> Chunks[bytes]:
    for chunk in ():
        yield chunk


def stream(client: Client = ANNA, *, background: bool = False, seconds: float = 10.0) -> Stream:
    return Stream(
        "v", Task(_no_chunks()), PlaybackClock(), seconds, lambda chunk: None, lambda error: None, client,
        background=background,
    )  # fmt: skip


def places_of(max_streams: int = 0, *, cost: float = 0.0, max_utilization: float = 0.8, **limits: float) -> Places:
    """With one worker. `cost` is the voice's real-time factor."""
    admission = AdmissionControl(1, max_utilization, max_streams)
    if cost:
        admission.observe("v", 1, computing=cost, audio=1.0)
    return Places(admission, LimitsSection.model_validate(limits), workers=1)


def request(places: Places, one: Stream, *, waits: bool = True) -> list[Stream]:
    """What has got a place. Raises the refusal of `one`; of another one it is returned."""
    admitted = places.request(one)
    refused = places.refuse(one, waits=waits)
    if refused and refused[0] is one:
        raise refused[1]
    return admitted


def enter(places: Places, count: int, client: Client = ANNA) -> list[Stream]:
    streams = [stream(client) for _ in range(count)]
    for each in streams:
        request(places, each)
    return streams


def held(streams: list[Stream]) -> list[bool]:
    return [each.place is Place.HELD for each in streams]


def leave(places: Places, one: Stream) -> list[Stream]:
    places.leave(one)
    places.streams.discard(one)
    return places.admit()


def test_a_stream_waits_for_a_place_and_gets_that_of_one_that_leaves() -> None:
    places = places_of(2)
    streams = enter(places, 4)
    assert held(streams) == [True, True, False, False]
    assert leave(places, streams[0]) == [streams[2]]
    assert places.counts() == {"streams": 2, "waiting": 1, "stalled": 0, "background": 0, "background_waiting": 0}


def test_one_client_does_not_starve_another() -> None:
    places = places_of(2)
    many = enter(places, 50)
    one = enter(places, 1, BOB)[0]
    assert leave(places, many[0]) == [one]


def test_a_client_without_a_place_may_use_the_reserve_and_others_may_not() -> None:
    places = places_of(cost=0.17, max_utilization=0.8)
    many = enter(places, 6)
    assert held(many) == [True] * 4 + [False] * 2  # 5 x 0.17 is above 0.8
    assert held(enter(places, 2, BOB)) == [True, False]  # and below 0.9


def test_one_of_five_places_is_for_clients_without_one_also_above_the_predicted_load() -> None:
    places = places_of(cost=0.1, max_utilization=1.0)
    many = enter(places, 20)
    assert held(many) == [True] * 10 + [False] * 10
    others = [enter(places, 2, Client(name=name)) for name in "xyz"]
    assert [held(each) for each in others] == [[True, False], [True, False], [False, False]]
    assert leave(places, others[0][0]) == [others[2][0]]


def test_what_may_not_wait_is_refused_at_once() -> None:
    places = places_of(1)
    enter(places, 1)
    with pytest.raises(BusyError, match="with 1 streams") as refusal:
        request(places, stream(), waits=False)
    assert refusal.value.code == "too_many_streams"
    assert places.counts()["waiting"] == 0
    assert places.refused == {"capacity": 1}


def test_a_full_queue_refuses() -> None:
    places = places_of(1, queue_length=2)
    enter(places, 3)
    with pytest.raises(BusyError, match="2 wait for a place"):
        request(places, stream())
    assert places.refused == {"queue_full": 1}


def test_a_client_with_many_requests_fills_the_queue_for_nobody_else() -> None:
    places = places_of(1, queue_length=3)
    many = enter(places, 4)
    one = stream(BOB)
    places.request(one)
    refused, refusal = places.refuse(one, waits=True) or (None, None)
    assert refused is many[-1]
    assert "3 wait for a place" in str(refusal)
    assert [each.place for each in (many[-1], one)] == [Place.LEFT, Place.WAITING]
    assert leave(places, many[0]) == [one]


def test_one_that_waited_too_long_is_refused_with_the_time_of_those_before_it() -> None:
    places = places_of(1)
    streams = enter(places, 4)
    assert "2 wait for a place" in str(places.timed_out(streams[3]))
    assert streams[3].place is Place.LEFT
    assert places.refused == {"queue_timeout": 1}


def test_the_limit_of_a_key_counts_what_runs_and_what_waits() -> None:
    places = places_of(1)
    limited = Client(name="carl", max_streams=2)
    enter(places, 2, limited)
    with pytest.raises(BusyError, match="the key carl may have 2 streams") as refusal:
        request(places, stream(limited))
    assert refusal.value.code == "key_stream_limit"
    assert places.refused == {"key_stream_limit": 1}
    request(places, stream(BOB))


def test_the_limit_of_an_address_is_for_requests_without_a_key() -> None:
    places = places_of(streams_per_address=1)
    address = "10.0.0.9"
    enter(places, 1, Client(address=address))
    with pytest.raises(BusyError, match=r"10\.0\.0\.9 may have 1 streams") as refusal:
        request(places, stream(Client(address=address)))
    assert refusal.value.code == "address_stream_limit"
    assert held(enter(places, 2, Client(name="dora", address=address))) == [True, True]
    assert held(enter(places, 1, Client(address="10.0.0.10"))) == [True]


def test_a_stalled_stream_gives_its_place_and_comes_back_before_new_ones() -> None:
    places = places_of(2)
    streams = enter(places, 4)
    places.stall(streams[0])
    assert places.admit() == [streams[2]]
    places.resume(streams[0])
    assert places.admit() == []
    assert leave(places, streams[1]) == [streams[0]]
    assert leave(places, streams[0]) == [streams[3]]


def test_those_who_read_again_keep_nobody_out_who_has_no_place() -> None:
    places = places_of(cost=0.17, max_utilization=0.8)
    slow = enter(places, 4)
    places.stall(slow[0])
    enter(places, 1, Client(name="carl"))
    enter(places, 1, Client(name="dora"))
    places.resume(slow[0])
    more = enter(places, 1)
    assert held(enter(places, 1, BOB)) == [True]
    assert held([slow[0], *more]) == [False, False]
    assert [leave(places, each) for each in slow[1:3]] == [[], [slow[0]]]


def test_a_stalled_stream_counts_for_the_limit_of_its_key() -> None:
    places = places_of()
    limited = Client(name="carl", max_streams=1)
    places.stall(enter(places, 1, limited)[0])
    with pytest.raises(BusyError):
        request(places, stream(limited))


def test_background_streams_wait_for_places_of_their_own() -> None:
    places = places_of(1)
    jobs = [stream(background=True) for _ in range(BACKGROUND_STREAMS_PER_WORKER + 2)]
    for job in jobs:
        request(places, job)
    assert held(jobs) == [True] * BACKGROUND_STREAMS_PER_WORKER + [False] * 2
    assert held(enter(places, 1)) == [True]
    assert leave(places, jobs[0]) == [jobs[-2]]


def test_other_limits_are_taken_for_what_comes_next() -> None:
    places = places_of(1, queue_length=0)
    enter(places, 1)
    with pytest.raises(BusyError):
        request(places, stream())
    places.limits = LimitsSection(queue_length=1)
    request(places, stream())


def test_the_time_to_retry_follows_how_soon_places_become_free() -> None:
    departures = Departures()
    assert departures.retry_after(4, ahead=0, guess=2.4) == 3
    for _ in range(50):
        departures.record(20.0)
    assert departures.retry_after(4, ahead=0, guess=99.0) == 5
    assert departures.retry_after(4, ahead=3, guess=99.0) == 20
    assert departures.retry_after(1, ahead=90, guess=99.0) == 60
    departures.record(0.0)
    assert departures.retry_after(100, ahead=0, guess=0.0) == 1
