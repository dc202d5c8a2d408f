"""Jobs in one process: computed, interrupted, resumed, cancelled, refused, expired."""

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from server.client import Client
from server.config import Config
from server.errors import (
    BusyError,
    DeviceError,
    JobConflictError,
    JobLimitError,
    RequestError,
    StoreError,
    SynthesisError,
)
from server.jobs import housekeeping, quota
from server.jobs.request import JobRequest
from server.jobs.runner import runner, work
from tests.jobs.conftest import ANYBODY, ended, submit


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(work, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(work, "_REPORT_SECONDS", 0.01)
    monkeypatch.setattr(work, "RENEWAL_SECONDS", 0.01)
    monkeypatch.setattr(runner, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(runner, "_RECOVERY_SECONDS", 0.02)
    monkeypatch.setattr(quota, "_MEASURE_SECONDS", 0.0)


def files_of(folder):
    """Folders may be deleted meanwhile."""
    return sorted(str(Path(path, name).relative_to(folder)) for path, _, names in os.walk(folder) for name in names)


async def begins(renderer, line):
    """Waits until a line is computed."""
    while line not in renderer.order:
        await asyncio.sleep(0.01)


async def test_nothing_is_written_before_the_first_job(open_service, tmp_path):
    async with open_service() as service:
        assert await service.get(ANYBODY, "job_" + "0" * 32) is None
        assert not (await service.list(ANYBODY, limit=5)).jobs
        assert service.report().jobs == {}
    assert not list(tmp_path.iterdir())


async def test_a_job_is_computed_part_by_part_and_joined(open_service, renderer, tmp_path):
    async with open_service() as service:
        job = await submit(service, "a\nbb\nccc", name="Buch")
        assert (job.state, job.progress.parts, job.progress.characters) == ("queued", 3, 6)
        done = await ended(service, job)
        assert (done.state, done.progress.parts_done, done.progress.characters_done) == ("done", 3, 6)
        assert done.result
        assert (done.result.name, done.result.seconds) == ("Buch.txt", 1.5)
        assert (await service.result(done)).read_bytes() == b"A\nBB\nCCC"
        assert renderer.computed == {"a": 1, "bb": 1, "ccc": 1, "joined": 1}
        assert 0 < done.created <= done.started <= done.ended
        while files_of(tmp_path / "data" / "jobs") != [f"{job.id}/result"]:  # the files of the parts are deleted
            await asyncio.sleep(0.01)


async def test_a_restart_goes_on_with_the_part_in_progress(open_service, renderer):
    renderer.held = {"bb": asyncio.Event()}
    async with open_service(workers=1) as service:
        job = await submit(service, "a\nbb\nccc")
        await begins(renderer, "bb")
    assert renderer.cancelled.is_set()
    assert renderer.computed == {"a": 1}
    renderer.held = {}
    async with open_service(workers=1) as service:
        done = await ended(service, job)
    assert done.state == "done"
    assert renderer.computed == {"a": 1, "bb": 1, "ccc": 1, "joined": 1}
    assert done.attempts == 4, "the end of the server was no attempt"


async def test_a_part_is_tried_again_then_its_job_fails_with_the_reason(open_service, renderer, tmp_path):
    renderer.errors = {"bad": [SynthesisError("NaN"), SynthesisError("NaN again")]}
    async with open_service(max_attempts=3) as service:
        assert (await ended(service, await submit(service, "a\nbad"))).state == "done"
        renderer.errors = {"worse": [SynthesisError("NaN")] * 3}
        failed = await ended(service, await submit(service, "a\nworse"))
        assert (failed.state, failed.error) == ("failed", "part 2 of 2: NaN")
        assert renderer.order.count("worse") == 3
        while (tmp_path / "data" / "jobs" / failed.id).exists():
            await asyncio.sleep(0.01)


async def test_what_another_attempt_cannot_mend_fails_at_once(open_service, renderer):
    renderer.errors = {"bad": [RequestError("unknown phone", code="unknown_phone")]}
    async with open_service() as service:
        failed = await ended(service, await submit(service, "bad"))
    assert (failed.state, failed.error) == ("failed", "part 1 of 1: unknown phone")
    assert renderer.order == ["bad"]


@pytest.mark.parametrize(
    "error", [DeviceError("no device"), BusyError("full", retry_after=1), OSError(errno.ENOSPC, "x")]
)
async def test_what_is_no_fault_of_the_part_is_no_attempt(open_service, renderer, error):
    renderer.errors = {"a": [error] * 5}
    async with open_service(max_attempts=1) as service:
        done = await ended(service, await submit(service, "a"))
    assert (done.state, done.attempts) == ("done", 2)
    assert renderer.order == ["a"] * 6


async def test_the_other_parts_of_a_job_that_failed_stop(open_service, renderer, monkeypatch):
    monkeypatch.setattr(work.Work, "_renew", lambda self, computing: asyncio.Event().wait())
    renderer.errors = {"bad": [RequestError("unknown phone")]}
    renderer.held = {"long": asyncio.Event()}
    renderer.may_compute.clear()
    async with open_service(workers=2) as service:
        job = await submit(service, "long\nbad")
        await begins(renderer, "long")
        renderer.may_compute.set()
        await ended(service, job)
        await renderer.cancelled.wait()


async def test_a_job_that_waits_says_why(open_service, renderer, monkeypatch):
    monkeypatch.setattr(work, "_PAUSE_SECONDS", 1000.0)
    renderer.errors = {"a": [OSError(errno.ENOSPC, "x")]}
    async with open_service() as service:
        job = await submit(service, "a")
        while not (found := await service.get(ANYBODY, job.id)).waiting:
            await service.wait_for_change(0.01)
    assert found.waiting == "files cannot be written: the disk is full"
    assert found.state == "running"


async def test_an_unexpected_error_is_logged_and_its_details_are_not_shown(open_service, renderer, caplog):
    renderer.errors = {"a": [KeyError("secret")] * 3}
    async with open_service() as service:
        failed = await ended(service, await submit(service, "a"))
    assert failed.error == "part 1 of 1: an internal error occurred; the log of the server has the details"
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert any(isinstance(error, KeyError) for error in logged)


async def test_cancelling_stops_the_computing_and_deletes_the_files(open_service, renderer, tmp_path):
    renderer.may_compute.clear()
    async with open_service(workers=1) as service:
        job = await submit(service, "a\nbb")
        await renderer.begun.wait()
        cancelled = await service.cancel(await service.get(ANYBODY, job.id))
        assert cancelled.state == "cancelled"
        assert renderer.cancelled.is_set(), "the computing has ended when the job is cancelled"
        assert not files_of(tmp_path / "data" / "jobs")
        assert await service.cancel(cancelled) is None
        assert await service.get(ANYBODY, job.id) is None
    assert not renderer.computed


async def test_a_job_that_another_process_cancelled_stops(open_service, renderer):
    renderer.may_compute.clear()
    async with open_service() as service, open_service() as other:
        job = await submit(service, "a")
        await renderer.begun.wait()
        await other.cancel(await other.get(ANYBODY, job.id))
        await renderer.cancelled.wait()


async def test_clients_take_turns(open_service, renderer):
    first, second = Client(name="first"), Client(name="second")
    renderer.may_compute.clear()
    async with open_service(workers=1) as service:
        jobs = [
            await submit(service, "a1\na2\na3", first),
            await submit(service, "a4", first),
            await submit(service, "b1\nb2", second),
        ]
        renderer.may_compute.set()
        for job in jobs:
            await ended(service, job)
    assert [text for text in renderer.order if text.startswith("b")] == ["b1", "b2"]
    assert renderer.order.index("b2") < renderer.order.index("a3"), "100 jobs of one do not delay those of another"


async def test_a_client_sees_only_its_own_jobs(open_service):
    first, second = Client(name="first"), Client(name="second")
    async with open_service() as service:
        job = await submit(service, "a", first)
        assert await service.get(first, job.id)
        assert await service.get(second, job.id) is None
        assert [found.id for found in (await service.list(first, limit=5)).jobs] == [job.id]
        assert not (await service.list(second, limit=5)).jobs
        await ended(service, job)


async def test_a_client_may_not_have_too_many_unfinished_jobs(open_service, renderer):
    renderer.may_compute.clear()
    async with open_service(client_jobs=2, client_characters=10) as service:
        first = await submit(service, "a" * 12)  # one job may be longer
        with pytest.raises(JobLimitError, match=r"12 characters, and with this one 13"):
            await submit(service, "b")
        await submit(service, "c", Client(name="other"))
        await service.cancel(first)
        await submit(service, "d")
        await submit(service, "e")
        with pytest.raises(JobLimitError, match="2 jobs are not finished"):
            await submit(service, "f")
        service.reconfigure(Config.model_validate({"jobs": {"client_jobs": 3}}))
        await submit(service, "f")
        service.reconfigure(Config.model_validate({"jobs": {"client_jobs": 0}}))
        with pytest.raises(JobLimitError, match="takes no jobs"):
            await submit(service, "g")


async def test_an_idempotency_key_names_one_job(open_service, renderer):
    async with open_service() as service:
        job = await submit(service, "a", key="k")
        assert (await submit(service, "a", key="k")).id == job.id
        assert (await submit(service, "a", Client(name="other"), key="k")).id != job.id
        with pytest.raises(JobConflictError, match=job.id):
            await submit(service, "b", key="k")
        await ended(service, job)
    async with open_service() as service:
        assert (await submit(service, "a", key="k")).state == "done"


async def test_an_idempotency_key_of_other_lines_is_a_conflict(open_service, renderer):
    """Their texts are equal, put together."""
    async with open_service() as service:
        for lines in ("ab\nc", "a\nbc"):
            request = JobRequest.model_validate({"kind": "lines"})
            parts = await service.split(ANYBODY, request, lines.encode())
            creating = service.create(ANYBODY, request, parts, "k")
            if lines == "ab\nc":
                await creating
            else:
                with pytest.raises(JobConflictError):
                    await creating


async def test_a_store_that_hangs_holds_no_thread_of_live_requests(open_service, renderer):
    async with open_service() as service:
        job = await submit(service, "a")
        goes_on = threading.Event()
        get = service._store.get
        service._store.get = lambda job_id: goes_on.wait() and get(job_id)
        waiting = [asyncio.create_task(service.get(ANYBODY, job.id)) for _ in range(50)]
        await asyncio.sleep(0)
        assert await asyncio.to_thread(lambda: "a live request") == "a live request"
        goes_on.set()
        assert {found.id for found in await asyncio.gather(*waiting)} == {job.id}


async def test_a_result_expires_and_its_job_is_forgotten(open_service, tmp_path, monkeypatch):
    async with open_service() as service:
        job = await ended(service, await submit(service, "a"))
        clock = [job.ended + 1000.0]
        monkeypatch.setattr(housekeeping.time, "time", lambda: clock[0])
        (tmp_path / "data" / "jobs" / job.id / "left").write_bytes(b"by a server that was killed")
        housekeeping.clean(service._store, service._files, 1001.0)
        assert files_of(tmp_path / "data" / "jobs") == [f"{job.id}/result"]
        assert housekeeping.clean(service._store, service._files, 999.0)
        assert (await service.get(ANYBODY, job.id)).state == "expired"
        assert not (tmp_path / "data" / "jobs" / job.id).exists()
        assert not housekeeping.clean(service._store, service._files, 999.0)
        clock[0] += 1000.0
        housekeeping.clean(service._store, service._files, 999.0)
        assert await service.get(ANYBODY, job.id) is None


async def test_folders_of_unknown_jobs_are_deleted_and_nothing_else(open_service, tmp_path):
    root = tmp_path / "data" / "jobs"
    for name in ("job_" + "0" * 32, "notes"):
        (root / name).mkdir(parents=True)
    async with open_service() as service:
        housekeeping.clean(service._store, service._files, 999.0)
    assert [path.name for path in root.iterdir()] == ["notes"]


async def test_above_the_quota_new_jobs_are_refused_and_others_wait(open_service, renderer, tmp_path):
    async with open_service(quota_mb=1) as service:
        job = await ended(service, await submit(service, "a"))
        renderer.may_compute.clear()
        waiting = await submit(service, "b")
        await begins(renderer, "b")
        (tmp_path / "data" / "jobs" / job.id / "result").write_bytes(bytes(1_100_000))  # what nothing deletes
        with pytest.raises(StoreError, match=r"use 1 MB, the quota is 1 MB") as caught:
            await submit(service, "c")
        assert caught.value.is_full
        renderer.errors = {"b": [DeviceError("once more")]}
        renderer.may_compute.set()
        while not (found := await service.get(ANYBODY, waiting.id)).waiting.startswith("the files of jobs use"):
            await service.wait_for_change(0.01)
        assert found.state == "running"
        await service.cancel(job)
        assert (await ended(service, waiting)).state == "done"


async def test_the_expected_end_follows_from_the_parts_so_far(open_service, renderer):
    renderer.may_compute.clear()
    renderer.held = {"bb": asyncio.Event()}
    async with open_service(workers=1) as service:
        job = await submit(service, "a\nbb\ncc")
        assert await service.expected_end(job) is None
        renderer.may_compute.set()
        await begins(renderer, "bb")
        found = await service.get(ANYBODY, job.id)
        assert await service.expected_end(found) > found.created
        renderer.held["bb"].set()
        assert await service.expected_end(await ended(service, job)) is None


async def test_events_have_rising_numbers_and_only_the_last_progress(open_service, renderer):
    async with open_service(workers=1) as service:
        job = await ended(service, await submit(service, "a\nbb\ncc"))
        events, _ = await service.events_after(job.id, 0)
        assert [event.type for event in events] == ["job.queued", "job.running", "job.progress", "job.done"]
        assert [event.number for event in events] == sorted({event.number for event in events})
        later, _ = await service.events_after(job.id, events[1].number)
        assert later == events[2:]


async def test_the_characters_of_a_part_in_progress_count(open_service, renderer):
    renderer.noted = 2
    renderer.may_compute.clear()
    async with open_service() as service:
        job = await submit(service, "abcd")
        while not (found := await service.get(ANYBODY, job.id)).progress.characters_done:
            await asyncio.sleep(0.01)
        assert (found.progress.characters_done, found.progress.share) == (2, 0.5)


async def test_the_report_counts_jobs_parts_and_characters(open_service, renderer):
    renderer.may_compute.clear()
    async with open_service(workers=1) as service:
        job = await submit(service, "a\nbb\nccc")
        await renderer.begun.wait()
        report = service.report()
        assert (report.jobs, report.parts_waiting, report.parts_running) == ({"running": 1}, 2, 1)
        assert report.characters_waiting == 6
        waiting = await submit(service, "d")
        assert service.report().oldest_waiting_seconds >= 0
        renderer.may_compute.set()
        await ended(service, job)
        await ended(service, waiting)
        assert service.report().jobs == {"done": 2}
