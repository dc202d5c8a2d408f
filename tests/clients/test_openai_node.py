"""The `openai` package from npm, unchanged, run by node: what it receives, and what it throws."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import TEXT, requires
from tests.clients.decoding import decoded
from tests.http.conftest import CountingSynthesizer

FOLDER = Path(__file__).parent
PACKAGE = FOLDER / "node_modules" / "openai"

pytestmark = [
    requires("node"),
    pytest.mark.skipif(not PACKAGE.exists(), reason=f"run `npm ci` in {FOLDER}"),
]


def run(script: str, url: str) -> dict[str, Any]:
    command = ["node", str(FOLDER / script), url, TEXT]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


@pytest.fixture(scope="module")
def received(server_url: str) -> dict[str, Any]:
    return run("openai_client.mjs", server_url)


def test_the_plain_call_of_the_documentation_gives_an_mp3(received: dict[str, Any]) -> None:
    assert received["plainType"] == "audio/mpeg"
    assert base64.b64decode(received["plain"]).startswith(b"ID3")


@requires("ffmpeg")
def test_every_format_has_the_same_length(received: dict[str, Any]) -> None:
    lengths = {name: len(decoded(base64.b64decode(data), name)) for name, data in received["formats"].items()}
    assert len(lengths) == 6
    assert max(lengths.values()) - min(lengths.values()) < 2200, lengths


def test_a_stream_comes_in_chunks(received: dict[str, Any]) -> None:
    assert sum(received["chunks"]) == len(base64.b64decode(received["formats"]["pcm"]))
    assert len(received["chunks"]) > 3


def test_events_are_parsed_by_the_stream_class_of_the_package(received: dict[str, Any]) -> None:
    *deltas, done = received["events"]
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    audio = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert len(audio) == len(base64.b64decode(received["formats"]["pcm"]))
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["input_tokens"] == len(TEXT)


def test_instructions_are_answered_in_headers(received: dict[str, Any]) -> None:
    assert (received["applied"], received["ignored"]) == ("emotion=sad; speed=0.9", "像海盗")


def test_models_are_listed(received: dict[str, Any]) -> None:
    assert received["models"] == ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"]


def test_an_invalid_request_throws_the_error_class_with_the_field(received: dict[str, Any]) -> None:
    error = received["error"]
    assert (error["type"], error["status"]) == ("BadRequestError", 400)
    assert (error["code"], error["param"]) == ("unknown_voice", "voice")
    assert "valid: demo, demo-small, demo-timbre, alloy" in error["message"]


def test_a_failure_in_the_middle_is_never_a_success(counting_url: str, counting: CountingSynthesizer) -> None:
    counting.fails_after = (2, ZeroDivisionError("a test"))
    failures = run("openai_failures.mjs", counting_url)
    assert failures["audio"] != "complete"
    assert failures["events"] == ["speech.audio.delta", "speech.audio.delta"]
    assert failures["error"]["type"] == "APIError"
    assert failures["error"]["code"] == "internal_error"
