"""What every store of jobs does: leases, attempts, turns, limits, events, webhooks, races."""

import threading
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule, run_state_machine_as_test

from server.errors import JobConflictError, JobLimitError
from server.jobs.celery.redis.redis_store import RedisStore
from server.jobs.job import NewJob, PartContent, PartResult, Slot
from server.jobs.sqlite.sqlite_store import SqliteStore
from server.jobs.store import ClientLimits, JobStore
from tests.jobs.example_jobs import LEASE, LIMITS, RESULT, finish, new_job
from tests.jobs.redis_server import needs_redis


class SqliteStores:
    """Stores in one file."""

    examples = 12

    def __init__(self, request: pytest.FixtureRequest) -> None:
        folder = request.getfixturevalue("tmp_path")
        self._paths = (folder / f"{number}.sqlite" for number in count())
        self.clear()

    def clear(self) -> None:
        self._path = next(self._paths)

    def open(self, max_attempts: int = 3) -> JobStore:
        return SqliteStore(self._path, max_attempts)


class RedisStores:
    """Stores in one Redis."""

    examples = 25

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._url = request.getfixturevalue("redis_url")
        self.clear = request.getfixturevalue("redis_server").flush

    def open(self, max_attempts: int = 3) -> JobStore:
        return RedisStore(self._url, max_attempts)


@pytest.fixture(params=[SqliteStores, pytest.param(RedisStores, marks=needs_redis)])
def stores(request):
    return request.param(request)


@pytest.fixture
def open_store(stores):
    """Opens one more store of the same jobs."""
    opened = []

    def store(max_attempts: int = 3) -> JobStore:
        opened.append(stores.open(max_attempts))
        return opened[-1]

    yield store
    for each in opened:
        each.close()


def test_all_of_a_job_is_kept(open_store):
    part = PartContent("你好", 2, {"speed": 1.5}, "001", Slot(0.5, 2.0), {"line": 3})
    new = NewJob("key", {"voice": "demo"}, [part], "书", "https://example.com/", "idem", "digest")
    job, is_new = open_store().create(new, LIMITS)
    assert is_new
    store = open_store()
    assert store.get(job.id) == job
    assert (job.client, job.name, job.request, job.webhook) == ("key", "书", {"voice": "demo"}, "https://example.com/")
    assert [each.content for each in store.parts(job.id)] == [part]
    lease = store.claim(LEASE)
    result = PartResult(1.5, 0.5, {"samples": 24000})
    assert store.complete_part(lease, result)
    assert store.parts(job.id)[0].result == result
    assert store.complete_job(store.claim(LEASE), RESULT)
    ended = store.get(job.id)
    assert replace(ended.result, warnings=("slow",)) == RESULT
    assert ended.state == "done"
    assert ended.progress.share == 1
    assert store.parts(job.id) == []
    assert store.claim(LEASE) is None


def test_only_the_last_claim_of_a_part_is_heard(open_store, clock):
    store = open_store()
    store.create(new_job("a"), LIMITS)
    first = store.claim(LEASE)
    assert store.claim(LEASE) is None
    clock.now += 61
    second = store.claim(LEASE)
    assert (second.part.index, second.attempt) == (0, 2)
    for report in (
        lambda: store.renew(first, LEASE), lambda: store.complete_part(first, PartResult(1)),
        lambda: store.release(first), lambda: store.fail(first, "no", is_final=True),
    ):  # fmt: skip
        assert report() is False
    assert store.renew(second, LEASE)
    clock.now += 59
    assert store.claim(LEASE) is None
    assert store.complete_part(second, PartResult(1))
    assert not store.complete_part(second, PartResult(1))


def test_a_job_ends_once(open_store):
    store = open_store()
    job, _ = store.create(new_job("a", webhook="https://example.com/"), LIMITS)
    store.complete_part(store.claim(LEASE), PartResult(1))
    lease = store.claim(LEASE)
    assert lease.part is None
    assert store.complete_job(lease, RESULT)
    assert not store.complete_job(lease, RESULT)
    assert not store.fail(lease, "late", is_final=True)
    assert store.cancel(job.id).state == "done"
    assert [event.type for event in store.events(job.id)] == ["job.queued", "job.running", "job.progress", "job.done"]
    assert store.report().webhooks_waiting == 1


def test_a_part_that_kills_its_workers_fails_the_job(open_store, clock):
    store = open_store(max_attempts=2)
    job, _ = store.create(new_job("a", "b"), LIMITS)
    assert store.claim(LEASE).part.index == 0
    assert store.complete_part(store.claim(LEASE), PartResult(1))
    clock.now += LEASE + 1
    assert store.claim(LEASE).part.index == 0
    clock.now += LEASE + 1
    assert store.claim(LEASE) is None
    assert store.get(job.id).error == "part 1 of 2 ended the process that computed it 2 times"


def test_failed_attempts_fail_the_job_and_interruptions_do_not(open_store):
    store = open_store(max_attempts=2)
    job, _ = store.create(new_job("a"), LIMITS)
    for _ in range(5):
        assert store.release(store.claim(LEASE))
    assert store.get(job.id).attempts == 0
    assert store.fail(store.claim(LEASE), "no")
    assert store.fail(store.claim(LEASE), "no again")
    assert (store.get(job.id).state, store.get(job.id).error) == ("failed", "no again")


