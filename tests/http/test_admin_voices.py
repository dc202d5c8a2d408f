"""Administration of voices over a real socket: conversion in a child process, reload, removal, refusals."""

import asyncio
import gc
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from server.access.secret import hash_secret, new_secret
from server.config import Config
from server.http import create_app
from server.http.admin import conversion_process, conversions
from server.synthesis.registry import VoiceRegistry
from server.voices.installation import make_staging_folder
from tests.conftest import GOLDEN
from tests.synthesis.voice_copies import copy_voice

PATH = "/v1/admin/voices"
PACKAGE = "noncausal_16k"
STOPPING = "tests.http.stopping_converter"
"""A converter that stops in its first step: how long a real one takes depends on the machine."""

Serving = Callable[..., AbstractAsyncContextManager[TestClient]]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("anna", "bert"):
        copy_voice(folder, name)
    packages = tmp_path / "packages"
    packages.mkdir()
    shutil.copytree(GOLDEN / PACKAGE, packages / PACKAGE)
    return folder


@pytest.fixture
def serving(models: Path, tmp_path: Path) -> Serving:
    """A server whose client has a key with the right to administrate."""

    @asynccontextmanager
    async def start(key: str | None = "boss", **section: object) -> AsyncIterator[TestClient]:
        secrets = {"boss": new_secret(), "guest": new_secret()}
        keys = [
            {
                "name": name,
                "sha256": hash_secret(secret),
                "rights": ["admin", "speech"] if name == "boss" else ["speech"],
            }
            for name, secret in secrets.items()
        ]
        config = Config.model_validate(
            {
                "models": {"path": models, "import_from": tmp_path / "packages", **section},
                "runtime": {"providers": ["cpu"], "threads": 1},
                "scheduler": {"workers": 1},
                "storage": {"path": tmp_path / "data"},
                "access": {"keys": keys},
            }
        )
        headers = {"Authorization": f"Bearer {secrets[key]}"} if key else {}
        server = TestServer(create_app(VoiceRegistry(config), config), handler_cancellation=True)
        async with TestClient(server, headers=headers) as client:
            while (await client.get("/ready")).status != 200:
                await asyncio.sleep(0.02)
            yield client

    return start


async def body_of(response: Any) -> Any:
    return await response.json()


async def convert(client: TestClient, **body: object) -> dict[str, Any]:
    """A conversion that was accepted."""
    response = await client.post(PATH, json=body)
    assert response.status == 202, await response.text()
    report = await body_of(response)
    assert response.headers["Location"] == f"{PATH}/conversions/{report['id']}"
    return report


async def events(client: TestClient, conversion: str) -> list[dict[str, Any]]:
    """All events, up to the end."""
    response = await client.get(f"{PATH}/conversions/{conversion}/events")
    assert response.content_type == "text/event-stream"
    lines = (await response.text()).split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


async def until_step(client: TestClient, conversion: str) -> None:
    """Waits until the converter has told its first step."""
    while not (await body_of(await client.get(f"{PATH}/conversions/{conversion}")))["step"]:
        await asyncio.sleep(0.01)


async def end(client: TestClient, conversion: str) -> dict[str, Any]:
    return (await events(client, conversion))[-1]["conversion"]


async def speech(client: TestClient, voice: str) -> bytes:
    response = await client.post("/v1/audio/speech", json={"input": "你好", "voice": voice, "seed": 1})
    assert response.status == 200, await response.text()
    return await response.read()


def content(models: Path) -> list[str]:
    """All names in the folder, hidden ones too."""
    return sorted(path.name for path in models.iterdir())


def tree(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if "data" not in path.parts)


async def test_voices_are_listed_with_their_state(serving: Serving, models: Path) -> None:
    (models / "bert" / "vocoder.onnx").write_bytes(b"damaged")
    async with serving() as client:
        answer = await body_of(await client.get(PATH))
        anna, bert = answer["voices"]
        assert (anna["id"], anna["status"], anna["default"], anna["precision"]) == ("anna", "loaded", True, "fp32")
        assert anna["license"]
        assert len(anna["version"]) == 64
        assert anna["memory_mb"] > 5
        assert (bert["status"], bert["version"]) == ("broken", None)
        assert "vocoder.onnx is damaged" in bert["problem"]
        assert answer["memory"]["loads"] == 1
        assert answer["conversions"] == []


