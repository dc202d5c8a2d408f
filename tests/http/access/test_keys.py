"""Keys over HTTP: what needs one, what each may do, and what happens when keys change while the server runs."""

import asyncio
import logging
import threading

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from server.access.key_file import KeyFile
from server.access.secret import new_secret
from server.client import Client
from server.config import AccessKey, Config
from server.http import create_app
from server.http.access.access_control import AccessControl
from server.http.client import client_of, require_right
from server.scheduling.async_streams import ActiveStreams
from tests.keys import bearer, make_key

SPEECH = "/v1/audio/speech"
VOICES = "/v1/audio/voices"
TEXT = {"input": "你好", "response_format": "pcm"}


async def error(response) -> tuple[int, str]:
    return response.status, (await response.json())["error"]["code"]


async def error_or_audio(response) -> str:
    return "audio" if response.status == 200 else (await error(response))[1]


@pytest.fixture
def key_file(tmp_path):
    return KeyFile(tmp_path / "data")


@pytest.fixture
def add(key_file):
    def add(name: str = "reception", **limits: object) -> str:
        secret, entry = make_key(name, **limits)
        key_file.change(lambda keys: [*keys, AccessKey(**entry)])
        return secret

    return add


@pytest.fixture
def guarded(serving, tmp_path):
    """`guarded(required="always")`: a server with the key file of the test."""

    def start(**access: object):
        return serving(storage={"path": str(tmp_path / "data")}, access=access)

    return start


async def test_without_keys_everything_is_open_and_any_key_is_accepted(guarded, tmp_path):
    async with guarded() as client:
        for headers in ({}, {"Authorization": "Bearer any"}, {"Authorization": "nonsense"}, bearer(new_secret())):
            assert (await client.post(SPEECH, json=TEXT, headers=headers)).status == 200
    assert not (tmp_path / "data").exists()


async def test_with_a_key_every_path_but_the_public_ones_needs_one(guarded, add):
    secret = add()
    async with guarded() as client:
        paths = {route.resource.canonical for route in client.app.router.routes() if route.resource}
        assert len(paths) > 10
        for path in (*paths, "/nothing", "/v1/admin/nothing", "/%2e%2e/etc/passwd", "/x//health", "/health/"):
            is_public = path in ("/", "/docs", "/openapi.json", "/health", "/ready") or path.endswith((".js", ".css"))
            answer = await client.get(path)
            assert (answer.status != 401) is is_public, path
            if not is_public:
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert (await answer.json())["error"]["code"] == "invalid_api_key"
        assert (await client.post(SPEECH, json=TEXT)).status == 401
        assert (await client.post(SPEECH, json=TEXT, headers=bearer(secret))).status == 200
        assert (await client.get("/nothing", headers=bearer(secret))).status == 404


async def test_public_paths_are_those_of_the_configuration(serving):
    _, entry = make_key()
    access = {"keys": [entry], "public": ["/v1/models"]}
    async with serving(until_ready=False, access=access) as client:
        statuses = {path: (await client.get(path)).status for path in ("/v1/models", "/docs", "/", "/health", VOICES)}
        assert statuses == {"/v1/models": 200, "/docs": 401, "/": 401, "/health": 401, VOICES: 401}


async def test_a_wrong_key_is_refused_and_does_not_matter_where_none_is_needed(guarded, add):
    secret = add()
    async with guarded() as client:
        for wrong in (new_secret(), secret[:-1], "any", secret.swapcase()):
            assert await error(await client.post(SPEECH, json=TEXT, headers=bearer(wrong))) == (401, "invalid_api_key")
            assert (await client.get("/health", headers=bearer(wrong))).status == 200
        twice = [("Authorization", f"Bearer {secret}")] * 2
        assert (await client.post(SPEECH, json=TEXT, headers=twice)).status == 401
        assert (await client.get(f"{SPEECH}?input=你好&api_key={secret}")).status == 401


async def test_where_keys_are_never_required_they_still_have_names(guarded, add, demo):
    secret = add("named", characters_per_day=1)
    async with guarded(required="never") as client:
        assert (await client.post(SPEECH, json=TEXT)).status == 200
        assert (await client.post(SPEECH, json=TEXT, headers=bearer(new_secret()))).status == 200
        assert (await client.post(SPEECH, json=TEXT, headers=bearer(secret))).status == 429


async def test_a_server_that_always_requires_keys_lets_nobody_in_without_one(guarded):
    async with guarded(required="always") as client:
        assert (await client.post(SPEECH, json=TEXT)).status == 401


