"""The characters of a day: counted, limited, kept over a restart; a new day and a clock that is set; damaged files."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from server.access import quota as module
from server.access.quota import CharacterQuota
from server.config import AccessKey
from server.errors import QuotaError

KEY = AccessKey(name="reception", sha256="a" * 64, characters_per_day=100)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Sets the time: `clock(day, hour)`. No test goes on over midnight."""

    def set_time(day: int, hour: int = 0) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime(2026, 3, day, hour, tzinfo=UTC)

        monkeypatch.setattr(module, "datetime", Clock)

    set_time(1)
    return set_time


def test_the_limit_is_exact_and_a_text_counts_whole_or_not(tmp_path, clock):
    quota = CharacterQuota(tmp_path)
    quota.charge(KEY, 99)
    with pytest.raises(QuotaError, match="may use 100 characters a day and has used 99; this text has 2"):
        quota.charge(KEY, 2)
    quota.charge(KEY, 1)
    assert quota.used("reception") == 100
    quota.refund(KEY, 50)
    quota.charge(KEY, 50)


@pytest.mark.parametrize(("hour", "seconds"), [(0, 86400), (1, 82800), (23, 3600)])
def test_the_client_is_told_when_the_day_ends(tmp_path, clock, hour, seconds):
    clock(1, hour)
    with pytest.raises(QuotaError) as caught:
        CharacterQuota(tmp_path).charge(KEY, 101)
    assert caught.value.retry_after == seconds


def test_a_new_day_begins_at_zero_and_so_does_a_day_to_which_the_clock_is_set(tmp_path, clock):
    quota = CharacterQuota(tmp_path)
    for day in (1, 2, 1):
        clock(day)
        assert quota.used("reception") == 0
        quota.charge(KEY, 100)


def test_a_restart_does_not_begin_at_zero(tmp_path, clock):
    quota = CharacterQuota(tmp_path / "data")
    quota.save()
    assert not (tmp_path / "data").exists()
    quota.charge(KEY, 70)
    quota.save()
    assert CharacterQuota(tmp_path / "data").used("reception") == 70
    clock(2)
    assert CharacterQuota(tmp_path / "data").used("reception") == 0


def test_a_key_without_a_limit_is_counted_too(tmp_path):
    quota = CharacterQuota(tmp_path)
    quota.charge(AccessKey(name="free", sha256="b" * 64), 10**9)
    assert quota.used("free") == 10**9


@pytest.mark.parametrize("content", ["", "[]", '{"day": 1}', '{"day": "x", "characters": {"a": "b"}}', "\xff"])
def test_a_damaged_file_is_reported_and_replaced(tmp_path, content, caplog):
    (tmp_path / module.NAME).write_bytes(content.encode("latin-1"))
    quota = CharacterQuota(tmp_path)
    assert "cannot be read" in caplog.text
    quota.charge(KEY, 5)
    quota.save()
    assert json.loads((tmp_path / module.NAME).read_bytes())["characters"] == {"reception": 5}


def test_a_full_disk_is_reported_once_and_costs_nothing_else(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    quota = CharacterQuota(tmp_path / "file")
    with caplog.at_level(logging.ERROR):
        caplog.clear()
        for _ in range(3):
            quota.charge(KEY, 1)
            quota.save()
    assert len(caplog.records) == 1
    assert quota.used("reception") == 3


def test_threads_lose_no_count(tmp_path):
    quota = CharacterQuota(tmp_path)
    key = AccessKey(name="busy", sha256="c" * 64)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: quota.charge(key, 1), range(2000)))
    assert quota.used("busy") == 2000
