"""A short form of `python -m bench soak`: real clients of all kinds at once, on a real server."""

from bench.load.mixed_load import MixedLoad
from bench.load.mixed_requests import mixed_requests
from bench.measure.soak import SECTIONS
from tests.conftest import EMBEDDED

VOICES = ["demo/female", "demo-small/male", "demo/male", "demo-small/female"]


async def test_each_answer_is_what_its_request_gives_alone(start):
    server = start(**SECTIONS, models={"path": str(EMBEDDED.parent)}).when_ready()
    load = MixedLoad(server.url, mixed_requests(VOICES, 14, clauses=1))
    expected = await load.alone()
    assert all(len(answer) > 1000 for answer in expected)
    log = await load.run(expected, total=100, listening=50, stalled=20, leaving=20)
    assert (log.statuses, log.failures, log.different) == ({200: 100}, [], [])
    assert log.stalled >= 20
    assert log.left >= 1
    assert log.cached >= 50
    metrics = server.request("/metrics")[1].decode()
    assert "sambert_worker_restarts_total 0.0" in metrics
    assert "sambert_streams_refused_total{" not in metrics
    assert "Traceback" not in server.log
