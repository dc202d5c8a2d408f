"""Web pages of other hosts: preflight requests, headers of answers and errors, WebSockets, and forms."""

import pytest
from aiohttp import WSServerHandshakeError

from tests.keys import bearer, make_key

SPEECH = "/v1/audio/speech"
SOCKET = "/api-ws/v1/inference"
PAGE = "https://app.example.org"
PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
TEXT = {"input": "你好", "response_format": "pcm"}


def allowed(response) -> str | None:
    return response.headers.get("Access-Control-Allow-Origin")


async def test_a_listed_page_may_ask_send_and_read_errors_too(serving):
    secret, entry = make_key()
    async with serving(access={"cors_origins": [PAGE], "keys": [entry]}) as client:
        wanted = "authorization, content-type, x-stainless-os"
        answer = await client.options(SPEECH, headers={**PREFLIGHT, "Access-Control-Request-Headers": wanted})
        assert (answer.status, allowed(answer)) == (204, PAGE)
        assert answer.headers["Access-Control-Allow-Headers"] == wanted
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        for headers, status in ((bearer(secret), 200), ({}, 401)):
            answer = await client.post(SPEECH, json=TEXT, headers={"Origin": PAGE, **headers})
            assert (answer.status, allowed(answer), answer.headers["Vary"]) == (status, PAGE, "Origin")
            assert answer.headers["Access-Control-Expose-Headers"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_page_that_is_not_listed_may_read_nothing(serving):
    async with serving(access={"cors_origins": [PAGE]}) as client:
        for origin in ("https://evil.example", "null", f"{PAGE}.evil.example", f"{PAGE}:8443", ""):
            answer = await client.options(SPEECH, headers={**PREFLIGHT, "Origin": origin})
            assert (answer.status, allowed(answer)) == (405, None), origin
            answer = await client.get("/v1/audio/voices", headers={"Origin": origin})
            assert (answer.status, allowed(answer)) == (200, None), origin


async def test_without_a_list_nothing_is_said_about_other_hosts(serving):
    async with serving() as client:
        assert (await client.options(SPEECH, headers=PREFLIGHT)).status == 405
        answer = await client.get("/v1/audio/voices", headers={"Origin": PAGE})
        assert not {"Access-Control-Allow-Origin", "Vary"} & set(answer.headers)


async def test_a_star_lets_every_page_in(serving):
    async with serving(access={"cors_origins": ["*"]}) as client:
        answer = await client.post(SPEECH, json=TEXT, headers={"Origin": "https://any.example"})
        assert (answer.status, allowed(answer)) == (200, "*")


async def test_names_of_headers_that_are_none_are_not_repeated(serving):
    async with serving(access={"cors_origins": [PAGE]}) as client:
        for names in ("a:b", "ü", "x" * 1001):
            answer = await client.options(SPEECH, headers={**PREFLIGHT, "Access-Control-Request-Headers": names})
            assert answer.status == 204
            assert "Access-Control-Allow-Headers" not in answer.headers


async def test_an_open_server_takes_nothing_from_pages_of_other_hosts(serving):
    async with serving() as client:
        for origin in (PAGE, "null", "nonsense", "http://[", "http://127.0.0.1"):
            answer = await client.post(SPEECH, json=TEXT, headers={"Origin": origin})
            assert (answer.status, (await answer.json())["error"]["code"]) == (403, "origin_not_allowed"), origin
            with pytest.raises(WSServerHandshakeError) as refused:
                await client.ws_connect(SOCKET, origin=origin)
            assert refused.value.status == 403
        own = str(client.make_url("/")).rstrip("/")
        assert (await client.post(SPEECH, json=TEXT, headers={"Origin": own})).status == 200
        async with client.ws_connect(SOCKET, origin=own):
            pass
        async with client.ws_connect(SOCKET):
            pass


async def test_a_key_opens_the_websocket_to_any_page(serving):
    secret, entry = make_key()
    async with serving(access={"keys": [entry]}) as client:
        protocols = ("dashscope", f"api-key.{secret}")
        async with client.ws_connect(SOCKET, origin=PAGE, protocols=protocols) as socket:
            assert socket.protocol == "dashscope"


async def test_a_key_is_never_chosen_as_the_subprotocol_nor_logged(serving, caplog):
    secret, entry = make_key()
    async with serving(access={"keys": [entry]}) as client:
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect(SOCKET, protocols=(f"api-key.{secret}",))
        assert refused.value.status == 400
    assert secret not in caplog.text


async def test_headers_for_browsers_are_on_every_answer(serving):
    async with serving() as client:
        for path in ("/", "/docs", "/app.js", "/health", "/v1/models", "/nothing", f"{SPEECH}?input=你好", SPEECH):
            headers = (await client.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["Referrer-Policy"] == "no-referrer", path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
            assert headers["Server"] == "sambert-server", path
        assert "script-src 'self'" in (await client.get("/")).headers["Content-Security-Policy"]
