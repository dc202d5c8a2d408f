"""Requests of the soak, and the comparison of their answers."""

import numpy as np

from bench.load.mixed_requests import MixedRequest, mixed_requests

VOICES = ["demo/female", "demo/male", "other/male"]


def test_the_requests_differ_in_everything() -> None:
    requests = mixed_requests(VOICES, 42)
    assert len({request.text for request in requests}) == 42
    assert {request.voice for request in requests} == set(VOICES)
    assert len({request.response_format for request in requests}) == 7
    assert len({request.seed for request in requests if request.seed is not None}) == 21
    assert {request.from_cache for request in requests} == {True, False}


def test_with_a_seed_every_byte_counts_and_without_one_the_largest_difference() -> None:
    seeded, free = (MixedRequest("a", "demo", "pcm", seed, from_cache=True) for seed in (1, None))
    samples = np.array([-32768, 0, 100], "<i2")
    other = samples + np.array([3, 0, -9], "<i2")
    assert seeded.difference(samples.tobytes(), samples.tobytes()) == 0
    assert seeded.difference(other.tobytes(), samples.tobytes()) == float("inf")
    assert free.difference(other.tobytes(), samples.tobytes()) == 9
    assert free.difference(samples.tobytes()[:4], samples.tobytes()) == float("inf")
    assert free.difference(np.array([32767], "<i2").tobytes(), np.array([-32768], "<i2").tobytes()) == 65535
