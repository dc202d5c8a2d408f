"""SSML and marks over the socket: they sound as they ask, and what cannot be read says where it stands."""

import numpy as np
import pytest
from aiohttp import ClientSession

from tests.http.test_with_a_voice import speech, visit

QUIET = 10 ** (-50 / 20)


def longest_silence(pcm: bytes) -> float:
    """Seconds below -50 dBFS."""
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2")) > QUIET * 32768)
    return int(np.diff(loud).max()) / 16000


@pytest.mark.parametrize("text", ['<speak>你好<break time="1s"/>再见。</speak>', "你好[pause:1s]再见。"])
def test_a_break_sounds_as_silence_of_its_length(text: str) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        response = await session.post(f"{base}/v1/audio/speech", json=speech(text, response_format="pcm"))
        assert response.status == 200
        assert 1.0 <= longest_silence(await response.read()) <= 1.2

    visit(scenario)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("<speak>\n你<foo/>好</speak>", "invalid_ssml", "line 2, column 2: the element <foo> is not known"),
        ("<speak>你好", "invalid_ssml", "line 1, column"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><speak>&b;</speak>', "invalid_ssml", "line 1, column"),
        ("你好[pause:soon]", "invalid_mark", "line 1, column 3"),
        ('<speak>你<voice name="nobody">好</voice></speak>', "unknown_voice", "unknown voice 'nobody'"),
        ('<speak>你<emotion category="silly">好</emotion></speak>', "unknown_emotion", "unknown emotion 'silly'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, code: str, said: str) -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        response = await session.post(f"{base}/v1/audio/speech", json=speech(text))
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (400, code)
        assert said in error["message"]

    visit(scenario)