async def test_rights_are_separate(guarded, add):
    secrets = {right: add(right, rights=(right,)) for right in ("speech", "metrics", "admin")}
    statuses = {}
    async with guarded() as client:
        for right, secret in secrets.items():
            answer = await client.get("/v1/models", headers=bearer(secret))
            statuses[right] = answer.status
            if right != "speech":
                body = (await answer.json())["error"]
                assert body["code"] == "missing_right"
                assert f"key {right} has not the right 'speech', only {right}" in body["message"]
    assert statuses == {"speech": 200, "metrics": 403, "admin": 403}


async def test_a_handler_can_require_a_right_and_administration_always_needs_a_key(registry):
    async def administer(request: web.Request) -> web.Response:
        require_right(request, "admin")
        return web.Response(text=client_of(request).name)

    secret, entry = make_key("boss", rights=("admin",))
    speaker, other = make_key("speaker", rights=("speech",))
    for required, without in (("auto", 401), ("never", 401)):
        app = create_app(registry, Config.model_validate({"access": {"keys": [entry, other], "required": required}}))
        app.router.add_get("/v1/admin/x", administer)
        async with TestClient(TestServer(app)) as client:
            assert (await client.get("/v1/admin/x")).status == without
            assert (await client.get("/v1/admin/x", headers=bearer(speaker))).status == 403
            assert await (await client.get("/v1/admin/x", headers=bearer(secret))).text() == "boss"
    app = create_app(registry, Config())
    app.router.add_get("/v1/admin/x", administer)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/v1/admin/x")).status == 401


async def test_a_key_speaks_with_its_voices_only(guarded, add):
    secret = bearer(add(voices=("second",)))
    async with guarded() as client:
        assert (await client.post(SPEECH, json={**TEXT, "voice": "second"}, headers=secret)).status == 200
        assert (await client.post(SPEECH, json={**TEXT, "voice": "backup"}, headers=secret)).status == 200
        ssml = "<speak>好<voice name='demo'>的</voice></speak>"
        for fields in (
            {"voice": "demo"}, {"voice": "demo/F7"}, {"voice": "alloy"}, {"voice": "cracked"}, {"voice": "ruin"}, {},
            {"voice": "second", "input": ssml},
        ):  # fmt: skip
            for path in (SPEECH, f"{SPEECH}/timestamps"):
                answer = await client.post(path, json={**TEXT, **fields}, headers=secret)
                body = (await answer.json())["error"]
                assert (answer.status, body["code"]) == (403, "voice_not_allowed"), (fields, body)
                assert body["message"].endswith("it may use: second")
        unknown = await client.post(SPEECH, json={**TEXT, "voice": "nobody"}, headers=secret)
        assert await error(unknown) == (400, "unknown_voice")
        listed = await (await client.get(VOICES, headers=secret)).json()
        assert [voice["id"] for voice in listed["voices"]] == ["second"]
        assert listed["aliases"] == {"backup": "second/F7", "mike": "second/M7"}


async def test_characters_of_a_day_are_counted_when_a_request_is_accepted(guarded, add, tmp_path):
    secret = bearer(add(characters_per_day=6))
    async with guarded() as client:
        for refused in ({"input": ""}, {"input": "你好", "voice": "nobody"}, {"input": "！"}):
            assert (await client.post(SPEECH, json={**TEXT, **refused}, headers=secret)).status == 400
        assert (await client.head(f"{SPEECH}?input=你好你好", headers=secret)).status == 200
        assert (await client.post(SPEECH, json=TEXT, headers=secret)).status == 200
        assert (await client.get(f"{SPEECH}?input=你好", headers=secret)).status == 200
        answer = await client.post(SPEECH, json={**TEXT, "input": "你好吗"}, headers=secret)
        assert await error(answer) == (429, "insufficient_quota")
        assert 1 <= int(answer.headers["Retry-After"]) <= 86400
        assert answer.headers["X-Should-Retry"] == "false"
        assert (await client.post(f"{SPEECH}/timestamps", json={"input": "你好"}, headers=secret)).status == 200
    async with guarded() as client:
        assert await error(await client.post(SPEECH, json=TEXT, headers=secret)) == (429, "insufficient_quota")


