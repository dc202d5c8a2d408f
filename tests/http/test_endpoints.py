"""Voices, health and the page over HTTP, response formats, and light imports."""

import asyncio
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.audio.encoders import ENCODERS
from server.audio.pcm import PcmEncoder, pcm_bytes
from server.config import Config
from server.errors import ConfigurationError, ShutdownError, StoreError
from server.http import serve
from server.http.operations.health import HealthRoute
from server.http.operations.readiness import ReadinessRoute
from server.http.startup import Startup
from server.http.static_files import FOLDER
from server.jobs.job import JobsReport
from server.scheduling.scheduler import Scheduler
from tests.conftest import EMBEDDED

PATH = "/v1/audio/speech"
NO_JOBS = JobsReport({}, 0, 0, 0, 0.0)


@pytest.fixture
def patient_health(monkeypatch):
    """/health waits for the store of jobs, however slow the disk is."""
    monkeypatch.setattr("server.http.operations.health.JOBS_SECONDS", 60.0)


async def test_voices_are_listed_with_their_properties_and_broken_ones_with_the_reason(serving):
    async with serving() as client:
        answer = await (await client.get("/v1/audio/voices")).json()
    listed = answer["voices"]
    assert [one["id"] for one in listed] == ["demo", "second", "cracked"]
    assert listed[0] == {
        "id": "demo", "name": "demo", "language": "zh-CN", "sample_rate": 16000, "speakers": ["F7", "M7"],
        "emotions": ["neutral", "happy"], "license": "of demo", "default": True, "loaded": True, "status": "ready",
        "reference_use": ["emotion", "delivery"],
    }  # fmt: skip
    assert listed[1]["default"] is False
    assert answer["aliases"] == {
        "alloy": "demo/F7", "lena": "demo/M7", "backup": "second/F7", "mike": "second/M7", "ruin": "cracked",
    }  # fmt: skip
    assert listed[2] == {
        "id": "cracked", "name": "cracked", "status": "broken", "reason": "models/cracked/decoder.onnx is damaged",
    }  # fmt: skip


