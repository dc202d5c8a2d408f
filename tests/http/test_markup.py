"""SSML and inline marks over HTTP: breaks become silence, and errors have their line and column."""

import numpy as np
import pytest
from aiohttp import ClientSession

from tests.http.test_with_a_voice import run_scenario, speech

QUIET = 10 ** (-50 / 20)


def longest_silence(pcm: bytes) -> float:
    """Seconds below -50 dBFS."""
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2")) > QUIET * 32768)
    return int(np.diff(loud).max()) / 16000


@pytest.mark.parametrize("text", ['<speak>你好<break time="1s"/>再见。</speak>', "你好[pause:1s]再见。"])
def test_a_break_becomes_silence_of_its_length(text: str) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        response = await session.post(f"{base}/v1/audio/speech", json=speech(text, response_format="pcm"))
        assert response.status == 200
        assert 1.0 <= longest_silence(await response.read()) <= 1.2

    run_scenario(scenario)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("<speak>\n你<foo/>好</speak>", "invalid_ssml", "line 2, column 2: the element <foo> is not known"),
        ("<speak>你好", "invalid_ssml", "line 1, column"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><speak>&b;</speak>', "invalid_ssml", "line 1, column"),
        ("你好[pause:soon]", "invalid_mark", "line 1, column 3"),
    ],
)
def test_the_error_for_invalid_markup_has_its_position(text: str, code: str, message: str) -> None:
    check_error(text, code, message)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (
            '<speak>你<voice name="absent">好</voice></speak>',
            "unknown_voice",
            "'absent'; valid: natural, male, female, demo",
        ),
        ('<speak>你<emotion category="silly">好</emotion></speak>', "unknown_emotion", "unknown emotion 'silly'"),
    ],
)
def test_an_unknown_name_in_ssml_is_refused(text: str, code: str, message: str) -> None:
    check_error(text, code, message)


def check_error(text: str, code: str, message: str) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        response = await session.post(f"{base}/v1/audio/speech", json=speech(text))
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (400, code)
        assert message in error["message"]

    run_scenario(scenario)
