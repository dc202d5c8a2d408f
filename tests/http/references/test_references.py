"""References as a resource: kept, listed, looked up, deleted; and what is refused."""

import asyncio
import io
import logging
import threading

import numpy as np
import pytest

from tests.http.references.conftest import CONSENT, PATH, added, error_of, form, wav_of

UNKNOWN = "ref_" + "0" * 32


def files(tmp_path) -> list[str]:
    return [path.name for path in (tmp_path / "data").rglob("*") if path.is_file()]


async def test_a_form_is_kept_and_found(keeping, wav):
    async with keeping() as client:
        new = await added(client, wav, name="Me", transcript="今天天气很好")
        assert new["object"] == "audio.reference"
        assert (new["name"], new["consent"], new["transcript"]) == ("Me", CONSENT, "今天天气很好")
        assert (new["format"], new["size"]) == ("wav", len(wav))
        assert new["expires_at"] - new["created_at"] == pytest.approx(30 * 86400)
        assert new["analysis"]["seconds"] > 1
        answer = await client.get(f"{PATH}/{new['id']}")
        assert (answer.headers["Cache-Control"], await answer.json()) == ("no-store", new)
        assert (await (await client.get(PATH)).json())["data"] == [new]


async def test_a_file_as_the_body_has_its_fields_in_the_query(keeping, wav):
    async with keeping() as client:
        answer = await client.post(
            PATH, data=wav, params={"consent": CONSENT, "name": "我"}, headers={"Content-Type": "audio/webm"}
        )
        assert answer.status == 201
        kept = await answer.json()
        assert kept["name"] == "我"
        assert answer.headers["Location"] == f"{PATH}/{kept['id']}"
        assert (await client.get(answer.headers["Location"])).status == 200


async def test_the_same_file_again_is_the_same_reference(keeping, wav):
    async with keeping() as client:
        first = await added(client, wav, name="one")
        second = await added(client, wav, name="two")
        assert second["id"] == first["id"]
        listed = (await (await client.get(PATH)).json())["data"]
        assert [each["name"] for each in listed] == ["two"]


async def test_one_that_another_version_measured_is_listed_and_measured_when_it_is_looked_up(keeping, wav, tmp_path):
    async with keeping() as client:
        new = await added(client, wav)
        (path,) = (tmp_path / "data").rglob("*.reference")
        path.write_bytes(path.read_bytes().replace(b'"tilt"', b'"lean"', 1))
        listed = (await (await client.get(PATH)).json())["data"]
        assert listed == [{**new, "analysis": None}]
        assert await (await client.get(f"{PATH}/{new['id']}")).json() == new


async def test_the_default_voice_is_measured_before_somebody_waits_for_it(keeping, wav, registry):
    async with keeping() as client:
        await added(client, wav)
    assert registry.measured == [("demo", "F7")]


async def test_deleted_means_gone(keeping, wav, tmp_path, registry):
    async with keeping() as client:
        new = await added(client, wav)
        assert len(files(tmp_path)) == 1
        answer = await client.delete(f"{PATH}/{new['id']}")
        assert await answer.json() == {"id": new["id"], "object": "audio.reference.deleted", "deleted": True}
        assert files(tmp_path) == []
        assert registry.forgotten == [new["sha256"]]
        for method, path in (("get", ""), ("delete", ""), ("get", "/settings")):
            again = await client.request(method, f"{PATH}/{new['id']}{path}")
            assert await error_of(again) == (404, "reference_not_found", None)
        assert (await (await client.get(PATH)).json())["data"] == []
        speech = await client.post("/v1/audio/speech", json={"input": "你好", "reference": new["id"]})
        assert await error_of(speech) == (400, "unknown_reference", "reference")


async def test_what_was_computed_is_forgotten_in_a_thread(keeping, wav, registry):
    threads = []
    registry.comparisons.forget_recording = lambda digest: threads.append(threading.current_thread())
    async with keeping() as client:
        new = await added(client, wav)
        await client.delete(f"{PATH}/{new['id']}")
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize("consent", [{}, {"consent": ""}, {"consent": " \n"}])
async def test_without_consent_nothing_is_kept(keeping, wav, tmp_path, consent):
    async with keeping() as client:
        assert await error_of(await client.post(PATH, data=form(wav, **consent))) == (400, "consent_missing", "consent")
        headers = {"Content-Type": "audio/wav"}
        raw = await client.post(PATH, data=wav, params=consent, headers=headers)
        assert await error_of(raw) == (400, "consent_missing", "consent")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no sound", "unreadable_audio"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "unreadable_audio"),
        (wav_of(np.zeros(32000)), "no_speech"),
        (wav_of(np.zeros(1)), "audio_too_short"),
    ],
    ids=["text", "playlist", "silence", "a sample"],
)
async def test_what_cannot_be_used_is_refused_and_not_kept(keeping, tmp_path, data, code):
    async with keeping() as client:
        answer = await client.post(PATH, data=form(data, consent=CONSENT))
        assert await error_of(answer) == (400, code, "reference")
    assert not (tmp_path / "data").exists()


