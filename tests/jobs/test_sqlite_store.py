"""The store in SQLite: leases, attempts, killed processes, other versions of the file, damaged and full disks."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule, run_state_machine_as_test

from server.errors import StoreError
from server.jobs.job import JobResult, NewJob, PartContent, PartResult, Slot
from server.jobs.sqlite import changes, sqlite_store
from server.jobs.sqlite.sqlite_store import SqliteStore
from server.jobs.store import ClientLimits

LIMITS = ClientLimits(jobs=1000, characters=10**9)
RESULT = JobResult("speech.mp3", "audio/mpeg", 3, "digest", 1.5, ("slow",))


def new_job(*texts: str, client: str = "", webhook: str = "") -> NewJob:
    return NewJob(client, {"voice": "demo"}, [PartContent(text, len(text)) for text in texts], webhook=webhook)


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


@pytest.fixture
def clock(monkeypatch):
    """The time of the store, which a test can move."""

    class Clock:
        now = 1_000_000.0
        set_by = 0.0
        """What the time of the day was set forward by, besides."""

        def time(self) -> float:
            return self.now + self.set_by

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(changes, "time", clock)
    monkeypatch.setattr(sqlite_store, "time", clock)
    return clock


def test_all_of_a_job_is_kept(open_store):
    part = PartContent("你好", 2, {"speed": 1.5}, "001", Slot(0.5, 2.0), {"line": 3})
    new = NewJob("key", {"voice": "demo"}, [part], "书", "https://example.com/", "idem", "digest")
    job, is_new = open_store().create(new, LIMITS)
    assert is_new
    store = open_store()
    assert store.get(job.id) == job
    assert (job.client, job.name, job.request, job.webhook) == ("key", "书", {"voice": "demo"}, "https://example.com/")
    assert [each.content for each in store.parts(job.id)] == [part]
    lease = store.claim(60)
    result = PartResult(1.5, 0.5, {"samples": 24000})
    assert store.complete_part(lease, result)
    assert store.parts(job.id)[0].result == result
    assert store.complete_job(store.claim(60), RESULT)
    assert replace(store.get(job.id).result, warnings=("slow",)) == RESULT


def test_only_the_last_claim_of_a_part_is_heard(open_store, clock):
    store = open_store()
    store.create(new_job("a"), LIMITS)
    first = store.claim(60)
    assert store.claim(60) is None
    clock.now += 61
    second = store.claim(60)
    assert (second.part.index, second.attempt) == (0, 2)
    for report in (
        lambda: store.renew(first, 60), lambda: store.complete_part(first, PartResult(1)), lambda: store.release(first),
        lambda: store.fail(first, "no", is_final=True),
    ):  # fmt: skip
        assert report() is False
    assert store.renew(second, 60)
    clock.now += 59
    assert store.claim(60) is None
    assert store.complete_part(second, PartResult(1))
    assert not store.complete_part(second, PartResult(1))


def test_a_job_ends_once(open_store):
    store = open_store()
    job, _ = store.create(new_job("a", webhook="https://example.com/"), LIMITS)
    store.complete_part(store.claim(60), PartResult(1))
    lease = store.claim(60)
    assert lease.part is None
    assert store.complete_job(lease, RESULT)
    assert not store.complete_job(lease, RESULT)
    assert not store.fail(lease, "late", is_final=True)
    assert store.cancel(job.id).state == "done"
    assert [event.type for event in store.events(job.id)].count("job.done") == 1
    assert store.report().webhooks_waiting == 1


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


def test_a_job_that_waits_is_claimed_after_its_pause(open_store, clock):
    store = open_store()
    job, _ = store.create(new_job("a"), LIMITS)
    store.release(store.claim(60), "the disk is full", seconds=20)
    assert store.get(job.id).waiting == "the disk is full"
    assert store.claim(60) is None
    clock.now += 20
    assert store.claim(60).attempt == 1
    assert store.get(job.id).waiting == ""


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


def test_the_list_has_pages_and_states(open_store):
    store = open_store()
    ids = [store.create(new_job("a", client=client), LIMITS)[0].id for client in "xyxyx"]
    store.cancel(ids[2])
    assert [job.id for job in store.list("x", limit=9).jobs] == [ids[4], ids[2], ids[0]]
    page = store.list(None, limit=2)
    assert ([job.id for job in page.jobs], page.has_more) == ([ids[4], ids[3]], True)
    page = store.list(None, limit=3, after=ids[3])
    assert ([job.id for job in page.jobs], page.has_more) == ([ids[2], ids[1], ids[0]], False)
    assert [job.id for job in store.list(None, limit=9, state="cancelled").jobs] == [ids[2]]
    assert not store.list(None, limit=9, after="job_unknown").jobs


def test_a_webhook_is_claimed_repeated_and_completed(open_store, clock):
    store = open_store()
    job, _ = store.create(new_job("a", webhook="https://example.com/"), LIMITS)
    assert store.claim_delivery(60) is None
    store.cancel(job.id)
    first = store.claim_delivery(60)
    assert (first.job.id, first.job.state, first.attempt) == (job.id, "cancelled", 1)
    assert store.claim_delivery(60) is None
    assert store.retry_delivery(first, 30)
    clock.now += 30
    second = store.claim_delivery(60)
    assert (second.id, second.attempt) == (first.id, 2)
    assert not store.complete_delivery(first)
    clock.now += 61  # its sender has died
    third = store.claim_delivery(60)
    assert third.id == first.id
    assert store.complete_delivery(third)
    clock.now += 1000
    assert store.claim_delivery(60) is None


def test_threads_never_get_the_same_part(open_store):
    store = open_store()
    job, _ = store.create(new_job(*"abcdefghijklmnopqrst"), LIMITS)
    claimed: list[int] = []

    def take() -> None:
        while lease := store.claim(60):
            if lease.part is None:
                return
            claimed.append(lease.part.index)
            store.complete_part(lease, PartResult(1))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(20))
    assert store.get(job.id).progress.parts_done == 20


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


class StoreMachine(RuleBasedStateMachine):
    """Any order of claims, reports, restarts and cancellations: each job ends once, with each part noted once."""

    leases = Bundle("leases")

    def __init__(self, path) -> None:
        super().__init__()
        self.path = path
        self.store = SqliteStore(path, 3)
        self.done: dict[str, list[int]] = {}

    @initialize()
    def begin(self) -> None:
        self.new(2)

    @rule(parts=st.integers(1, 3))
    def new(self, parts: int) -> None:
        job, _ = self.store.create(new_job(*"abc"[:parts]), LIMITS)
        self.done[job.id] = []

    @rule(target=leases)
    def claim(self):
        return self.store.claim(1000.0)

    @rule(lease=consumes(leases), outcome=st.sampled_from(["complete", "fail", "release", "renew"]))
    def report(self, lease, outcome: str) -> None:
        if lease is None:
            return
        match outcome:
            case "complete" if lease.part is None:
                self.store.complete_job(lease, RESULT)
            case "complete":
                if self.store.complete_part(lease, PartResult(1)):
                    self.done[lease.job.id].append(lease.part.index)
            case "fail":
                self.store.fail(lease, "no")
            case "release":
                self.store.release(lease)
            case "renew":
                self.store.renew(lease, 1000.0, 1)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = SqliteStore(self.path, 3)

    @rule(data=st.data())
    def cancel(self, data) -> None:
        self.store.cancel(data.draw(st.sampled_from(sorted(self.done))))

    def teardown(self) -> None:
        while lease := self.store.claim(1000.0):
            self.report(lease, "complete")
        self.restart()
        while lease := self.store.claim(1000.0):
            self.report(lease, "complete")
        for job_id, done in self.done.items():
            job = self.store.get(job_id)
            types = [event.type for event in self.store.events(job_id)]
            assert sum(kind in ("job.done", "job.failed", "job.cancelled") for kind in types) == 1, (job, types)
            assert len(done) == len(set(done)) == job.progress.parts_done
            assert (job.state == "done") <= (len(done) == job.progress.parts)
        self.store.close()


def test_any_order_of_events_ends_each_job_once(tmp_path):
    folders = iter(range(10**9))
    few = settings(max_examples=12, stateful_step_count=25, derandomize=True, deadline=None)
    run_state_machine_as_test(lambda: StoreMachine(tmp_path / str(next(folders)) / "jobs.sqlite"), settings=few)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_a_read_only_folder_is_reported(open_store, path):
    path.parent.mkdir(mode=0o555)
    with pytest.raises(StoreError, match=r"storage\.path"):
        open_store().create(new_job("a"), LIMITS)
