"""A job like a recording: what the recording chooses is written down when the job is made."""

import pytest

from tests.http.references.conftest import HAPPY, PATH, added, error_of

JOBS = "/v1/audio/jobs"


async def ended(client, job_id: str) -> dict:
    async with client.get(f"{JOBS}/{job_id}/events") as response:
        await response.read()
    return await (await client.get(f"{JOBS}/{job_id}")).json()


async def test_a_job_has_the_emotion_of_a_recording_that_may_be_deleted_then(keeping, wav, demo, expressions):
    async with keeping() as client:
        new = await added(client, wav)
        body = {"input": "你好", "reference": new["id"], "reference_strength": 0.5, "pitch": 1.0}
        answer = await client.post(JOBS, json=body)
        assert answer.status == 202, await answer.text()
        await client.delete(f"{PATH}/{new['id']}")
        job = await ended(client, (await answer.json())["id"])
    assert job["state"] == "done", job["error"]
    assert expressions == [("F7", 0.5, None)]
    assert {request[2] for request in demo.requests} == {"happy"}
    assert {(request[3].speed, request[3].pitch) for request in demo.requests} == {(HAPPY.speed, HAPPY.pitch + 1)}


async def test_what_a_job_and_its_recording_cancel_out_is_left_out(keeping, wav, demo):
    async with keeping() as client:
        new = await added(client, wav)
        answer = await client.post(JOBS, json={"input": "你好", "reference": new["id"], "pitch": -HAPPY.pitch})
        job = await ended(client, (await answer.json())["id"])
    assert job["state"] == "done", job["error"]
    assert {(request[3].speed, request[3].pitch) for request in demo.requests} == {(HAPPY.speed, 0.0)}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"reference": "ref_" + "0" * 32}, (400, "unknown_reference", "reference")),
        ({"reference": "x", "instructions": "slowly"}, (400, "invalid_value", "reference")),
        ({"reference_strength": 0.5}, (400, "invalid_value", "reference_strength")),
        ({"reference": {"audio": "AAAA", "consent": "me"}}, (400, "invalid_value", "reference")),
        ({"reference": "x", "reference_use": ["timbre"]}, (400, "unknown_field", "reference_use")),
    ],
    ids=repr,
)
async def test_what_is_wrong_is_said(keeping, fields, error):
    async with keeping() as client:
        assert await error_of(await client.post(JOBS, json={"input": "你好", **fields})) == error