async def test_a_package_is_converted_while_the_server_speaks(serving: Serving, models: Path) -> None:
    async with serving() as client:
        report = await convert(client, source=PACKAGE, name="nina", precision=["fp32"])
        assert (report["status"], report["voices"]) == ("queued", [])
        assert await speech(client, "anna")
        followed = await events(client, report["id"])
        steps = [event["step"] for event in followed[:-1]]
        assert any("reading" in step for step in steps)
        assert any("writing" in step or "mel_decoder" in step for step in steps), steps
        assert followed[-1]["type"] == "conversion.end"
        assert (followed[-1]["conversion"]["status"], followed[-1]["conversion"]["voices"]) == ("done", ["nina"])
        assert await body_of(await client.get(f"{PATH}/conversions/{report['id']}")) == followed[-1]["conversion"]
        assert await events(client, report["id"]) == followed  # for those who come later
        listed = (await body_of(await client.get("/v1/audio/voices")))["voices"]
        assert [each["id"] for each in listed] == ["anna", "bert", "nina"]
        assert await speech(client, "nina")
        again = await client.post(PATH, json={"source": PACKAGE, "name": "nina"})
        assert (again.status, (await body_of(again))["error"]["code"]) == (409, "voice_exists")
        replaced = await convert(client, source=PACKAGE, name="nina", precision=["fp32"], replace=True)
        assert (await end(client, replaced["id"]))["status"] == "done"
        assert await speech(client, "nina")
    assert content(models) == ["anna", "bert", "nina"]


