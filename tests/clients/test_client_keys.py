"""Keys with untouched clients: openai (Python and npm), dashscope, and the pages in Chromium."""

import gc
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dashscope
import openai
import pytest
from dashscope.audio import tts, tts_v2
from dashscope.common.error import RequestFailure
from openai import OpenAI
from websocket import WebSocketConnectionClosedException

from server.access.secret import new_secret
from server.config import Config
from tests.clients.chromium import Page
from tests.clients.conftest import logged, requires, serve
from tests.http.conftest import CountingSynthesizer, FakeRegistry, write_voice
from tests.keys import make_key

FOLDER = Path(__file__).parent
TEXT = "今天天气很好。"


@pytest.fixture(scope="module")
def secrets() -> dict[str, tuple[str, dict[str, Any]]]:
    """Secrets and entries by name."""
    limits: dict[str, dict[str, Any]] = {
        "good": {},
        "other-voice": {"voices": ("second",)},
        "used-up": {"characters_per_day": 1},
        "no-speech": {"rights": ("metrics",)},
    }
    return {name: make_key(name, **each) for name, each in limits.items()}


@pytest.fixture(scope="module")
def url(secrets: dict[str, tuple[str, dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guarded")
    voices = {name: CountingSynthesizer(write_voice(folder / name, name)) for name in ("demo", "second")}
    entries = [entry for _, entry in secrets.values()]
    config = Config.model_validate({"access": {"keys": entries}, "storage": {"path": str(folder / "data")}})
    with serve(FakeRegistry(voices), config) as url:
        yield url
    gc.collect()


@pytest.fixture
def keys(secrets: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, str]:
    return {**{name: secret for name, (secret, _) in secrets.items()}, "unknown": new_secret(), "nonsense": "any"}


EXPECTED: dict[str, tuple[type[openai.APIStatusError], int, str]] = {
    "unknown": (openai.AuthenticationError, 401, "invalid_api_key"),
    "nonsense": (openai.AuthenticationError, 401, "invalid_api_key"),
    "other-voice": (openai.PermissionDeniedError, 403, "voice_not_allowed"),
    "no-speech": (openai.PermissionDeniedError, 403, "missing_right"),
    "used-up": (openai.RateLimitError, 429, "insufficient_quota"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_openai_for_python_raises_its_own_exceptions_at_once(url: str, keys: dict[str, str], name: str) -> None:
    """At once: with the default of two retries, and a day until the next one would succeed."""
    kind, status, code = EXPECTED[name]
    with OpenAI(base_url=f"{url}/v1", api_key=keys[name]) as client, pytest.raises(kind) as raised:
        client.audio.speech.create(model="tts-1", voice="demo", input=TEXT)
    assert (raised.value.status_code, raised.value.code) == (status, code)


def test_openai_for_python_speaks_with_a_key_also_with_events(url: str, keys: dict[str, str]) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key=keys["good"]) as client:
        assert client.audio.speech.create(model="tts-1", voice="demo", input=TEXT).content
        events = client.audio.speech.create(model="tts-1", voice="demo", input=TEXT, stream_format="sse")
        assert b"speech.audio.done" in events.content
        assert client.models.list().data


@requires("node")
@pytest.mark.skipif(not (FOLDER / "node_modules").exists(), reason=f"run `npm ci` in {FOLDER}")
def test_openai_from_npm_throws_its_own_errors(url: str, keys: dict[str, str]) -> None:
    names = [*EXPECTED, "good"]
    command = ["node", str(FOLDER / "openai_keys.mjs"), url, TEXT, *(keys[name] for name in names)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    *errors, good = json.loads(ran.stdout)
    assert good["bytes"] > 0
    for name, error in zip(names, errors, strict=False):
        kind, status, code = EXPECTED[name]
        assert (error["type"], error["status"], error["code"]) == (kind.__name__, status, code), name


# The client leaves the socket of a connection that the server has closed to the garbage collector.
ignores_sockets = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def websocket(url: str, ending_websockets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "base_websocket_api_url", f"{url.replace('http', 'ws')}/api-ws/v1/inference")


@pytest.mark.usefixtures("websocket")
class TestDashScope:
    pytestmark = ignores_sockets

    @pytest.mark.parametrize(("name", "status"), [("unknown", 401), ("nonsense", 401), ("no-speech", 403)])
    def test_sambert_reports_a_refused_handshake(
        self, keys: dict[str, str], name: str, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dashscope, "api_key", keys[name])
        result = tts.SpeechSynthesizer.call(model="sambert-demo-v1", text=TEXT, format="wav")
        response = result.get_response()
        assert (response.status_code, result.get_audio_data()) == (status, None)
        assert "api-key is invalid" in response.message

    def test_cosyvoice_raises_what_it_raises_for_a_refused_handshake(
        self, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The package does not read the status: it waits for five seconds, as it does with the cloud."""
        monkeypatch.setattr(dashscope, "api_key", keys["unknown"])
        with pytest.raises(TimeoutError, match="could not established"):
            tts_v2.SpeechSynthesizer(model="cosyvoice-v2", voice="demo").call(TEXT)

    @pytest.mark.parametrize(
        ("name", "code"), [("other-voice", "AccessDenied"), ("used-up", "Throttling.AllocationQuota")]
    )
    def test_both_report_what_the_key_does_not_allow(
        self,
        keys: dict[str, str],
        name: str,
        code: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """CosyVoice's client raises what it has received, or that the connection is closed where it wants to send."""
        monkeypatch.setattr(dashscope, "api_key", keys[name])
        result = tts.SpeechSynthesizer.call(model="sambert-demo-v1", text=TEXT, format="wav")
        assert result.get_response().code == code
        caplog.clear()
        with pytest.raises((RequestFailure, ConnectionError, WebSocketConnectionClosedException)):
            tts_v2.SpeechSynthesizer(model="cosyvoice-v2", voice="demo").call(TEXT)
        logged(caplog, f'"error_code": "{code}"')

    def test_both_speak_with_a_key(self, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dashscope, "api_key", keys["good"])
        result = tts.SpeechSynthesizer.call(model="sambert-demo-v1", text=TEXT, format="wav")
        assert result.get_audio_data().startswith(b"RIFF")
        assert tts_v2.SpeechSynthesizer(model="cosyvoice-v2", voice="demo").call(TEXT)


UNTIL = """
new Promise((resolve) => {
  const timer = setInterval(() => {
    if (!(CONDITION)) return;
    clearInterval(timer);
    resolve(true);
  }, 20);
})
"""

ENTER = """
(() => {
  const field = document.getElementById("key");
  field.value = SECRET;
  field.dispatchEvent(new Event("change"));
})()
"""


async def until(page: Page, condition: str) -> None:
    await page.evaluate(UNTIL.replace("CONDITION", condition))


async def enter(page: Page, secret: str) -> None:
    await page.evaluate(ENTER.replace("SECRET", json.dumps(secret)))


async def test_the_page_asks_for_a_key_and_keeps_it(page: Page, url: str, keys: dict[str, str]) -> None:
    use = """(secret) => {
      document.getElementById("key").value = secret;
      document.querySelector(".key-form").requestSubmit();
    }"""
    await page.open(url)
    await until(page, "document.getElementById('key')")
    await page.evaluate(f"({use})({json.dumps(keys['unknown'])})")
    await until(page, "document.querySelector('.notice .error')?.textContent.includes('not known here')")
    await page.evaluate(f"({use})({json.dumps(keys['good'])})")
    await until(page, "document.querySelector('.notice').dataset.status === 'ready'")
    await page.open(url)
    await until(page, "document.querySelector('.notice')?.dataset.status === 'ready'")
    speak = "import('./page/api/client.js').then(({post}) => post('v1/audio/speech', {input: '好'})).then(({ok}) => ok)"
    assert await page.evaluate(speak)


async def test_the_page_of_the_api_sends_the_key(page: Page, url: str, keys: dict[str, str]) -> None:
    await page.open(f"{url}/docs")
    await until(page, "document.querySelector('#schemas article')")
    send = "(() => { const form = document.querySelector('#get_models form'); form.requestSubmit(); return true; })()"
    result = "document.querySelector('#get_models .result').textContent"
    await page.evaluate(send)
    await until(page, f"{result}.includes('invalid_api_key')")
    await enter(page, keys["good"])
    await page.evaluate(send)
    await until(page, f"{result}.includes('gpt-4o-mini-tts')")


async def test_a_page_of_another_host_speaks_over_the_websocket_with_a_subprotocol(
    page: Page, url: str, keys: dict[str, str]
) -> None:
    await page.open(f"{url.replace('127.0.0.1', 'localhost')}/health")
    connect = """
    new Promise((resolve) => {
      const socket = new WebSocket(ADDRESS, PROTOCOLS);
      socket.onopen = () => { resolve(socket.protocol); socket.close(); };
      socket.onerror = () => resolve("refused");
    })
    """.replace("ADDRESS", json.dumps(f"{url.replace('http', 'ws')}/api-ws/v1/inference"))
    for name, expected in (("good", "dashscope"), ("unknown", "refused")):
        protocols = json.dumps(["dashscope", f"api-key.{keys[name]}"])
        assert await page.evaluate(connect.replace("PROTOCOLS", protocols)) == expected
    assert await page.evaluate(connect.replace("PROTOCOLS", "[]")) == "refused"