def test_a_job_that_waits_is_claimed_after_its_pause(open_store, clock):
    store = open_store()
    job, _ = store.create(new_job("a"), LIMITS)
    store.release(store.claim(LEASE), "the disk is full", seconds=20)
    assert store.get(job.id).waiting == "the disk is full"
    assert store.claim(LEASE) is None
    clock.now += 20
    assert store.claim(LEASE).attempt == 1
    assert store.get(job.id).waiting == ""


def test_clients_take_turns(open_store, clock):
    store = open_store()
    for client in "xxy":
        store.create(new_job("a", "b", client=client), LIMITS)
    order = []
    for _ in range(6):
        clock.now += 1
        order.append(store.claim(LEASE * 10).job.client)
    assert order[:4] in (["x", "y", "x", "y"], ["y", "x", "y", "x"])
    assert order[4:] == ["x", "x"]


def test_progress_counts_the_parts_in_work(open_store):
    store = open_store()
    job, _ = store.create(new_job("aaaa", "bbbb"), LIMITS)
    first, second = store.claim(LEASE), store.claim(LEASE)
    store.renew(first, LEASE, 3)
    store.renew(second, LEASE, 99)
    assert store.get(job.id).progress.characters_done == 7
    store.complete_part(first, PartResult(1))
    assert store.get(job.id).progress.characters_done == 8
    store.fail(second, "no")
    assert store.get(job.id).progress.characters_done == 4
    events = store.events(job.id)
    assert [event.type for event in events] == ["job.queued", "job.running", "job.progress"]
    assert store.events(job.id, events[-1].number) == []
    assert (store.report().parts_waiting, store.report().parts_running) == (1, 0)


def test_limits_and_idempotency_keys(open_store):
    store = open_store()
    limits = ClientLimits(jobs=2, characters=5)
    job, _ = store.create(new_job("aaa", client="x", key="k", digest="1"), limits)
    assert store.create(new_job("aaa", client="x", key="k", digest="1"), limits) == (store.get(job.id), False)
    with pytest.raises(JobConflictError, match=job.id):
        store.create(new_job("b", client="x", key="k", digest="2"), limits)
    with pytest.raises(JobLimitError, match="6"):
        store.create(new_job("aaa", client="x"), limits)
    assert store.create(new_job("aaa", client="y", key="k", digest="2"), limits)[1]
    store.create(new_job("a", client="x"), limits)
    with pytest.raises(JobLimitError, match="2 jobs are not finished"):
        store.create(new_job("a", client="x"), limits)
    store.cancel(job.id)
    assert store.create(new_job("a", client="x"), limits)[1]


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


def test_old_jobs_expire_and_are_forgotten(open_store, clock):
    store = open_store()
    ids = [store.create(new_job("a", client=client), LIMITS)[0].id for client in "xy"]
    finish(store)
    assert not store.expire(clock.now - 100, clock.now - 200)
    assert sorted(store.expire(clock.now + 1, clock.now - 200)) == sorted(ids)
    assert [store.get(job_id).state for job_id in ids] == ["expired", "expired"]
    assert not store.expire(clock.now + 1, clock.now + 1)
    assert not store.list(None, limit=9).jobs


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
    clock.now += 61  # its server has died
    third = store.claim_delivery(60)
    assert third.id == first.id
    assert store.complete_delivery(third)
    clock.now += 1000
    assert store.claim_delivery(60) is None


def test_threads_never_get_the_same_part(open_store):
    store = open_store()
    job, _ = store.create(new_job(*"abcdefghijklmnopqrst"), LIMITS)
    claimed: list[int] = []

    def take(own: JobStore) -> None:
        while lease := own.claim(LEASE):
            if lease.part is None:
                return
            claimed.append(lease.part.index)
            own.complete_part(lease, PartResult(1))

    threads = [threading.Thread(target=take, args=[own]) for own in (store, store, open_store(), open_store())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(20))
    assert store.get(job.id).progress.parts_done == 20


class StoreMachine(RuleBasedStateMachine):
    """Any order of claims, reports, restarts and cancellations: each job ends once, with each part noted once."""

    leases = Bundle("leases")

    def __init__(self, stores, clock) -> None:
        super().__init__()
        self.stores, self.clock = stores, clock
        stores.clear()
        self.store = stores.open()
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
        return self.store.claim(LEASE)

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
                self.store.renew(lease, LEASE, 1)

    @rule()
    def restart(self) -> None:
        """All leases end."""
        self.store.close()
        self.clock.now += LEASE
        self.store = self.stores.open()

    @rule(data=st.data())
    def cancel(self, data) -> None:
        self.store.cancel(data.draw(st.sampled_from(list(self.done))))  # by age: ids are random

    def teardown(self) -> None:
        self.restart()
        while lease := self.store.claim(LEASE):
            self.report(lease, "complete")
        for job_id, done in self.done.items():
            job = self.store.get(job_id)
            types = [event.type for event in self.store.events(job_id)]
            assert sum(kind in ("job.done", "job.failed", "job.cancelled") for kind in types) == 1, (job, types)
            assert len(done) == len(set(done)) == job.progress.parts_done
            assert (job.state == "done") <= (len(done) == job.progress.parts)
        self.store.close()


def test_any_order_of_events_ends_each_job_once(stores, clock):
    few = settings(max_examples=stores.examples, stateful_step_count=25, derandomize=True, deadline=None)
    run_state_machine_as_test(lambda: StoreMachine(stores, clock), settings=few)
