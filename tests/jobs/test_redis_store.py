"""The store in Redis: what it leaves behind, Redis away, full, or with another password."""

import pytest

from server.errors import StoreError
from server.jobs.celery.redis.redis_store import RedisStore
from server.jobs.job import PartResult
from tests.jobs.example_jobs import LEASE, LIMITS, finish, new_job
from tests.jobs.redis_server import RedisServer, needs_redis

pytestmark = needs_redis


@pytest.fixture
def open_store(redis_url):
    opened = []

    def store(max_attempts: int = 3) -> RedisStore:
        opened.append(RedisStore(redis_url, max_attempts))
        return opened[-1]

    yield store
    for each in opened:
        each.close()


def test_redis_away_is_reported_and_nothing_is_lost_when_it_is_back(tmp_path):
    server = RedisServer(tmp_path)
    store = RedisStore(server.url, 3)
    job, _ = store.create(new_job("a", "b"), LIMITS)
    lease = store.claim(LEASE)
    server.kill()
    with pytest.raises(StoreError, match="is away"):
        store.complete_part(lease, PartResult(1))
    server.start()
    assert store.get(job.id).state == "running"
    assert store.complete_part(lease, PartResult(1))
    finish(store)
    assert store.get(job.id).state == "done"
    store.close()
    server.kill()


def test_a_wrong_password_is_reported_and_not_shown(open_store, redis_url):
    store = open_store()
    store.connection.client.config_set("requirepass", "right")
    try:
        wrong = RedisStore(redis_url.replace("://", "://:wrong@"), 3)
        with pytest.raises(StoreError, match="refuses the password") as refused:
            wrong.create(new_job("a"), LIMITS)
        wrong.close()
    finally:
        store.connection.client.config_set("requirepass", "")
    assert "wrong" not in str(refused.value)


def test_a_full_redis_is_reported(open_store):
    store = open_store()
    store.connection.client.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreError, match="no memory left") as full:
            store.create(new_job("a"), LIMITS)
    finally:
        store.connection.client.config_set("maxmemory", "0")
    assert full.value.is_full


def test_what_can_be_claimed_is_counted(open_store, clock):
    store = open_store()
    store.create(new_job("a"), LIMITS)
    assert store.claimable(9) == 1
    store.release(store.claim(LEASE), "the disk is full", seconds=20)
    assert store.claimable(9) == 0
    clock.now += 20
    assert store.claimable(9) == 1
    finish(store)
    assert store.claimable(9) == 0


def test_nothing_remains_of_jobs_that_are_forgotten(open_store, clock):
    store = open_store()
    store.create(new_job("a", client="x", webhook="https://example.com/", key="k"), LIMITS)
    other, _ = store.create(new_job("a"), LIMITS)
    finish(store)
    store.delete(other.id)
    store.expire(clock.now + 1, clock.now + 1)
    assert set(store.connection.client.keys("*")) <= {"sambert:number", "sambert:turns"}
