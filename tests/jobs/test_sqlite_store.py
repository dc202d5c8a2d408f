"""The store in SQLite: killed processes, the clock, other versions of the file, damaged and full disks."""

import fcntl
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from server.errors import StoreError
from server.jobs.job import PartResult
from server.jobs.sqlite import database, schema
from server.jobs.sqlite.sqlite_store import SqliteStore
from tests.jobs.example_jobs import LIMITS, RESULT, new_job


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "jobs.sqlite"


@pytest.fixture
def open_store(path):
    opened = []

    def store(max_attempts: int = 3) -> SqliteStore:
        opened.append(SqliteStore(path, max_attempts))
        return opened[-1]

    yield store
    for each in opened:
        each.close()


def test_the_parts_of_a_job_that_ended_are_forgotten(open_store, path):
    store = open_store()
    job, _ = store.create(new_job("私密的文字" * 5000), LIMITS)
    store.cancel(job.id)
    store.close()
    assert "私密".encode() not in b"".join(file.read_bytes() for file in path.parent.glob("jobs.sqlite"))


def test_a_part_that_kills_its_process_fails_the_job(open_store):
    creator = open_store(max_attempts=2)
    job, _ = creator.create(new_job("a", "b"), LIMITS)
    creator.close()
    for _ in range(2):
        store = open_store(max_attempts=2)
        assert store.claim(60).part.index == 0
        store.close()  # as when its process is killed: nothing is reported
    store = open_store(max_attempts=2)
    assert store.claim(60) is None
    assert store.get(job.id).error == "part 1 of 2 ended the process that computed it 2 times"


def test_a_new_file_that_another_process_prepares_is_waited_for(path, monkeypatch):
    path.parent.mkdir()
    other, connection = (sqlite3.connect(path, timeout=0, isolation_level=None) for _ in range(2))
    other.execute("CREATE TABLE x (y)")
    other.execute("BEGIN")
    other.execute("SELECT * FROM x")
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        other.close()

    monkeypatch.setattr(schema, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    schema.prepare(connection, str(path))
    assert len(waited) == 1
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


_KILLED = """
import os, signal, sys
from pathlib import Path
from server.jobs.sqlite.sqlite_store import SqliteStore
store = SqliteStore(Path(sys.argv[1]), 3)
assert store.claim(1000.0).part.index == 0
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_lease_of_a_killed_process_is_given_back_at_once(open_store, path):
    store = open_store()
    store.create(new_job("a", "b"), LIMITS)
    store.close()
    ran = subprocess.run([sys.executable, "-c", _KILLED, str(path)], capture_output=True)
    assert ran.returncode < 0, ran.stderr.decode()
    lease = open_store().claim(60)
    assert (lease.part.index, lease.attempt) == (0, 2)


def test_the_leases_of_a_running_process_are_kept(open_store):
    running = open_store()
    running.create(new_job("a", "b"), LIMITS)
    running.claim(60)
    assert open_store().claim(60).part.index == 1


def test_what_is_claimed_while_another_process_recovers_is_kept(open_store, monkeypatch):
    creator, recovering, claiming = open_store(), open_store(), open_store()
    job, _ = creator.create(new_job("a"), LIMITS)
    creator.close()
    leases = []
    thread = threading.Thread(target=lambda: leases.append(claiming.claim(60)))

    def lock(file: int, operation: int) -> None:
        fcntl.flock(file, operation)  # only one gets it
        thread.start()
        thread.join(0.3)  # it should wait longer

    names = SimpleNamespace(flock=lock, LOCK_EX=fcntl.LOCK_EX, LOCK_NB=fcntl.LOCK_NB)
    monkeypatch.setattr(database, "fcntl", names)
    assert recovering.get(job.id)
    thread.join()
    assert recovering.renew(leases[0], 60)


def test_a_clock_that_jumps_loses_nothing(open_store, clock):
    store = open_store()
    job, _ = store.create(new_job("a"), LIMITS)
    first = store.claim(60)
    for jump in (10**8, -(10**8), 0):
        clock.set_by = jump
        assert store.claim(60) is None, "the part is being computed"
        assert store.renew(first, 60)
    assert store.complete_part(first, PartResult(1))
    assert store.complete_job(store.claim(60), RESULT)
    assert store.get(job.id).state == "done"


def test_nothing_waits_for_a_time_before_the_clock_was_set_back(open_store, clock):
    store = open_store()
    store.create(new_job("a", webhook="https://example.com/"), LIMITS)
    store.release(store.claim(60), "the disk is full", seconds=20)
    clock.set_by -= 10**5
    lease = store.claim(60)
    assert lease.part.index == 0
    store.cancel(lease.job.id)
    store.retry_delivery(store.claim_delivery(60), 60)
    clock.set_by -= 10**5
    assert store.claim_delivery(60)


def test_a_lease_of_a_machine_that_restarted_is_over(open_store, clock):
    store = open_store()
    store.create(new_job("a"), LIMITS)
    store.claim(60)
    clock.now = 5.0
    assert store.claim(60).part.index == 0


def test_only_its_user_may_read_the_files(open_store, path):
    umask = os.umask(0)
    try:
        open_store().create(new_job("a"), LIMITS)
    finally:
        os.umask(umask)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite-shm", "jobs.lock"), 0o600)


def test_a_file_of_another_version_is_left_alone(open_store, path):
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="another version of this program"):
        open_store().create(new_job("a"), LIMITS)


def test_a_damaged_file_is_reported_with_the_remedy(open_store, path):
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="is damaged; move it away"):
        open_store().get("job_1")


def test_a_folder_that_cannot_be_made_is_reported(open_store, path):
    path.parent.write_text("a file in its place")
    with pytest.raises(StoreError, match="jobs cannot be kept in"):
        open_store().create(new_job("a"), LIMITS)


def test_a_full_disk_is_reported_and_nothing_is_lost(open_store, path):
    store = open_store()
    job, _ = store.create(new_job("a"), LIMITS)
    with store._database.transaction() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"the disk of .* is full; free space") as caught:
        store.create(new_job("x" * 100_000), LIMITS)
    assert caught.value.is_full
    assert [each.id for each in store.list(None, limit=9).jobs] == [job.id]
    store.create(new_job("x" * 100_000), LIMITS)  # the file is opened anew: there is space again


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_a_read_only_folder_is_reported(open_store, path):
    path.parent.mkdir(mode=0o555)
    with pytest.raises(StoreError, match=r"storage\.path"):
        open_store().create(new_job("a"), LIMITS)
