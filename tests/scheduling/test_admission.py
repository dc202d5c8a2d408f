"""Admission: the capacity follows the observed cost, and the first stream always fits."""

from server.scheduling.admission.control import AdmissionControl


def test_capacity_follows_what_is_observed() -> None:
    admission = AdmissionControl(workers=2, max_utilization=0.8, max_streams=0)
    admission.observe("a", 1, computing=1.0, audio=10.0)
    assert admission.capacity([], "a") == 16  # 16 x 0.1 over two workers
    for _ in range(20):
        admission.observe("a", 1, computing=4.0, audio=10.0)
    assert admission.capacity([], "a") in (4, 5)
    assert admission.admits([], "a")
    assert not admission.admits(["a"] * 5, "a")
    for _ in range(200):
        admission.observe("a", 1, computing=1.0, audio=10.0)
    assert admission.capacity([], "a") in (15, 16)


def test_streams_that_share_batches_are_counted_as_cheaper() -> None:
    admission = AdmissionControl(workers=1, max_utilization=1.0, max_streams=0)
    admission.observe("a", 1, computing=2.0, audio=10.0)
    assert admission.capacity([], "a") == 5
    for _ in range(200):
        admission.observe("a", 4, computing=1.0, audio=10.0)
    assert admission.capacity([], "a") in (9, 10)


def test_a_burst_that_begins_in_step_does_not_raise_the_capacity() -> None:
    """Its first chunks share all batches; a second later every stream is at another place."""
    admission = AdmissionControl(workers=1, max_utilization=0.8, max_streams=0)
    for _ in range(20):
        admission.observe("a", 1, computing=1.0, audio=10.0)
    for _ in range(8):
        admission.observe("a", 8, computing=0.1, audio=2.0)
    assert admission.capacity([], "a") in (8, 9)


def test_streams_that_become_more_expensive_lower_the_capacity_at_once() -> None:
    admission = AdmissionControl(workers=1, max_utilization=0.8, max_streams=0)
    for _ in range(200):
        admission.observe("a", 1, computing=0.5, audio=10.0)
    assert admission.capacity([], "a") == 16
    for _ in range(4):
        admission.observe("a", 1, computing=1.0, audio=10.0)
    assert admission.capacity([], "a") <= 9


def test_the_first_stream_is_admitted_however_slow_the_voice() -> None:
    admission = AdmissionControl(workers=1, max_utilization=0.8, max_streams=0)
    admission.observe("slow", 1, computing=50.0, audio=10.0)
    assert admission.admits([], "slow")
    assert not admission.admits(["slow"], "slow")
