"""GET /metrics: both formats, the names and units, what is counted, and that no label is a client's."""

import asyncio
import shutil
import subprocess
import threading
from types import SimpleNamespace

import pytest
from aiohttp import ClientResponse
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from server.access.secret import hash_secret, new_secret
from server.errors import StoreError
from server.http.operations.metrics import Metrics
from server.http.operations.report_collector import Measure
from server.http.operations.server_reports import state_report

PATH = "/v1/audio/speech"
ACCEPT_OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"}


async def samples(client) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """By name: the values by their labels."""
    answer = await client.get("/metrics")
    assert answer.status == 200
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in parse_text(await answer.text()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(found, name: str, **labels: str) -> float:
    return found[name][tuple(sorted(labels.items()))]


async def speak(client, text: str = "你好", **fields: object) -> int:
    answer = await client.post(PATH, json={"input": text, **fields})
    await answer.read()
    return answer.status


async def test_prometheus_accepts_the_text_format(serving):
    async with serving() as client:
        await speak(client)
        answer = await client.get("/metrics")
        text = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(list(parse_text(text))) > 20
    if promtool := shutil.which("promtool"):
        command = [promtool, "check", "metrics"]
        checked = await asyncio.to_thread(subprocess.run, command, input=text, capture_output=True, text=True)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def test_openmetrics_is_sent_where_it_is_accepted(serving):
    async with serving() as client:
        answer = await client.get("/metrics", headers=ACCEPT_OPENMETRICS)
        text = await answer.text()
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in parse_openmetrics(text)}
    assert {"sambert_http_requests", "sambert_first_audio_seconds", "process_cpu_seconds"} <= names


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html", "application/openmetrics-text;version=\t", "\x80", "a" * 5000]
)
async def test_any_accept_header_is_answered(serving, accept):
    async with serving() as client:
        assert (await client.get("/metrics", headers={"Accept": accept})).status == 200


async def test_every_metric_is_described_and_named_as_usual(serving):
    async with serving() as client:
        text = await (await client.get("/metrics")).text()
    for family in parse_text(text):
        assert family.documentation, family.name
        if family.name.startswith("sambert_"):
            assert family.type in ("counter", "gauge", "histogram"), family.name
            assert not family.name.endswith(("_milliseconds", "_ms", "_kb", "_mb", "_percent")), family.name
            assert "count" not in family.name.split("_"), family.name


async def test_requests_are_counted_by_route_method_and_code(serving):
    async with serving() as client:
        await speak(client)
        await speak(client, "")
        await speak(client, voice="cracked")
        await client.get("/v1/models/tts-1")
        await client.get("/v1/models/tts-1-hd")
        await client.get("/v1/models/absent")
        await client.get("/no/such/path")
        await client.request("PROPFIND", "/health")
        found = await samples(client)
    counted = found["sambert_http_requests_total"]
    by_code = {
        (dict(labels)["method"], dict(labels)["route"], dict(labels)["code"]): count
        for labels, count in counted.items()
        if dict(labels)["route"] != "/ready"
    }
    assert by_code == {
        ("POST", PATH, "200"): 1,
        ("POST", PATH, "400"): 1,
        ("POST", PATH, "503"): 1,
        ("GET", "/v1/models/{model}", "200"): 2,
        ("GET", "/v1/models/{model}", "404"): 1,
        ("GET", "other", "404"): 1,
        ("other", "other", "405"): 1,
    }
    assert value(found, "sambert_http_requests_in_progress") == 1  # that of /metrics


async def test_no_label_has_what_a_client_sent(serving):
    async with serving() as client:
        for hostile in ("secret-voice", 'a"b\\c', "换行"):
            await speak(client, voice=hostile)
            await client.get(f"/{hostile}")
            await client.request("MKCOL", "/health", headers={"X-Request-Id": "secret-id", "User-Agent": "secret"})
        text = await (await client.get("/metrics")).text()
    assert "secret" not in text.lower()
    assert "换行" not in text


async def test_the_time_to_the_first_audio_is_observed_once_for_each_answer_with_audio(serving):
    async with serving() as client:
        await speak(client)
        await speak(client, stream_format="sse")
        await (await client.get(PATH, params={"input": "你好"}, headers={"Range": "bytes=0-9"})).read()
        await client.head(PATH, params={"input": "你好"})
        await speak(client, "")
        await client.post(f"{PATH}/timestamps", json={"input": "你好"})
        found = await samples(client)
    assert value(found, "sambert_first_audio_seconds_count", api="http") == 3
    assert value(found, "sambert_first_audio_seconds_count", api="websocket") == 0
    assert value(found, "sambert_characters_total", voice="demo") == 8


async def test_what_streams_did_is_counted_by_voice(serving, demo):
    async with serving() as client:
        await speak(client, "你好")
        await speak(client, "你好吗", voice="second")
        demo.fails_after = (0, ValueError("no"))
        await speak(client, "你好")
        found = await samples(client)
    assert value(found, "sambert_streams_ended_total", voice="demo", outcome="finished") == 1
    assert value(found, "sambert_streams_ended_total", voice="demo", outcome="failed") == 1
    assert value(found, "sambert_streams_ended_total", voice="second", outcome="finished") == 1
    assert value(found, "sambert_audio_seconds_total", voice="second") == pytest.approx(0.03)
    assert value(found, "sambert_computed_audio_seconds_total", voice="second") == pytest.approx(0.03)
    assert value(found, "sambert_computing_seconds_total", voice="second") > 0
    assert "sambert_late_chunks_total" in found


