"""Full and read-only disks: new jobs are refused with the reason, running ones wait and go on, nothing is lost."""

import asyncio
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from server.errors import StoreError
from server.jobs import quota
from server.jobs.job import NewJob, PartContent
from server.jobs.runner import runner, work
from server.jobs.sqlite.sqlite_store import SqliteStore
from server.jobs.store import ClientLimits
from tests.jobs.conftest import ANYBODY, ended, submit


def mount(options: str, folder: Path) -> bool:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The storage folder of the services, on a file system of 40 MB."""
    folder = tmp_path / "data"
    folder.mkdir()
    if not mount("size=40m", folder):
        pytest.skip("a file system can be mounted only as root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(work, "_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(work, "_REPORT_SECONDS", 0.02)
    monkeypatch.setattr(work, "RENEWAL_SECONDS", 0.02)
    monkeypatch.setattr(runner, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(runner, "_RECOVERY_SECONDS", 0.02)
    monkeypatch.setattr(quota, "_MEASURE_SECONDS", 0.0)


def fill(folder: Path) -> Path:
    """Writes until there is no space."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(2**12))
    return filler


def mounted_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


async def test_a_full_disk_refuses_new_jobs_and_running_ones_wait(open_service, renderer, small_disk, caplog):
    renderer.may_compute.clear()
    async with open_service(workers=1, max_attempts=1) as service:
        job = await submit(service, "a" * 5000 + "\n" + "b" * 5000)
        await renderer.begun.wait()
        filler = fill(small_disk)
        with pytest.raises(StoreError, match=r"is full; free space") as caught:
            await submit(service, "c")
        assert caught.value.is_full
        renderer.may_compute.set()
        while "waits for the store" not in caplog.text:
            await asyncio.sleep(0.01)
        assert not (await service.get(ANYBODY, job.id)).is_final
        filler.unlink()
        done = await ended(service, job)
        assert (done.state, (await service.result(done)).read_bytes()) == ("done", b"A" * 5000 + b"\n" + b"B" * 5000)
        assert (await ended(service, await submit(service, "c"))).state == "done"


async def test_a_read_only_disk_refuses_new_jobs(open_service, small_disk):
    mounted_read_only(small_disk)
    async with open_service() as service:
        with pytest.raises(StoreError, match=r"storage\.path") as caught:
            await submit(service, "a")
        assert not caught.value.is_full
        assert not (await service.list(ANYBODY, limit=5)).jobs


def test_a_store_that_begins_on_a_full_disk_is_private_when_there_is_space(small_disk):
    filler = fill(small_disk)
    store, new = SqliteStore(small_disk / "jobs.sqlite", 3), NewJob("", {}, [PartContent("a", 1)])
    with pytest.raises(StoreError, match=r"is full; free space") as caught:
        store.create(new, ClientLimits(1, 1))
    assert caught.value.is_full
    filler.unlink()
    store.create(new, ClientLimits(1, 1))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in small_disk.glob("jobs.*")}
    assert modes == dict.fromkeys(("jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite-shm", "jobs.lock"), 0o600)
    store.close()