async def test_models_are_listed_in_the_shape_of_openai(serving):
    async with serving() as client:
        listed = await (await client.get("/v1/models")).json()
        assert listed["object"] == "list"
        assert [one["id"] for one in listed["data"]] == ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
        for one in listed["data"]:
            assert one["object"] == "model"
            assert await (await client.get(f"/v1/models/{one['id']}")).json() == one
        answer = await client.get("/v1/models/whisper-1")
        error = (await answer.json())["error"]
    assert (answer.status, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert "valid: tts-1, tts-1-hd, gpt-4o-mini-tts" in error["message"]


async def test_health_has_the_provider_and_the_reason_of_a_fallback(serving, patient_health):
    async with serving() as client:
        answer = await client.get("/health")
        body = await answer.json()
    version = body.pop("version")
    assert isinstance(version, str)
    assert answer.status == 200
    assert body == {
        "status": "ready", "reason": None, "provider": "cpu",
        "fallback": "CUDA is not there: libcudart.so.13 is missing",
        "precision": {
            name: {"precision": "int8", "reason": "this CPU has AVX-512 VNNI"} for name in ("demo", "second")
        },
        "voices": 2, "broken": 1,
        "load": {"streams": 0, "capacity": None, "queue": 0, "share": 0.0, "late_chunks": 0, "workers": 2},
        "jobs": {"running": 0, "queued": 0, "characters": 0},
    }  # fmt: skip


async def test_health_counts_jobs_and_does_without_their_store(serving, demo, monkeypatch, patient_health):
    demo.permits = threading.Semaphore(0)
    async with serving(jobs={"concurrency": 1}) as client:
        try:
            for text in ("第一个。", "第二个。", "第三个。"):
                assert (await client.post("/v1/audio/jobs", json={"input": text})).status == 202
            while (jobs := (await (await client.get("/health")).json())["jobs"])["running"] == 0:
                pass
            assert (jobs["running"], jobs["queued"]) == (1, 2)
            assert jobs["characters"] >= 4
        finally:
            demo.permits.release(1000)
    broken, stuck = threading.Event(), threading.Event()

    def report(service):
        if broken.is_set():
            raise StoreError("the disk is away")
        stuck.wait(60)

    monkeypatch.setattr("server.jobs.job_service.JobService.report", report)
    monkeypatch.setattr("server.http.operations.health.JOBS_SECONDS", 0.01)
    async with serving() as client:
        try:
            for _ in range(2):
                health = await client.get("/health")
                assert (health.status, (await health.json())["jobs"]) == (200, None)
                broken.set()
        finally:
            stuck.set()


async def test_readiness_has_the_provider_and_the_reason_of_a_fallback(serving):
    async with serving() as client:
        answer = await client.get("/ready")
        body = await answer.json()
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert body.pop("version")
    assert body == {
        "status": "ready", "reason": None, "provider": "cpu", "preferred": "cuda",
        "fallback": "CUDA is not there: libcudart.so.13 is missing", "voices": 2, "broken": 1,
    }  # fmt: skip


async def test_health_fails_only_while_a_worker_is_stuck(serving, demo, monkeypatch):
    demo.permits = threading.Semaphore(0)
    async with serving() as client:
        speaking = asyncio.create_task(client.post(PATH, json={"input": "你好"}))
        try:
            while not (await (await client.get("/health")).json())["load"]["streams"]:
                pass
            assert (await client.get("/health")).status == 200
            monkeypatch.setattr("server.http.operations.health.STUCK_SECONDS", 0.0)
            while (stuck := await client.get("/health")).status == 200:  # until a worker has taken the stream
                pass
            assert (stuck.status, (await stuck.json())["status"]) == (503, "stuck")
            assert "restart the server" in (await stuck.json())["reason"]
        finally:
            demo.permits.release(10)
        assert (await speaking).status == 200
        while (await client.get("/health")).status != 200:
            pass


async def test_a_server_that_stops_is_alive_but_not_ready(registry):
    scheduler = Scheduler()
    startup = Startup(registry, scheduler)
    app = web.Application()
    app.router.add_get("/ready", ReadinessRoute(registry, startup, "cpu").get)
    app.router.add_get("/health", HealthRoute(registry, startup, scheduler, lambda: NO_JOBS).get)
    startup.draining = True
    async with TestClient(TestServer(app)) as client:
        ready, health = await client.get("/ready"), await client.get("/health")
        assert (ready.status, (await ready.json())["status"]) == (503, "draining")
        assert (health.status, (await health.json())["status"]) == (200, "draining")
    with pytest.raises(ShutdownError):
        startup.require_ready()


async def test_while_voices_load_the_server_answers_503_with_retry_after(serving, registry):
    registry.may_load.clear()
    async with serving(until_ready=False) as client:
        try:
            health = await client.get("/health")
            assert (health.status, (await health.json())["status"]) == (200, "loading")
            ready = await client.get("/ready")
            assert (ready.status, (await ready.json())["status"]) == (503, "loading")
            assert int(ready.headers["Retry-After"]) > 0
            assert (await client.get("/")).status == 200
            for answer in (await client.post(PATH, json={"input": "你好"}), await client.get("/v1/audio/voices")):
                assert answer.status == 503
                assert int(answer.headers["Retry-After"]) > 0
                assert (await answer.json())["error"]["code"] == "service_unavailable"
        finally:
            registry.may_load.set()
        while (await client.get("/ready")).status != 200:
            pass
        assert (await client.post(PATH, json={"input": "你好"})).status == 200


async def test_a_failure_is_reported_once_its_reason_is_known(serving, registry):
    registry.may_load.clear()
    registry.load_error = ConfigurationError("the folder models does not exist")
    async with serving(until_ready=False) as client:
        registry.state = "failed"  # as the thread sets it, just before it raises the error
        try:
            assert (await (await client.get("/ready")).json())["status"] == "loading"
        finally:
            registry.may_load.set()
        while (await (ready := await client.get("/ready")).json())["status"] == "loading":
            pass
        assert "the folder models does not exist" in (await ready.json())["reason"]


@pytest.mark.parametrize("error", [ConfigurationError("the folder models does not exist"), ZeroDivisionError("models")])
async def test_when_loading_fails_the_response_has_the_reason(serving, registry, error):
    registry.load_error = error
    async with serving(until_ready=False) as client:
        while (await (ready := await client.get("/ready")).json())["status"] == "loading":
            pass
        assert ready.status == 503
        assert "Retry-After" not in ready.headers
        health = await client.get("/health")
        assert health.status == 200
        for body in (await ready.json(), await health.json()):
            assert body["status"] == "failed"
            assert str(error) in body["reason"]
        answer = await client.post(PATH, json={"input": "你好"})
        assert answer.status == 503
        assert "Retry-After" not in answer.headers
        assert str(error) in (await answer.json())["error"]["message"]


async def test_the_page_and_the_files_that_it_references_are_served(serving):
    async with serving() as client:
        answer = await client.get("/")
        page = await answer.text()
        assert answer.content_type == "text/html"
        named = re.findall(r'(?:src|href)="([^"#:]+)"', page)
        assert {"page/main.js", "page/styles/tokens.css"} <= set(named)
        for file in named:
            assert (await client.get(f"/{file}")).status == 200, file


IMPORTED = r"""(?:from|import\()\s*"(\.[^"]+)\""""


async def test_every_module_that_a_script_imports_is_served_as_a_script(serving):
    imported = {
        (file.parent / name).resolve().relative_to(FOLDER).as_posix()
        for file in FOLDER.rglob("*.js")
        for name in re.findall(IMPORTED, re.sub(r"^ *(//|/?\*).*", "", file.read_text("utf-8"), flags=re.MULTILINE))
    }
    assert "page/state/store.js" in imported
    async with serving() as client:
        for name in imported:
            answer = await client.get(f"/{name}")
            assert (answer.status, answer.content_type) == (200, "text/javascript"), name


async def test_files_of_the_page_are_compressed_and_not_sent_twice(serving):
    path = "/page/styles/base.css"
    content = (FOLDER / path.removeprefix("/")).read_bytes()
    async with serving() as client:
        answer = await client.get(path)
        assert int(answer.headers["Content-Length"]) < len(content) / 2
        assert await answer.read() == content
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        assert int(plain.headers["Content-Length"]) == len(content)
        again = await client.get(path, headers={"If-None-Match": f'"other", {answer.headers["ETag"]}'})
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["Content-Security-Policy"] == answer.headers["Content-Security-Policy"]


async def test_the_page_loads_nothing_from_other_hosts(serving):
    async with serving() as client:
        policy = (await client.get("/")).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for file in filter(Path.is_file, FOLDER.rglob("*")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=\"(https?:)?//|url\(\s*['\"]?(https?:)?//|\bstyle=\"|\bon\w+=\"", text), file


async def test_a_stream_contains_the_header_and_the_end_of_the_encoder(serving, demo, monkeypatch):
    class FramedEncoder(PcmEncoder):
        media_type = "audio/framed"

        def header(self):
            return b"header"

        def finish(self):
            return b"end"

    monkeypatch.setitem(ENCODERS, "framed", FramedEncoder)
    async with serving() as client:
        answer = await client.post(PATH, json={"input": "你好", "response_format": "framed"})
        body = await answer.read()
    assert answer.headers["Content-Type"] == "audio/framed"
    assert body == b"header" + b"".join(pcm_bytes(demo.chunk(number).samples) for number in range(2)) + b"end"


def test_importing_the_http_package_loads_no_heavy_library():
    heavy = "{'torch', 'onnx', 'onnxruntime', 'kantts', 'modelscope', 'scipy', 'librosa'}"
    program = f"import sys, server.http; print(sorted({heavy} & {{name.partition('.')[0] for name in sys.modules}}))"
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"])
def test_the_error_for_an_unavailable_address_names_it(tmp_path, host, caplog):
    (tmp_path / "demo").symlink_to(EMBEDDED)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = Config.model_validate({"server": {"host": host, "port": port}, "models": {"path": tmp_path}})
        with pytest.raises(ConfigurationError, match=f"cannot listen on {host} port {port}: .*server.port"):
            serve(config)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