async def test_a_stream_is_counted_while_it_runs(serving, demo):
    demo.permits = threading.Semaphore(1)
    async with serving() as client:
        speaking = asyncio.create_task(speak(client))
        while demo.computed < 1:
            await asyncio.sleep(0)
        found = await samples(client)
        demo.permits.release(10)
        assert await speaking == 200
    assert value(found, "sambert_streams") == 1
    assert value(found, "sambert_audio_seconds_total", voice="demo") == pytest.approx(0.01)
    assert "sambert_streams_ended_total" not in found


async def test_a_client_that_leaves_is_counted_as_such(serving, demo):
    demo.permits = threading.Semaphore(0)
    async with serving() as client:
        speaking = asyncio.create_task(speak(client))
        while not value(await samples(client), "sambert_streams"):
            pass
        speaking.cancel()
        while value(await samples(client), "sambert_http_requests_in_progress") > 1:
            pass
        demo.permits.release(10)
        while not (found := await samples(client)).get("sambert_streams_ended_total"):
            pass
    assert value(found, "sambert_http_requests_total", method="POST", route=PATH, code="499") == 1
    assert value(found, "sambert_streams_ended_total", voice="demo", outcome="cancelled") == 1


async def test_the_state_the_provider_and_the_voices_are_told(serving, registry):
    registry.may_load.clear()
    async with serving(until_ready=False) as client:
        loading = await samples(client)
        registry.may_load.set()
        while (await client.get("/ready")).status != 200:
            pass
        ready = await samples(client)
    assert (value(loading, "sambert_state", state="loading"), value(loading, "sambert_ready")) == (1, 0)
    assert "sambert_provider_info" not in loading
    assert (value(ready, "sambert_state", state="ready"), value(ready, "sambert_ready")) == (1, 1)
    assert sum(ready["sambert_state"].values()) == 1
    assert value(ready, "sambert_provider_info", provider="cpu", preferred="cuda") == 1
    assert value(ready, "sambert_provider_failures_total") == 1
    assert value(ready, "sambert_voices", state="ready") == 2
    assert value(ready, "sambert_voices", state="broken") == 1
    assert value(ready, "sambert_workers") == 2
    assert value(ready, "sambert_storage_free_bytes") > 0


def test_a_voice_that_is_not_in_memory_counts_as_one_that_can_speak():
    registry = SimpleNamespace(
        known={"demo": object()}, voices={}, broken={}, runtime=SimpleNamespace(failed_providers={})
    )
    startup = SimpleNamespace(state="ready", device_report=dict)
    assert state_report(startup, registry, "cpu").voices == 1


async def test_metrics_need_a_key_with_the_right_where_keys_are_needed(serving):
    secrets = {"metrics": new_secret(), "speech": new_secret()}
    keys = [{"name": f"my-{right}", "sha256": hash_secret(each), "rights": [right]} for right, each in secrets.items()]
    async with serving(access={"keys": keys}) as client:

        async def get(secret: str) -> ClientResponse:
            return await client.get("/metrics", headers={"Authorization": f"Bearer {secret}"})

        headers = {"Authorization": f"Bearer {secrets['speech']}"}
        await (await client.post(PATH, json={"input": "你好"}, headers=headers)).read()
        assert (await client.get("/metrics")).status == 401
        assert (await get(secrets["speech"])).status == 403
        answer = await get(secrets["metrics"])
        assert answer.status == 200
        assert 'sambert_key_audio_seconds_total{key="my-speech"} 0.02' in await answer.text()


async def test_without_metrics_there_is_no_such_path(serving):
    async with serving(metrics={"enabled": False}) as client:
        assert (await client.get("/metrics")).status == 404
        assert await speak(client) == 200
        assert "/metrics" not in (await (await client.get("/openapi.json")).json())["paths"]


async def test_two_applications_have_metrics_of_their_own(serving):
    async with serving() as one, serving() as two:
        await speak(one)
        assert "sambert_streams_ended_total" in await samples(one)
        assert "sambert_streams_ended_total" not in await samples(two)


@pytest.mark.parametrize(("error", "is_traced"), [(StoreError("the database is away"), False), (KeyError("x"), True)])
def test_a_report_that_fails_hides_no_other_metric(caplog, error, is_traced):
    def fail() -> int:
        raise error

    metrics = Metrics()
    metrics.add(fail, [Measure("sambert_a", "A.", lambda report: report)])
    metrics.add(lambda: 5, [Measure("sambert_b", "B.", lambda report: report)])
    families = {family.name: family.samples for family in metrics.registry.collect()}
    assert families["sambert_a"] == []
    assert families["sambert_b"][0].value == 5
    assert "sambert_a" in caplog.text
    assert ("Traceback" in caplog.text) == is_traced


def test_a_name_is_used_once():
    metrics = Metrics()
    metrics.add(lambda: 1, [Measure("sambert_a", "A.", lambda report: report)])
    with pytest.raises(ValueError, match="sambert_a"):
        metrics.add(lambda: 1, [Measure("sambert_a", "A.", lambda report: report)])
