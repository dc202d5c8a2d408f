"""Jobs over HTTP: made from JSON, files and forms; listed, watched, fetched, deleted; invalid requests."""

import asyncio
import io
import json

import aiohttp
import pytest

from server.client import Client
from server.errors import DeviceError, SynthesisError
from server.http.jobs.objects import PATH
from server.jobs.job import Job, JobEvent
from tests.http.jobs.conftest import created, ended, error_of


async def test_a_job_is_made_computed_and_fetched(serving_jobs):
    async with serving_jobs() as client:
        response = await client.post(PATH, json={"input": "a\nbb", "name": "第一章"})
        job = await response.json()
        assert response.status == 202
        assert response.headers["Location"] == f"{PATH}/{job['id']}"
        assert (job["object"], job["state"], job["name"]) == ("audio.job", "queued", "第一章")
        assert job["progress"] == {"parts": 2, "parts_done": 0, "characters": 3, "characters_done": 0, "share": 0.0}
        done = await ended(client, job["id"])
        assert (done["state"], done["progress"]["share"], done["error"]) == ("done", 1.0, None)
        result = await client.get(done["result"]["url"])
        assert await result.read() == b"A\nBB"
        assert result.headers["Content-Type"] == "text/plain"
        assert result.headers["Content-Disposition"] == (
            "attachment; filename=\"___.txt\"; filename*=UTF-8''%E7%AC%AC%E4%B8%80%E7%AB%A0.txt"
        )
        assert (done["result"]["size"], done["result"]["seconds"]) == (4, 0.75)


async def test_a_result_has_ranges_and_an_entity_tag(serving_jobs):
    async with serving_jobs() as client:
        url = (await ended(client, await created(client, "abcdefgh")))["result"]["url"]
        whole = await client.get(url)
        tag = whole.headers["ETag"]
        assert whole.headers["Accept-Ranges"] == "bytes"
        for value, expected in (("bytes=2-4", b"CDE"), ("bytes=6-", b"GH"), ("bytes=-3", b"FGH")):
            part = await client.get(url, headers={"Range": value})
            assert (part.status, await part.read()) == (206, expected)
        assert (await client.get(url, headers={"If-None-Match": tag})).status == 304
        head = await client.head(url)
        assert (head.status, head.headers["Content-Length"]) == (200, "8")
        for value in ("bytes=8-9", "bytes=x", "bytes=5-2"):
            response = await client.get(url, headers={"Range": value})
            assert await error_of(response) == (416, "range_not_satisfiable", None), value
            assert response.headers["Content-Range"] == "bytes */8"


async def test_a_job_without_a_result_says_why(serving_jobs, renderer, tmp_path):
    renderer.errors = {"bad": [SynthesisError("NaN")] * 3}
    async with serving_jobs() as client:
        failed = await ended(client, await created(client, "bad"))
        response = await client.get(f"{PATH}/{failed['id']}/result")
        assert (response.status, (await response.json())["error"]["message"]) == (
            409, f"{failed['id']} has no result, it is failed: part 1 of 1: NaN",
        )  # fmt: skip
        renderer.may_compute.clear()
        running = await created(client, "a")
        assert await error_of(await client.get(f"{PATH}/{running}/result")) == (409, "job_has_no_result", None)
        renderer.may_compute.set()
        await ended(client, running)
        (tmp_path / "data" / "jobs" / running / "result").unlink()
        assert await error_of(await client.get(f"{PATH}/{running}/result")) == (410, "result_expired", None)


async def test_jobs_are_listed_in_pages(serving_jobs):
    async with serving_jobs() as client:
        ids = [await created(client, text) for text in "abc"]
        for job_id in ids:
            await ended(client, job_id)
        page = await (await client.get(PATH, params={"limit": 2})).json()
        assert ([job["id"] for job in page["data"]], page["has_more"]) == ([ids[2], ids[1]], True)
        page = await (await client.get(PATH, params={"limit": 2, "after": ids[1]})).json()
        assert ([job["id"] for job in page["data"]], page["has_more"]) == ([ids[0]], False)
        page = await (await client.get(PATH, params={"state": "failed"})).json()
        assert page == {"object": "list", "data": [], "has_more": False}


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"state": "lost"}, {"sort": "up"}])
async def test_an_invalid_page_is_refused(serving_jobs, query):
    async with serving_jobs() as client:
        status, _, param = await error_of(await client.get(PATH, params=query))
        assert (status, param) == (400, next(iter(query)))