async def test_conversions_run_one_after_another_and_can_be_cancelled(
    serving: Serving, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving() as client:
        with monkeypatch.context() as patch:
            patch.setattr(conversion_process, "_PROGRAM", STOPPING)
            first = await convert(client, source=PACKAGE, name="nina", precision=["fp32"])
            await until_step(client, first["id"])
        second = await convert(client, source=PACKAGE, name="olga", precision=["fp32"])
        third = await convert(client, source=PACKAGE, name="rosa", precision=["fp32"])
        for each in (second, first):  # one that waits, and one that runs
            cancelled = await body_of(await client.delete(f"{PATH}/conversions/{each['id']}"))
            assert (cancelled["status"], cancelled["error"]) == ("cancelled", "it was cancelled; nothing was changed")
        assert (await end(client, third["id"]))["voices"] == ["rosa"]
        states = [each["status"] for each in (await body_of(await client.get(PATH)))["conversions"]]
        assert states == ["cancelled", "cancelled", "done"]
    assert content(models) == ["anna", "bert", "rosa"]


async def test_a_conversion_that_is_cancelled_at_its_very_start_leaves_nothing(
    serving: Serving, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, made = threading.Event(), threading.Event()

    def make_slowly(models: Path, identifier: str) -> Path:
        started.set()
        time.sleep(0.2)
        folder = make_staging_folder(models, identifier)
        made.set()
        return folder

    monkeypatch.setattr(conversions, "make_staging_folder", make_slowly)
    async with serving() as client:
        report = await convert(client, source=PACKAGE, name="nina", precision=["fp32"])
        assert await asyncio.to_thread(started.wait, 60)
        cancelled = await body_of(await client.delete(f"{PATH}/conversions/{report['id']}"))
        assert cancelled["status"] == "cancelled"
        assert await asyncio.to_thread(made.wait, 60)
        assert content(models) == ["anna", "bert"]


async def test_a_second_cancellation_does_not_take_the_folder_from_a_converter_that_is_ending(
    serving: Serving, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = conversion_process.ConversionProcess
    end_process, ending, during = process._end, asyncio.Event(), []

    async def end_slowly(self: conversion_process.ConversionProcess) -> None:
        ending.set()
        await asyncio.sleep(0.3)
        during.append(content(models))
        await end_process(self)

    monkeypatch.setattr(conversion_process, "_PROGRAM", STOPPING)
    monkeypatch.setattr(process, "_end", end_slowly)
    async with serving() as client:
        report = await convert(client, source=PACKAGE, name="nina", precision=["fp32"])
        path = f"{PATH}/conversions/{report['id']}"
        await until_step(client, report["id"])
        first = asyncio.create_task(client.delete(path))
        await ending.wait()
        assert (await body_of(await client.delete(path)))["status"] == "cancelled"
        await first
    assert during == [[f".conversion-{report['id']}", "anna", "bert"]]
    assert content(models) == ["anna", "bert"]


async def test_an_error_of_the_converter_is_passed_on_as_it_is(serving: Serving, models: Path, tmp_path: Path) -> None:
    (tmp_path / "packages" / "empty").mkdir()
    next((tmp_path / "packages" / PACKAGE).glob("voices/*/voc/ckpt/*")).write_bytes(b"no checkpoint")
    async with serving() as client:
        report = await convert(client, source="empty")
        assert "empty" in (await end(client, report["id"]))["error"]
        report = await convert(client, source=PACKAGE)
        failed = await end(client, report["id"])
        assert (failed["status"], failed["voices"]) == ("failed", [])
        assert "Traceback" not in failed["error"]
    assert content(models) == ["anna", "bert"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_converter_that_is_killed_leaves_nothing(
    number: signal.Signals, serving: Serving, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = conversion_process.ConversionProcess.run

    async def killed(self: Any, on_step: Callable[[str], None], on_note: Callable[[str], None]) -> int:
        def kill(step: str) -> None:
            os.kill(self.pid, number)  # at its first step: the folder is being written
            on_step(step)

        return await run(self, kill, on_note)

    monkeypatch.setattr(conversion_process, "_PROGRAM", STOPPING)
    monkeypatch.setattr(conversion_process.ConversionProcess, "run", killed)
    async with serving() as client:
        report = await convert(client, source=PACKAGE, name="nina")
        assert (await end(client, report["id"]))["status"] == "failed"
        reloaded = await body_of(await client.post(f"{PATH}/reload"))
        assert reloaded == {"added": [], "replaced": [], "removed": [], "broken": {}, "kept": []}
    assert content(models) == ["anna", "bert"]


async def test_the_end_of_the_server_ends_a_conversion(
    serving: Serving, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion_process, "_PROGRAM", STOPPING)
    async with serving() as client:
        report = await convert(client, source=PACKAGE, name="nina")
        await until_step(client, report["id"])
    assert content(models) == ["anna", "bert"]


async def test_reload_tells_what_has_changed(serving: Serving, models: Path) -> None:
    async with serving() as client:
        copy_voice(models, "cara")
        (models / "bert" / "postnet.onnx").unlink()
        answer = await body_of(await client.post(f"{PATH}/reload"))
        assert (answer["added"], answer["kept"]) == (["cara"], ["bert"])
        assert "postnet.onnx is missing" in answer["broken"]["bert"]
        assert await speech(client, "bert")
        shutil.move(models, f"{models}.away")
        response = await client.post(f"{PATH}/reload")
        assert (response.status, (await body_of(response))["error"]["code"]) == (503, "models_folder_missing")
        shutil.move(f"{models}.away", models)


async def test_a_voice_is_removed_to_the_trash(serving: Serving, models: Path) -> None:
    async with serving() as client:
        removed = await body_of(await client.delete(f"{PATH}/bert"))
        assert (models / removed["moved_to"] / "voice.yaml").is_file()
        response = await client.post("/v1/audio/speech", json={"input": "你好", "voice": "bert"})
        assert response.status == 400
        refused = await client.delete(f"{PATH}/anna")
        assert (refused.status, (await body_of(refused))["error"]["code"]) == (409, "default_voice")
        (models / removed["moved_to"]).rename(models / "bert")
        assert (await body_of(await client.post(f"{PATH}/reload")))["added"] == ["bert"]


async def test_only_names_of_voices_can_be_removed(serving: Serving, tmp_path: Path) -> None:
    before = tree(tmp_path)
    async with serving() as client, ClientSession() as session:
        for name in ("..%2Fpackages", "%2E%2E", ".trash", "absent", "bert%00", "bert%2F", "%2Fetc", "bert%2F..%2Fbert"):
            url = URL(f"{client.make_url('/')}v1/admin/voices/{name}", encoded=True)
            response = await session.delete(url, headers=client.session.headers)
            assert response.status in (400, 404), (name, await response.text())
    assert tree(tmp_path) == before


REFUSED: tuple[Any, ...] = (
    {"source": "../models"},
    {"source": "../packages/../models/anna"},
    {"source": "/etc"},
    {"source": "link"},
    {"source": "noncausal_16k\0"},
    {"source": "--help"},
    {"source": "-/x"},
    {"source": "x" * 400},
    {"source": ".."},
    {"source": PACKAGE, "name": "../x"},
    {"source": PACKAGE, "name": ".hidden"},
    {"source": PACKAGE, "name": "--help"},
    {"source": PACKAGE, "name": ""},
    {"source": PACKAGE, "name": "a/b"},
    {"source": PACKAGE, "name": "a\n"},
    {"source": PACKAGE, "precision": ["int4"]},
    {"source": PACKAGE, "output": "/tmp"},
    {"source": 3},
    {},
    [],
)


async def test_sources_and_names_that_lead_elsewhere_are_refused(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "packages" / "link").symlink_to(tmp_path / "models")
    async with serving() as client:
        for body in REFUSED:
            response = await client.post(PATH, json=body)
            assert response.status == 400, (body, await response.text())
        assert (await body_of(await client.get(PATH)))["conversions"] == []


async def test_an_invalid_body_is_answered_with_the_field_and_its_values(serving: Serving) -> None:
    async with serving() as client:
        for body, code, param, message in (
            (b"{", "invalid_json", None, "not valid JSON"),
            (b"[]", "invalid_json", None, '{"source": "iic/'),
            (b'{"sauce": "x"}', "invalid_value", "source", "source is missing"),
            (b'{"source": "x/y", "sauce": 1}', "unknown_field", "sauce", "valid: source, name, precision, replace"),
        ):
            response = await client.post(PATH, data=body, headers={"Content-Type": "application/json"})
            error = (await body_of(response))["error"]
            assert (response.status, error["code"], error["param"]) == (400, code, param)
            assert message in error["message"]


async def test_without_import_from_only_models_of_modelscope_are_sources(serving: Serving) -> None:
    async with serving(import_from=None) as client:
        response = await client.post(PATH, json={"source": PACKAGE})
        assert "models.import_from is not set" in (await body_of(response))["error"]["message"]


async def test_a_read_only_folder_is_said(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.voices.installation.os.access", lambda path, mode: False)  # root may write everywhere
    async with serving() as client:
        for response in (await client.post(PATH, json={"source": PACKAGE}), await client.delete(f"{PATH}/bert")):
            error = (await body_of(response))["error"]
            assert (response.status, error["code"]) == (409, "models_read_only")
            assert "read-only" in error["message"]


async def test_without_the_converter_the_missing_package_is_named(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.admin.voices.missing_package", lambda: "onnx")
    async with serving() as client:
        response = await client.post(PATH, json={"source": PACKAGE})
        error = (await body_of(response))["error"]
        assert (response.status, error["code"]) == (503, "converter_missing")


async def test_other_keys_may_not_administrate(serving: Serving) -> None:
    async with serving("guest") as client:
        answers = [
            await client.get(PATH),
            await client.post(PATH, json={"source": PACKAGE}),
            await client.post(f"{PATH}/reload"),
            await client.delete(f"{PATH}/bert"),
            await client.get(f"{PATH}/conversions/x"),
            await client.get(f"{PATH}/conversions/x/events"),
            await client.delete(f"{PATH}/conversions/x"),
        ]
        assert [answer.status for answer in answers] == [403] * 7
        assert (await client.get(PATH, headers={"Authorization": ""})).status == 401


async def test_an_unknown_conversion_is_not_found(serving: Serving) -> None:
    async with serving() as client:
        for response in (
            await client.get(f"{PATH}/conversions/x"),
            await client.get(f"{PATH}/conversions/x/events"),
            await client.delete(f"{PATH}/conversions/x"),
        ):
            assert (response.status, (await body_of(response))["error"]["code"]) == (404, "conversion_not_found")


async def test_no_request_keeps_a_voice_in_use(serving: Serving) -> None:
    """Without the garbage collector, except where a stream failed or was given up."""
    path = "/v1/audio/speech"
    gc.disable()
    try:
        async with serving() as client:
            for fields in ({}, {"seed": 1}, {"response_format": "pcm"}, {"stream_format": "sse", "timestamps": True}):
                response = await client.post(path, json={"input": "你好。", "voice": "anna", **fields})
                assert response.status == 200
                await response.read()
            for wrong in ({"input": "你好", "emotion": "calm"}, {"input": "<speak><x/></speak>"}):
                assert (await client.post(path, json={"voice": "anna", **wrong})).status == 400
            await client.head(path, params={"input": "你好", "voice": "anna"})
            await (
                await client.get(path, params={"input": "你好", "voice": "anna"}, headers={"Range": "bytes=0-9"})
            ).read()
            await client.post(f"{path}/timestamps", json={"input": "你好", "voice": "anna"})
            while (await body_of(await client.get(PATH)))["voices"][0]["streams"]:
                await asyncio.sleep(0.05)
    finally:
        gc.enable()


async def test_a_voice_of_streams_that_failed_or_were_given_up_makes_room_too(serving: Serving) -> None:
    path = "/v1/audio/speech"
    long = "今天天气很好，我们一起去公园散步，然后回家吃晚饭。" * 20
    gc.disable()
    try:
        async with serving(memory_budget_mb=40, memory_wait=600.0) as client:  # for one of the two
            assert (await client.post(path, json={"voice": "anna", "input": "…"})).status == 400
            response = await client.post(path, json={"input": long, "voice": "anna", "response_format": "pcm"})
            await response.content.readexactly(1000)
            response.close()
            assert await speech(client, "bert")
            assert await speech(client, "anna")
            report = await body_of(await client.get(PATH))
            assert [each["status"] for each in report["voices"]] == ["loaded", "unloaded"]
            assert report["memory"]["used_mb"] <= report["memory"]["budget_mb"] == 40
    finally:
        gc.enable()
