"""Webhooks: signed, repeated until they are received, and only to public addresses of allowed hosts."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from server.config import Config, load_config
from server.errors import ConfigurationError, RequestError
from server.jobs.runner import runner
from server.jobs.webhooks import sender
from server.jobs.webhooks.destination import is_public, require_destination
from server.jobs.webhooks.sender import retry_pause
from tests.jobs.conftest import ended, submit

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver:
    """Answers with the statuses of a list, then with 204."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.arrived = asyncio.Event()

    async def post(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        self.received.append((dict(request.headers), await request.read()))
        self.arrived.set()
        status = self.statuses.pop(0) if self.statuses else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"})


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(sender, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(sender, "retry_pause", lambda attempt: 0.01)
    monkeypatch.setattr(runner, "_LOOK_SECONDS", 0.02)


@asynccontextmanager
async def receiving():
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{any}", receiver.post)
    async with TestServer(app, host="127.0.0.1") as server:
        receiver.host = f"127.0.0.1:{server.port}"
        receiver.url = f"http://{receiver.host}/hook"
        yield receiver


def settings(receiver: Receiver, **more: object) -> dict[str, object]:
    return {"webhook_hosts": [receiver.host], "webhook_secret": SECRET, "webhook_private": True, **more}


async def delivered(service) -> None:
    while service.report().webhooks_waiting:
        await asyncio.sleep(0.01)


async def test_a_webhook_is_signed_and_has_no_text(open_service, quick):
    async with receiving() as receiver, open_service(**settings(receiver)) as service:
        job = await ended(service, await submit(service, "密码", name="书", webhook=receiver.url))
        await delivered(service)
    ((headers, body),) = receiver.received
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - job.ended) < 60
    content = json.loads(body)
    assert content["type"] == "job.done"
    assert content["data"] == {
        "id": job.id, "name": "书", "state": "done", "characters": 2, "audio_seconds": 0.5, "size": 6,
    }  # fmt: skip
    assert "密码" not in body.decode()


@pytest.mark.parametrize("statuses", [[500, 503, 404], [302, 307], [199 + 1]])
async def test_a_webhook_is_repeated_with_its_id_until_it_is_received(open_service, quick, statuses):
    async with receiving() as receiver, open_service(**settings(receiver)) as service:
        receiver.statuses = [*statuses]
        await ended(service, await submit(service, "a", webhook=receiver.url))
        await delivered(service)
    attempts = len(statuses) + (statuses[-1] >= 300)
    assert len(receiver.received) == attempts
    assert receiver.paths == ["/hook"] * attempts, "a redirection is followed"
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1


async def test_a_webhook_outlives_a_restart(open_service, quick):
    async with receiving() as receiver:
        async with open_service(**settings(receiver)) as service:
            receiver.statuses = [500] * 1000
            await ended(service, await submit(service, "a", webhook=receiver.url))
            await receiver.arrived.wait()
        receiver.statuses.clear()
        before = len(receiver.received)
        async with open_service(**settings(receiver)) as service:
            await delivered(service)
        assert len(receiver.received) == before + 1


@pytest.mark.parametrize("status", [410, 500])
async def test_a_webhook_is_given_up(open_service, quick, status, caplog):
    async with receiving() as receiver:
        receiver.statuses = [status] * 1000
        async with open_service(**settings(receiver, webhook_hours=24.0 if status == 410 else 1e-9)) as service:
            await ended(service, await submit(service, "a", webhook=receiver.url))
            await delivered(service)
    assert len(receiver.received) == 1
    assert f"given up after 1 attempts: status {status}" in caplog.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "rebinding.test"])
async def test_addresses_of_this_machine_are_not_reached(open_service, quick, host, monkeypatch, caplog):
    resolve = socket.getaddrinfo

    def lie(name, *arguments, **options):
        return resolve("127.0.0.1" if name == "rebinding.test" else name, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lie)
    caplog.set_level("INFO", sender.__name__)
    async with receiving() as receiver:
        name = receiver.host.replace("127.0.0.1", host)
        receiver.host = name
        async with open_service(**settings(receiver, webhook_private=False)) as service:
            await ended(service, await submit(service, "a", webhook=f"http://{name}/hook"))
            while "is not a public address" not in caplog.text:
                await asyncio.sleep(0.01)
    assert not receiver.received


async def test_a_host_that_is_no_longer_allowed_gets_nothing(open_service, quick, renderer, caplog):
    renderer.may_compute.clear()
    async with receiving() as receiver, open_service(**settings(receiver)) as service:
        job = await submit(service, "a", webhook=receiver.url)
        service.reconfigure(Config())
        renderer.may_compute.set()
        await ended(service, job)
        await delivered(service)
    assert not receiver.received
    assert "its host is no longer allowed" in caplog.text


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://example.com/hook", ["example.com"]),
        ("https://EXAMPLE.com./hook?x=1", ["example.com"]),
        ("http://example.com:80/", ["example.com"]),
        ("https://a.b.example.com/", ["*.example.com"]),
        ("https://example.com:8443/", ["example.com:8443"]),
        ("https://[2001:db8::1]/", ["[2001:db8::1]"]),
    ],
)
def test_a_host_of_the_list_is_allowed(url, hosts):
    require_destination(url, hosts)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com/", "https:///x", "https://example.com:99999/", "https://example.com:0/",
        "https://other.com/", "https://example.com.other.com/", "https://otherexample.com/", "https://sub.example.com/",
        "https://example.org/", "https://example.com:8443/", "https://example.com@other.com/", "https://u:p@example.com/",
        "https://other.com\\@example.com/", "https://other.com#@example.com/", "https://example.com\t/",
        "https://exa mple.com/", "https://example.com/\r\nx",
        "https://127.0.0.1/", "https://[::1]/", "http://[example.com]/", "https://2130706433/",
    ],
)  # fmt: skip
def test_another_host_is_refused(url):
    with pytest.raises(RequestError, match="webhook"):
        require_destination(url, ["example.com", "*.example.org"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::80ff:fffe",
    ],
)  # fmt: skip
def test_private_addresses_are_recognized_in_every_form(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
)
def test_public_addresses_are_recognized(address):
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_as_its_forms_in_ipv6(address):
    assert is_public(f"::ffff:{address}") == is_public(f"64:ff9b::{address}") == is_public(str(address))


def test_pauses_grow_up_to_an_hour():
    pauses = [retry_pause(attempt) for attempt in (1, 2, 5, 12, 1000)]
    assert pauses == sorted(pauses[:4]) + pauses[4:]
    assert 4 <= pauses[0] <= 6
    assert 2880 <= pauses[-1] <= 4320


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("webhook_hosts: [example.com]", "whsec_ and 24 to 64 bytes in base64"),
        ("webhook_secret: hush-hush", "whsec_ and 24 to 64 bytes in base64"),
        ("webhook_secret: whsec_AAAA", "whsec_ and 24 to 64 bytes in base64"),
        ("webhook_hosts: [https://example.com/]", "a host in small letters"),
    ],
)
def test_an_invalid_section_is_refused_without_its_secret(tmp_path, keys, expected):
    path = tmp_path / "config.yaml"
    path.write_text(f"jobs:\n  {keys}\n")
    with pytest.raises(ConfigurationError, match=expected) as caught:
        load_config(path)
    assert "hush" not in str(caught.value)
