"""Whose references they are: no client can see, use or delete those of another."""

from tests.http.references.conftest import PATH, added, error_of
from tests.keys import bearer, make_key


async def test_those_of_one_key_are_invisible_to_another(keeping, wav):
    (first, alice), (second, bob) = make_key("alice"), make_key("bob")
    mine, others = bearer(first), bearer(second)
    async with keeping(access={"keys": [alice, bob]}) as client:
        new = await added(client, wav, mine)
        path = f"{PATH}/{new['id']}"
        assert (await (await client.get(PATH, headers=others)).json())["data"] == []
        for method, end in (("get", ""), ("get", "/settings"), ("delete", "")):
            answer = await client.request(method, path + end, headers=others)
            assert await error_of(answer) == (404, "reference_not_found", None)
        for request in (
            client.post("/v1/audio/jobs", json={"input": "你好", "reference": new["id"]}, headers=others),
            client.post("/v1/audio/speech", json={"input": "你好", "reference": new["id"]}, headers=others),
            client.get("/v1/audio/speech", params={"input": "你好", "reference": new["id"]}, headers=others),
            client.post("/v1/audio/speech/timestamps", json={"input": "你好", "reference": new["id"]}, headers=others),
        ):
            assert await error_of(await request) == (400, "unknown_reference", "reference")
        assert [each["id"] for each in (await (await client.get(PATH, headers=mine)).json())["data"]] == [new["id"]]
        used = await client.post("/v1/audio/speech", json={"input": "你好", "reference": new["id"]}, headers=mine)
        assert used.status == 200


async def test_the_same_file_of_two_keys_is_two_references(keeping, wav):
    (first, alice), (second, bob) = make_key("alice"), make_key("bob")
    async with keeping(access={"keys": [alice, bob]}) as client:
        one = await added(client, wav, bearer(first))
        other = await added(client, wav, bearer(second))
        assert one["id"] != other["id"]
        await client.delete(f"{PATH}/{one['id']}", headers=bearer(first))
        assert (await client.get(f"{PATH}/{other['id']}", headers=bearer(second))).status == 200


async def test_without_a_key_they_are_closed_and_with_another_right_too(keeping, wav):
    secret, entry = make_key("metrics", rights=["metrics"])
    async with keeping(access={"keys": [entry]}) as client:
        assert (await error_of(await client.get(PATH)))[:2] == (401, "invalid_api_key")
        assert (await error_of(await client.get(PATH, headers=bearer(secret))))[:2] == (403, "missing_right")


async def test_settings_are_only_of_voices_that_the_key_may_use(keeping, wav):
    secret, entry = make_key("alice", voices=["second"])
    async with keeping(access={"keys": [entry]}) as client:
        new = await added(client, wav, bearer(secret))
        answer = await client.get(f"{PATH}/{new['id']}/settings", params={"voice": "demo"}, headers=bearer(secret))
        assert (await error_of(answer))[:2] == (403, "voice_not_allowed")
