"""The page of the API in a real browser: it shows every operation, and its forms send requests."""

import asyncio
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from server.config import Config
from server.http.openapi.document import create_document
from tests.clients.chromium import Page
from tests.clients.conftest import requires
from tests.clients.decoding import decoded

LOADED = """
new Promise((resolve) => {
  const timer = setInterval(() => {
    if (document.querySelector("#schemas article")) { clearInterval(timer); resolve(true); }
  }, 20);
})
"""

SEND = """
new Promise((resolve) => {
  const article = document.getElementById(ID);
  for (const [name, value] of Object.entries(VALUES)) article.querySelector(`#${ID}-${name}`).value = value;
  const form = article.querySelector("form");
  form.dispatchEvent(new Event("input"));
  form.requestSubmit();
  const timer = setInterval(() => {
    const result = article.querySelector(".result");
    const done = result.querySelector("pre, a") || /No complete|No body/.test(result.textContent);
    if (!done) return;
    clearInterval(timer);
    const audio = result.querySelector("audio");
    const answer = {text: result.textContent, curl: article.querySelector("form > pre").textContent};
    if (!audio) return resolve(answer);
    audio.playbackRate = 4;
    audio.addEventListener("ended", () => resolve({...answer, seconds: audio.currentTime}));
    audio.addEventListener("error", () => resolve({...answer, error: audio.error.message}));
  }, 20);
})
"""


async def send(page, identifier: str, **values: str) -> dict:
    return await page.evaluate(SEND.replace("ID", json.dumps(identifier)).replace("VALUES", json.dumps(values)))


@pytest.fixture
async def docs(page: Page, server_url: str) -> Page:
    await page.open(f"{server_url}/docs")
    await page.evaluate(LOADED)
    return page


async def test_the_page_shows_every_operation_error_and_schema(docs):
    document = create_document(Config())
    shown = set(await docs.evaluate("[...document.querySelectorAll('article')].map(({id}) => id)"))
    operations = {operation["operationId"] for item in document["paths"].values() for method, operation in item.items()}
    errors = {name.replace("Error", "error-") for name in document["components"]["responses"]}
    schemas = {f"schema-{name}" for name in document["components"]["schemas"]}
    assert shown == operations | errors | schemas
    broken = "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash).filter(h => !document.querySelector(h))"
    assert await docs.evaluate(broken) == []
    assert "undefined" not in await docs.evaluate("document.body.textContent")


async def test_the_page_fits_narrow_and_wide_windows(docs):
    await docs.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for width in (320, 390, 1280):
        await docs.resize(width, 800)
        assert await docs.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width


async def test_every_control_has_a_label(docs):
    unlabelled = await docs.evaluate(
        "[...document.querySelectorAll('input, select, textarea')].filter((one) => !one.labels.length).length"
    )
    assert unlabelled == 0


async def test_a_form_shows_an_error_of_the_server_and_quotes_its_curl_line(docs):
    refused = await send(docs, "post_audio_speech", body='{"input": "你好。", "voice": "it\'s"}')
    assert refused["text"].startswith("400 application/json")
    assert '"code": "unknown_voice"' in refused["text"]
    assert """-d '{"input":"你好。","voice":"it'\\''s"}'""" in refused["curl"]


async def test_the_forms_send_requests_and_play_the_speech(docs):
    spoken = await send(docs, "post_audio_speech", body='{"input": "你好。", "response_format": "opus"}')
    assert "200 audio/ogg" in spoken["text"]
    assert spoken["seconds"] > 0.3

    spoken = await send(docs, "get_audio_speech", input="你 好。", response_format="mp3")
    assert spoken["seconds"] > 0.3

    model = await send(docs, "get_models_model", model="tts-1-hd")
    assert '"id": "tts-1-hd"' in model["text"]
    assert model["curl"].endswith("/v1/models/tts-1-hd'")
    assert docs.problems == []  # the policy of the page forbids nothing that it does


@requires("curl")
async def test_the_curl_line_of_a_request_gives_the_same_speech(docs, tmp_path: Path):
    spoken = await send(docs, "get_audio_speech", input="你 好。", response_format="wav")
    command = [*shlex.split(spoken["curl"]), "--silent", "--fail"]
    await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, check=True)
    samples = decoded((tmp_path / "answer").read_bytes(), "wav")
    assert len(samples) / 16000 == pytest.approx(spoken["seconds"], abs=0.1)