async def test_delete_stops_a_job_then_forgets_it(serving_jobs, renderer):
    renderer.may_compute.clear()
    async with serving_jobs() as client:
        job_id = await created(client, "a")
        await renderer.begun.wait()
        answer = await (await client.delete(f"{PATH}/{job_id}")).json()
        assert answer == {"id": job_id, "object": "audio.job.deleted", "deleted": False, "state": "cancelled"}
        assert renderer.cancelled.is_set()
        answer = await (await client.delete(f"{PATH}/{job_id}")).json()
        assert (answer["deleted"], answer["state"]) == (True, "cancelled")
        assert await error_of(await client.delete(f"{PATH}/{job_id}")) == (404, "job_not_found", None)


@pytest.mark.parametrize("job_id", ["job_1", "..%2f..%2fetc", "%00", "job_" + "g" * 32, "job_" + "0" * 32])
@pytest.mark.parametrize("what", ["", "/events", "/result"])
async def test_an_unknown_id_is_not_found(serving_jobs, job_id, what):
    async with serving_jobs() as client:
        assert await error_of(await client.get(f"{PATH}/{job_id}{what}")) == (404, "job_not_found", None)


def parsed(text: str) -> list[dict]:
    """The events of a stream, without comments."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith((":", "retry:"))]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


async def until_running(response: aiohttp.ClientResponse) -> str:
    """The beginning of a stream of events, up to the one that says that the job runs, or a little more."""
    text = ""
    while "event: job.running" not in text:
        text += (await response.content.readany()).decode()
    return text


async def test_events_are_sent_as_they_happen_and_resumed(serving_jobs, renderer):
    renderer.may_compute.clear()
    async with serving_jobs() as client:
        job_id = await created(client, "a\nbb")
        async with client.get(f"{PATH}/{job_id}/events") as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            text = await until_running(response)
            renderer.may_compute.set()
            events = parsed(text + (await response.read()).decode())
        types = [event["event"] for event in events]
        assert (types[:2], types[-1]) == (["job.queued", "job.running"], "job.done")
        assert [int(event["id"]) for event in events] == sorted({int(event["id"]) for event in events})
        data = json.loads(events[-1]["data"])
        assert (data["type"], data["job"]["state"], data["progress"]["share"]) == ("job.done", "done", 1.0)
        again = await client.get(f"{PATH}/{job_id}/events", headers={"Last-Event-ID": events[1]["id"]})
        assert [event["event"] for event in parsed(await again.text())] == ["job.progress", "job.done"]
        finished = await client.get(f"{PATH}/{job_id}/events", headers={"Last-Event-ID": events[-1]["id"]})
        assert finished.status == 204
        wrong = await client.get(f"{PATH}/{job_id}/events", headers={"Last-Event-ID": "x"})
        assert await error_of(wrong) == (400, "invalid_value", "Last-Event-ID")


@pytest.mark.parametrize("look", ["events", "get"])
async def test_a_job_that_ends_between_two_looks_at_the_store_has_ended_in_its_last_event(
    serving_jobs, renderer, monkeypatch, look
):
    renderer.may_compute.clear()
    async with serving_jobs() as client:
        job_id = await created(client, "a")
        async with client.get(f"{PATH}/{job_id}/events") as response:
            text = await until_running(response)
            store = client.service._store
            found = getattr(store, look)
            monkeypatch.setattr(store, look, lambda *arguments: store.cancel(job_id) and found(*arguments))
            text += (await response.read()).decode()
        last = parsed(text)[-1]
        assert (last["event"], json.loads(last["data"])["job"]["state"]) == ("job.cancelled", "cancelled")


async def test_the_events_of_a_job_that_is_deleted_end(serving_jobs, renderer):
    renderer.may_compute.clear()
    async with serving_jobs() as client:
        job_id = await created(client, "a")
        async with client.get(f"{PATH}/{job_id}/events") as response:
            await renderer.begun.wait()
            await client.delete(f"{PATH}/{job_id}")
            assert parsed(await response.text())[-1]["event"] == "job.cancelled"


async def test_events_end_when_the_server_stops(serving_jobs, renderer):
    renderer.may_compute.clear()
    async with serving_jobs() as client:
        job_id = await created(client, "a")
        async with client.get(f"{PATH}/{job_id}/events") as response:
            text = await until_running(response)
            await client.service.close()
            text += await response.text()
            assert [event["event"] for event in parsed(text)] == ["job.queued", "job.running"]


async def test_a_client_that_does_not_read_its_events_is_cut_off(serving_jobs, renderer, monkeypatch, caplog):
    renderer.may_compute.clear()
    async with serving_jobs(stall_limit=0.2) as client:
        job_id = await created(client, "a")
        job = await client.service.get(Client(), job_id)

        async def many_events(job_id: str, after: int) -> tuple[list[JobEvent], Job]:
            return [JobEvent(after + number, "job.progress", 0.0, job.progress) for number in range(1, 1001)], job

        monkeypatch.setattr(client.service, "events_after", many_events)
        monkeypatch.setattr(client.service, "wait_for_change", lambda seconds: asyncio.sleep(0))
        _, writer = await asyncio.open_connection(client.host, client.port, limit=1)
        writer.write(f"GET {PATH}/{job_id}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while "were cut off: the client did not read for 0.2 seconds" not in caplog.text:
            await asyncio.sleep(0.01)
        writer.close()


@pytest.mark.parametrize(
    ("media_type", "query", "kind"),
    [
        ("text/plain", {}, "text"),
        ("text/plain; charset=utf-8", {"kind": "lines"}, "lines"),
        ("application/x-subrip", {}, "srt"),
        ("application/jsonl", {}, "jsonl"),
        ("application/ssml+xml", {"speed": "1.5"}, "ssml"),
    ],
)
async def test_a_file_is_uploaded_with_its_fields_in_the_query(serving_jobs, renderer, media_type, query, kind):
    seen = []
    split = renderer.split
    renderer.split = lambda client, request, data: seen.append((request, data)) or split(client, request, data)
    async with serving_jobs() as client:
        response = await client.post(PATH, data="你好\n".encode(), headers={"Content-Type": media_type}, params=query)
        assert response.status == 202, await response.text()
        await ended(client, (await response.json())["id"])
    request, data = seen[0]
    assert (request.kind, request.speed, data) == (kind, float(query.get("speed", 1)), "你好\n".encode())


async def test_a_file_is_uploaded_in_a_form(serving_jobs, renderer):
    seen = []
    split = renderer.split
    renderer.split = lambda client, request, data: seen.append((request, data)) or split(client, request, data)
    async with serving_jobs() as client:
        form = aiohttp.FormData({"voice": "demo", "speed": "1.5", "lexicon": '{"重": "chong2"}', "name": "1"})
        form.add_field("file", b"a\nb", filename="book.SRT", content_type="application/octet-stream")
        response = await client.post(PATH, data=form)
        assert response.status == 202, await response.text()
        await ended(client, (await response.json())["id"])
    request, data = seen[0]
    assert (request.voice, request.speed, request.lexicon, request.name) == ("demo", 1.5, {"重": "chong2"}, "1")
    assert (request.kind, data) == ("srt", b"a\nb")


async def test_lines_are_sent_as_a_list(serving_jobs):
    async with serving_jobs() as client:
        response = await client.post(PATH, json={"lines": ["a", "bb", "c"]})
        assert (await response.json())["progress"]["parts"] == 3


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_field", "input"),
        ({"input": "a", "lines": ["b"]}, "missing_field", "input"),
        ({"lines": []}, "invalid_value", "lines"),
        ({"lines": ["a"], "kind": "srt"}, "invalid_value", "kind"),
        ({"input": "a", "kind": "pdf"}, "invalid_value", "kind"),
        ({"input": "a", "speed": 9}, "invalid_value", "speed"),
        ({"input": "a", "colour": "red"}, "unknown_field", "colour"),
        ({"input": "a", "webhook": "https://example.com/"}, "invalid_value", "webhook"),
        ({"input": "a\0"}, "invalid_input", "input"),
        ({"input": "a", "name": "x" * 201}, "invalid_value", "name"),
        ({"input": "a", "name": "x\r\nSet-Cookie: y"}, "invalid_value", "name"),
    ],
)
async def test_an_invalid_request_names_its_field(serving_jobs, body, code, param):
    async with serving_jobs() as client:
        assert await error_of(await client.post(PATH, json=body)) == (400, code, param)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"input": "\\ud800"}', b'{"input":' * 50_000]
)
async def test_what_is_no_json_is_refused(serving_jobs, body):
    async with serving_jobs() as client:
        response = await client.post(PATH, data=body, headers={"Content-Type": "application/json"})
        assert (await error_of(response))[:2] == (400, "invalid_json")


async def test_a_body_above_the_limit_is_refused_while_it_comes(serving_jobs):
    async with serving_jobs(max_characters=10) as client:
        for media_type in ("application/json", "text/plain"):
            response = await client.post(PATH, data=io.BytesIO(b"x" * 1_200_000), headers={"Content-Type": media_type})
            assert (await error_of(response))[:2] == (413, "request_entity_too_large")
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(b"x" * 1_200_000), filename="book.txt")
        assert (await error_of(await client.post(PATH, data=form)))[:2] == (413, "request_entity_too_large")


async def test_invalid_forms_are_refused(serving_jobs):
    async with serving_jobs() as client:
        form = aiohttp.FormData({"voice": "demo"})
        form.add_field("note", b"x", content_type="text/plain", filename="x")
        assert await error_of(await client.post(PATH, data=form)) == (400, "missing_field", "file")
        form = aiohttp.FormData()
        for _ in range(2):
            form.add_field("file", b"x", filename="x.txt")
        assert await error_of(await client.post(PATH, data=form)) == (400, "invalid_value", "file")
        not_utf8 = b'--x\r\nContent-Disposition: form-data; name="voice"\r\n\r\n\xff\r\n--x--\r\n'
        with_boundary = "multipart/form-data; boundary=x"
        for content_type, body in (
            ("multipart/form-data", b"x"),
            (with_boundary, b"--y\r\n\r\n"),
            (with_boundary, b""),
            (with_boundary, not_utf8),
            (with_boundary, b"--x\r\nno header\r\n\r\n--x--\r\n"),
        ):
            response = await client.post(PATH, data=body, headers={"Content-Type": content_type})
            assert response.status == 400, body


async def test_other_media_types_are_refused(serving_jobs):
    async with serving_jobs() as client:
        response = await client.post(PATH, data=b"%PDF", headers={"Content-Type": "application/pdf"})
        assert (await error_of(response))[:2] == (415, "unsupported_media_type")


async def test_an_idempotency_key_repeats_the_answer(serving_jobs):
    async with serving_jobs() as client:
        headers = {"Idempotency-Key": "order-1"}
        first = await client.post(PATH, json={"input": "a"}, headers=headers)
        second = await client.post(PATH, json={"input": "a"}, headers=headers)
        assert (first.status, second.status) == (202, 200)
        assert (await first.json())["id"] == (await second.json())["id"]
        other = await client.post(PATH, json={"input": "b"}, headers=headers)
        assert await error_of(other) == (409, "idempotency_key_reused", None)
        wrong = await client.post(PATH, json={"input": "b"}, headers={"Idempotency-Key": "a b"})
        assert await error_of(wrong) == (400, "invalid_value", "Idempotency-Key")


async def test_too_many_jobs_are_refused_until_one_ends(serving_jobs, renderer):
    renderer.may_compute.clear()
    async with serving_jobs(client_jobs=1) as client:
        job_id = await created(client, "a")
        response = await client.post(PATH, json={"input": "b"})
        assert await error_of(response) == (429, "too_many_jobs", None)
        assert int(response.headers["Retry-After"]) > 0
        renderer.may_compute.set()
        await ended(client, job_id)
        await created(client, "b")


async def test_a_store_that_cannot_write_is_reported(serving_jobs, tmp_path):
    (tmp_path / "data" / "jobs.sqlite").mkdir(parents=True)
    async with serving_jobs() as client:
        response = await client.post(PATH, json={"input": "a"})
        assert (await error_of(response))[:2] == (503, "storage_unavailable")
        assert response.headers["Retry-After"]


async def test_a_job_that_waits_says_why_over_http(serving_jobs, renderer):
    renderer.errors = {"a": [DeviceError("the GPU is gone")]}
    async with serving_jobs() as client:
        job_id = await created(client, "a")
        while (job := await (await client.get(f"{PATH}/{job_id}")).json())["waiting"] is None:
            await asyncio.sleep(0.01)
        assert job["waiting"] == "the GPU is gone"
