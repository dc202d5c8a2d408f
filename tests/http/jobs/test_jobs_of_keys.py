"""Jobs with keys: each key sees and changes its own, and is charged for their characters."""

import pytest

from server.access.secret import hash_secret, new_secret
from server.http.jobs.objects import PATH
from tests.http.jobs.conftest import error_of


def make_key(name: str, **limits: object) -> tuple[dict[str, str], dict[str, object]]:
    """The header with a new key, and its entry in the configuration."""
    secret = new_secret()
    return {"Authorization": f"Bearer {secret}"}, {"name": name, "sha256": hash_secret(secret), **limits}


async def test_a_key_sees_and_changes_only_its_own_jobs(serving_jobs, renderer):
    renderer.may_compute.clear()
    alice, first = make_key("alice")
    bob, second = make_key("bob")
    async with serving_jobs(keys=(first, second)) as client:
        job_id = (await (await client.post(PATH, json={"input": "a"}, headers=alice)).json())["id"]
        for method, path in (("get", ""), ("get", "/events"), ("get", "/result"), ("delete", "")):
            response = await client.request(method, f"{PATH}/{job_id}{path}", headers=bob)
            assert (await error_of(response))[:2] == (404, "job_not_found")
        assert (await (await client.get(PATH, headers=bob)).json())["data"] == []
        listed = (await (await client.get(PATH, headers=alice)).json())["data"]
        assert [job["id"] for job in listed] == [job_id]
        assert (await (await client.get(f"{PATH}/{job_id}", headers=alice)).json())["state"] in ("queued", "running")
        key = {**bob, "Idempotency-Key": "1"}
        other = await client.post(PATH, json={"input": "a"}, headers=key)
        assert (await other.json())["id"] != job_id


@pytest.mark.parametrize("method", ["get", "post"])
async def test_without_its_key_nobody_gets_in(serving_jobs, method):
    _, entry = make_key("alice")
    async with serving_jobs(keys=(entry,)) as client:
        assert (await error_of(await client.request(method, PATH, json={})))[:2] == (401, "invalid_api_key")


async def test_a_job_counts_against_the_characters_of_the_day(serving_jobs):
    alice, entry = make_key("alice", characters_per_day=10)
    async with serving_jobs(keys=(entry,), client_jobs=100) as client:

        async def post(text: str, **headers: str):
            return await client.post(PATH, json={"input": text}, headers={**alice, **headers})

        assert (await error_of(await post("a" * 11)))[:2] == (429, "insufficient_quota")
        assert (await post("a" * 6, **{"Idempotency-Key": "1"})).status == 202
        assert (await post("a" * 6)).status == 429
        again = await post("a" * 4)
        assert again.status == 202
        assert len((await (await client.get(PATH, headers=alice)).json())["data"]) == 2


async def test_a_repeated_request_is_charged_once(serving_jobs):
    alice, entry = make_key("alice", characters_per_day=10)
    async with serving_jobs(keys=(entry,)) as client:
        headers = {**alice, "Idempotency-Key": "1"}
        first = await client.post(PATH, json={"input": "aaaaa"}, headers=headers)
        for _ in range(3):
            assert (await client.post(PATH, json={"input": "aaaaa"}, headers=headers)).status == 200
        assert first.status == 202
        assert (await client.post(PATH, json={"input": "aaaaa"}, headers=alice)).status == 202