async def test_an_empty_file_and_no_file_are_refused(keeping):
    async with keeping() as client:
        assert (await error_of(await client.post(PATH, data=form(b"", consent=CONSENT))))[:2] == (400, "empty_input")
        without = await client.post(PATH, data={"consent": CONSENT}, headers={"Content-Type": "application/json"})
        assert (await error_of(without))[:2] == (415, "unsupported_media_type")


async def test_unknown_fields_and_fields_that_are_too_long_are_refused(keeping, wav):
    async with keeping() as client:
        unknown = await client.post(PATH, data=form(wav, consent=CONSENT, colour="red"))
        assert await error_of(unknown) == (400, "unknown_field", "colour")
        long = await client.post(PATH, data=form(wav, consent="x" * 2001))
        assert await error_of(long) == (400, "invalid_value", "consent")


async def test_a_file_above_the_limit_is_refused_while_it_comes(keeping, wav):
    async with keeping(references={"max_megabytes": 1}) as client:
        answer = await client.post(PATH, data=form(io.BytesIO(wav + bytes(2**20)), consent=CONSENT))
        assert (await error_of(answer))[:2] == (413, "request_entity_too_large")


async def test_a_client_that_has_enough_must_delete_one(keeping, wav):
    async with keeping(references={"client_references": 1}) as client:
        first = await added(client, wav)
        other = form(wav + b"\0\0", consent=CONSENT)
        assert (await error_of(await client.post(PATH, data=other)))[:2] == (409, "too_many_references")
        await client.delete(f"{PATH}/{first['id']}")
        assert (await client.post(PATH, data=form(wav + b"\0\0", consent=CONSENT))).status == 201


async def test_a_server_may_take_no_references(keeping, wav):
    async with keeping(references={"enabled": False}) as client:
        answer = await client.post(PATH, data=form(wav, consent=CONSENT))
        assert (await error_of(answer))[:2] == (400, "references_disabled")


async def test_settings_are_plain_fields(keeping, wav, expressions):
    async with keeping() as client:
        new = await added(client, wav)
        answer = await client.get(f"{PATH}/{new['id']}/settings", params={"speaker": "M7", "strength": "0.5"})
        settings = await answer.json()
    assert expressions == [("M7", 0.5, None)]
    assert (settings["voice"], settings["speaker"], settings["strength"]) == ("demo", "M7", 0.5)
    assert settings["settings"] == {
        "emotion": "happy", "speed": 1.2, "pitch": 2.0, "energy": 0.0, "pitch_range": 1.5, "pauses": 0.5,
    }  # fmt: skip
    assert (settings["confidence"], settings["distances"]) == (0.834, {"neutral": 2.0, "happy": 0.5})
    assert settings["ignored"][0].startswith("timbre: ")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"voice": "nobody"}, (400, "unknown_voice", "voice")),
        ({"strength": "2"}, (400, "invalid_value", "strength")),
        ({"color": "red"}, (400, "unknown_field", "color")),
    ],
)
async def test_settings_with_wrong_values_are_refused(keeping, wav, query, error):
    async with keeping() as client:
        new = await added(client, wav)
        assert await error_of(await client.get(f"{PATH}/{new['id']}/settings", params=query)) == error


@pytest.mark.parametrize("reference_id", [UNKNOWN, "x", "..%2F..%2Fetc", "%00", "x" * 5000])
async def test_ids_that_were_guessed_lead_nowhere(keeping, reference_id):
    async with keeping() as client:
        for method in ("get", "delete"):
            assert (await client.request(method, f"{PATH}/{reference_id}")).status == 404


async def test_the_log_and_the_metrics_have_no_names(keeping, wav, caplog):
    caplog.set_level(logging.DEBUG)
    async with keeping() as client:
        new = await added(client, wav, name="Zhang San", transcript="机密")
        await client.post("/v1/audio/speech", json={"input": "你好", "reference": new["id"]})
        await client.delete(f"{PATH}/{new['id']}")
        metrics = await (await client.get("/metrics")).text()
    assert 'sambert_references_total{change="added"} 1.0' in metrics
    assert 'sambert_references_total{change="deleted"} 1.0' in metrics
    assert 'sambert_reference_recordings_total{result="miss"} 1.0' in metrics
    assert 'sambert_reference_recordings_total{result="hit"} 1.0' in metrics
    for text in (metrics, caplog.text):
        for private in ("Zhang San", "机密", CONSENT):
            assert private not in text


async def test_many_at_once_are_all_answered(keeping, wav):
    async with keeping() as client:
        answers = await asyncio.gather(*(client.post(PATH, data=form(wav, consent=CONSENT)) for _ in range(8)))
        assert {answer.status for answer in answers} == {201}
        assert len((await (await client.get(PATH)).json())["data"]) == 1
