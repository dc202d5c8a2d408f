"""Speech like a recording: what is applied and said of it, over all ways that lead to speech."""

import base64
import json
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import pytest

from server.synthesis.reference import timbre
from server.types import DEFAULT_STYLE
from tests.http.dashscope.raw_client import PATH as WEBSOCKET
from tests.http.dashscope.raw_client import connected
from tests.http.references.conftest import CONSENT, HAPPY, added, error_of
from tests.http.test_speech_events import events_of

SPEECH = "/v1/audio/speech"
APPLIED, IGNORED = "X-Reference-Applied", "X-Reference-Ignored"
SETTINGS = "emotion=happy; confidence=0.83; speed=1.2; pitch=2; pitch_range=1.5; pauses=0.5"
PCM = {"input": "你好", "response_format": "pcm"}


def inline(data: bytes, **more: str) -> dict[str, str]:
    return {"audio": base64.b64encode(data).decode(), "consent": CONSENT, **more}


async def test_a_kept_recording_chooses_emotion_and_style(keeping, wav, demo):
    async with keeping() as client:
        new = await added(client, wav)
        answer = await client.post(SPEECH, json={**PCM, "reference": new["id"]})
        assert answer.status == 200
    assert answer.headers[APPLIED] == SETTINGS
    assert answer.headers[IGNORED].startswith("timbre%3A voice")
    assert demo.requests == [("你好", "F7", "happy", HAPPY)]


async def test_so_does_one_in_the_request_and_it_is_not_kept(keeping, wav, demo, tmp_path):
    async with keeping() as client:
        answer = await client.post(SPEECH, json={**PCM, "reference": inline(wav, transcript="今天")})
        assert answer.status == 200
    assert answer.headers[APPLIED] == SETTINGS
    assert demo.requests == [("你好", "F7", "happy", HAPPY)]
    assert not (tmp_path / "data").exists()


async def test_plain_settings_have_the_same_effect(keeping, wav, demo):
    async with keeping() as client:
        new = await added(client, wav)
        settings = (await (await client.get(f"/v1/audio/references/{new['id']}/settings")).json())["settings"]
        await client.post(SPEECH, json={**PCM, "reference": new["id"]})
        await client.post(SPEECH, json={**PCM, **settings})
    assert demo.requests[0] == demo.requests[1]


async def test_the_style_of_the_request_is_on_top(keeping, wav, demo, expressions):
    async with keeping() as client:
        new = await added(client, wav)
        body = {**PCM, "reference": new["id"], "emotion": "neutral", "speed": 2.0, "pitch": -1.0, "volume": 0.5}
        await client.post(SPEECH, json=body)
        await client.post(SPEECH, json={**PCM, "reference": new["id"], "speed": 4.0, "pitch": 11.0})
    assert expressions[0] == ("F7", 1.0, "neutral")
    assert demo.requests[0][2:] == ("neutral", replace(HAPPY, speed=2.4, pitch=1.0, volume=0.5))
    assert demo.requests[1][3] == replace(HAPPY, speed=4.0, pitch=12.0)


async def test_a_strength_of_0_changes_nothing(keeping, wav, demo, expressions):
    async with keeping(cache={"memory_mb": 8}) as client:
        new = await added(client, wav)
        plain = await client.post(SPEECH, json={**PCM, "seed": 1})
        samples = await plain.read()
        answer = await client.post(SPEECH, json={**PCM, "seed": 1, "reference": new["id"], "reference_strength": 0})
        assert await answer.read() == samples
    assert APPLIED not in answer.headers
    assert answer.headers["X-Cache"] in ("hit", "shared")
    assert (expressions, demo.requests) == ([], [("你好", "F7", "neutral", DEFAULT_STYLE)])