async def test_a_request_that_finds_no_place_costs_no_characters(guarded, add, demo, tmp_path, serving):
    secret = bearer(add(characters_per_day=4))
    demo.permits = threading.Semaphore(0)
    sections = {"storage": {"path": str(tmp_path / "data")}, "limits": {"queue_seconds": 0}}
    async with serving(max_streams=1, **sections) as client:
        first = asyncio.create_task(client.post(SPEECH, json=TEXT, headers=secret))
        while not demo.requests:
            await asyncio.sleep(0.001)
        for _ in range(3):
            assert (await client.post(SPEECH, json=TEXT, headers=secret)).status == 429
        demo.permits.release(100)
        assert (await first).status == 200
        while (answer := await error_or_audio(await client.post(SPEECH, json=TEXT, headers=secret))) != "audio":
            assert answer == "too_many_streams"  # the first stream is ending


async def test_a_revoked_key_ends_no_running_stream_but_begins_none(guarded, add, key_file, demo):
    secret = bearer(add())
    demo.permits = threading.Semaphore(1)
    async with guarded() as client:
        running = await client.post(SPEECH, json={**TEXT, "input": "字" * 50}, headers=secret)
        key_file.change(lambda _: [])
        assert (await client.head(f"{SPEECH}?input=好", headers=secret)).status == 401
        demo.permits.release(1000)
        assert len(await running.read()) == 50 * 2 * demo.samples_per_chunk


async def test_keys_that_are_added_while_the_server_runs_close_it(guarded, add):
    async with guarded() as client:
        assert (await client.post(SPEECH, json=TEXT)).status == 200
        secret = add()
        assert (await client.post(SPEECH, json=TEXT)).status == 401
        assert (await client.post(SPEECH, json=TEXT, headers=bearer(secret))).status == 200


async def test_a_damaged_file_changes_nothing_but_the_log(guarded, add, key_file, caplog):
    secret = bearer(add())
    async with guarded() as client:
        for damage in (lambda: key_file.path.write_text("keys: ["), key_file.path.unlink):
            damage()
            assert (await client.post(SPEECH, json=TEXT, headers=secret)).status == 200
            assert (await client.post(SPEECH, json=TEXT)).status == 401
    assert caplog.text.count("the keys stay as they were") == 2


async def test_guessing_finds_nothing_and_logs_no_secret(guarded, add, caplog):
    add()
    async with guarded() as client:
        with caplog.at_level(logging.INFO):
            guesses = [new_secret() for _ in range(50)]
            for guess in guesses:
                assert (await client.post(SPEECH, json=TEXT, headers=bearer(guess))).status == 401
    assert not any(guess in caplog.text for guess in guesses)


async def test_the_client_of_a_stream_has_the_limits_of_its_key(guarded, add, monkeypatch):
    seen: list[Client] = []
    opened = ActiveStreams.open

    async def watched(self, *arguments, client, **options):
        seen.append(client)
        return await opened(self, *arguments, client=client, **options)

    monkeypatch.setattr(ActiveStreams, "open", watched)
    secret = bearer(add("app", max_streams=3, weight=2.5, voices=("demo",)))
    async with guarded(trusted_proxies=["127.0.0.0/8"]) as client:
        headers = {**secret, "X-Forwarded-For": "203.0.113.7"}
        await (await client.post(SPEECH, json=TEXT, headers=headers)).read()
    assert seen == [Client("app", "203.0.113.7", 3, 2.5, ("demo",))]


async def test_an_address_outside_of_this_machine_without_keys_is_warned_about_once(tmp_path, add, caplog):
    def config(host: str) -> Config:
        content = {"server": {"host": host}, "storage": {"path": str(tmp_path / "data")}}
        return Config.model_validate(content)

    for host in ("127.0.0.1", "::1", "localhost", "127.3.2.1"):
        AccessControl(config(host)).warn_if_open(host)
    assert not caplog.records
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        caplog.clear()
        AccessControl(config(host)).warn_if_open(host)
        assert len(caplog.records) == 1
        assert f"server.host is {host}" in caplog.text
    caplog.clear()
    add()
    AccessControl(config("0.0.0.0")).warn_if_open("0.0.0.0")
    assert not caplog.records


async def test_a_path_with_control_characters_makes_no_line_of_the_log(registry, caplog):
    async def crash(request: web.Request) -> web.Response:
        raise ZeroDivisionError("a test")

    app = create_app(registry, Config())
    app.router.add_get("/x/{name}", crash)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(URL("/x/a%0aforged%1b[31m", encoded=True))
        assert answer.status == 500
    messages = [record.getMessage() for record in caplog.records if "/x/a" in record.getMessage()]
    assert messages
    assert all(message.isprintable() for message in messages)