async def test_uses_are_chosen(keeping, wav, demo, expressions):
    async with keeping() as client:
        new = await added(client, wav)
        sound = await client.post(SPEECH, json={**PCM, "reference": new["id"], "reference_use": ["timbre"]})
        emotion = await client.post(SPEECH, json={**PCM, "reference": new["id"], "reference_use": ["emotion"]})
    assert (APPLIED in sound.headers, IGNORED in sound.headers) == (False, True)
    assert (APPLIED in emotion.headers, IGNORED in emotion.headers) == (True, False)
    assert len(expressions) == 1
    assert [request[2] for request in demo.requests] == ["neutral", "happy"]


@pytest.mark.parametrize(
    ("use", "strength", "is_ignored"), [("timbre", 0.5, True), ("emotion", 0.5, False), ("timbre", 1, False)]
)
async def test_a_strength_without_the_emotion_is_ignored_and_reported(keeping, wav, demo, use, strength, is_ignored):
    async with keeping() as client:
        fields = {"reference": (await added(client, wav))["id"], "reference_use": [use], "reference_strength": strength}
        answer = await client.post(SPEECH, json={**PCM, **fields})
    assert ("reference_strength%3A it is of the emotion" in answer.headers.get(IGNORED, "")) == is_ignored


async def test_instructions_go_before_the_recording(keeping, wav, demo, expressions):
    async with keeping() as client:
        new = await added(client, wav)
        await client.post(SPEECH, json={**PCM, "reference": new["id"], "instructions": "speak happily"})
    assert expressions == [("F7", 1.0, "happy")]


async def test_times_get_and_head_take_a_kept_one(keeping, wav, expressions):
    async with keeping() as client:
        new = await added(client, wav)
        fields = {"input": "你好", "reference": new["id"]}
        times = await client.post(f"{SPEECH}/timestamps", json=fields)
        got = await client.get(SPEECH, params={**fields, "reference_use": '["emotion"]', "reference_strength": "0.5"})
        head = await client.head(SPEECH, params=fields)
        assert [each.status for each in (times, got, head)] == [200, 200, 200]
    assert {each.headers[APPLIED] for each in (times, got, head)} == {SETTINGS}
    assert [strength for _, strength, _ in expressions] == [1.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"reference": "ref_" + "0" * 32}, ("unknown_reference", "reference")),
        ({"reference": "../x"}, ("unknown_reference", "reference")),
        ({"reference": ""}, ("invalid_value", "reference")),
        ({"reference": 5}, ("invalid_value", "reference")),
        ({"reference": {"audio": "AAAA"}}, ("consent_missing", "reference")),
        ({"reference": {"audio": "AAAA", "consent": "  "}}, ("consent_missing", "consent")),
        ({"reference": {"audio": "a", "consent": CONSENT}}, ("invalid_value", "reference")),
        ({"reference": {"audio": "data:audio/wav;base64,AAAA", "consent": CONSENT}}, ("invalid_value", "reference")),
        ({"reference": {"audio": "AAAA", "consent": CONSENT, "x": 1}}, ("invalid_value", "reference")),
        ({"reference": {"audio": "AAAA", "consent": CONSENT}}, ("unreadable_audio", "reference")),
        ({"reference_strength": 0.5}, ("invalid_value", "reference_strength")),
        ({"reference_use": ["emotion"]}, ("invalid_value", "reference_use")),
        ({"reference_similarity": True, "stream_format": "sse"}, ("invalid_value", "reference_similarity")),
        ({"reference": "x", "reference_strength": 2}, ("invalid_value", "reference_strength")),
        ({"reference": "x", "reference_use": []}, ("invalid_value", "reference_use")),
        ({"reference": "x", "reference_use": ["smell"]}, ("invalid_value", "reference_use")),
        ({"reference": "x", "reference_similarity": True}, ("invalid_value", "reference_similarity")),
    ],
    ids=repr,
)
async def test_what_is_wrong_is_said(keeping, fields, error, demo):
    async with keeping() as client:
        assert await error_of(await client.post(SPEECH, json={**PCM, **fields})) == (400, *error)
    assert not demo.requests


async def test_a_long_recording_in_a_request_is_taken_and_a_longer_one_refused(keeping):
    async with keeping() as client:
        for megabytes, error in ((9, (400, "unreadable_audio")), (20, (413, "request_entity_too_large"))):
            body = json.dumps({**PCM, "reference": inline(bytes(megabytes * 10**6))}).encode()
            answer = await client.post(SPEECH, data=BytesIO(body), headers={"Content-Type": "application/json"})
            assert (await error_of(answer))[:2] == error


async def test_the_last_event_says_how_similar_it_is(keeping, wav, demo, monkeypatch):
    heard = []

    def similarity(voice, encoders, recording, audio):
        heard.append((voice.name, len(audio.samples), recording.digest))
        return 0.83

    monkeypatch.setattr(timbre, "similarity", similarity)
    demo.encoders = SimpleNamespace()
    async with keeping() as client:
        new = await added(client, wav)
        body = {"input": "你好", "reference": new["id"], "stream_format": "sse", "response_format": "pcm"}
        plain = events_of(await (await client.post(SPEECH, json=body)).read())
        measured = events_of(await (await client.post(SPEECH, json={**body, "reference_similarity": True})).read())
    assert "reference_similarity" not in plain[-1]
    assert measured[-1]["reference_similarity"] == 0.83
    assert heard == [("demo", 2 * 160, new["sha256"])]


async def test_equal_requests_share_and_others_do_not(keeping, wav, demo):
    async with keeping(cache={"memory_mb": 8, "seed": 1}) as client:
        new = await added(client, wav)

        async def status(method: str, **fields: object) -> str:
            body = {"json": {**PCM, **fields}} if method == "post" else {"params": {**PCM, **fields}}
            answer = await client.request(method, SPEECH, **body)
            await answer.read()
            return answer.headers["X-Cache"]

        assert await status("post", reference=new["id"]) == "miss"
        assert await status("post", reference=inline(wav)) in ("hit", "shared")
        assert await status("post") == "miss"
        assert await status("head", reference=new["id"], reference_use='["delivery"]') == "miss"


async def test_the_voices_say_what_they_take_over(keeping):
    async with keeping() as client:
        voices = (await (await client.get("/v1/audio/voices")).json())["voices"]
    assert [each["reference_use"] for each in voices if each["status"] == "ready"] == [["emotion", "delivery"]] * 2


@pytest.mark.parametrize("text", ["你好", None], ids=["a whole text", "a text in pieces"])
async def test_tasks_of_dashscope_take_a_kept_one(keeping, wav, demo, expressions, text):
    async with keeping() as client, connected(client.session, str(client.make_url(WEBSOCKET))) as raw:
        new = await added(client, wav)
        await raw.run(text, reference=new["id"], reference_strength=0.5)
        started = (await raw.until("task-started", "task-failed"))[-1]
        if text is None:
            await raw.send("continue-task", input={"text": "你好"})
            await raw.send("finish-task", input={})
        assert (await raw.until("task-finished", "task-failed"))[-1]["header"]["event"] == "task-finished"
    attributes = started["header"]["attributes"]
    assert attributes["reference"] == SETTINGS
    assert attributes["warnings"][0].startswith("parameters.reference: timbre: voice 'demo'")
    assert expressions == [("F7", 0.5, None)]
    assert demo.requests[0][2:] == ("happy", HAPPY)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reference": "ref_" + "0" * 32}, "GET /v1/audio/references"),
        ({"reference": "x", "reference_use": ["emotion"] * 4}, "parameters.reference_use"),
        ({"reference_use": ["emotion"]}, "send reference too"),
    ],
    ids=repr,
)
async def test_tasks_of_dashscope_with_a_wrong_one_fail(keeping, fields, said):
    async with keeping() as client, connected(client.session, str(client.make_url(WEBSOCKET))) as raw:
        await raw.run("你好", **fields)
        failed = (await raw.until("task-started", "task-failed"))[-1]
    assert failed["header"]["event"] == "task-failed"
    assert said in failed["header"]["error_message"]
