"""Files of jobs in Redis: whole or not at all, and nothing remains of those that were interrupted."""

import pytest

from server.jobs.celery import redis_files
from server.jobs.celery.redis.connection import RedisConnection
from server.jobs.celery.redis_files import RedisFiles
from tests.jobs.redis_server import needs_redis

pytestmark = needs_redis

JOB = f"job_{'0' * 32}"


@pytest.fixture
def files(redis_url, tmp_path, monkeypatch):
    """The files of one machine; blocks have 4 bytes."""
    monkeypatch.setattr(redis_files, "_BLOCK_BYTES", 4)
    connection = RedisConnection(redis_url)
    yield RedisFiles(tmp_path / "one", connection)
    connection.close()


def kept(files: RedisFiles) -> list[str]:
    return sorted(files._connection.client.keys("sambert:file*"))


def write(files: RedisFiles, content: bytes) -> None:
    (files.make_folder(JOB) / "result").write_bytes(content)
    files.store(JOB, "result")


def test_a_file_that_is_replaced_is_fetched_by_others_and_deleted(files, tmp_path):
    write(files, b"an older one")
    write(files, b"0123456789")
    other = RedisFiles(tmp_path / "two", files._connection)
    other.fetch(JOB, "result")
    assert other.result(JOB).read_bytes() == b"0123456789"
    assert len(kept(files)) == 2 + 3  # the set of jobs, the files of the job, and the blocks of the last one
    other.delete(JOB)
    assert kept(files) == []


def test_nothing_remains_of_a_copy_that_was_interrupted(files, monkeypatch):
    """As by a kill: what comes after its second block does not happen."""
    write_block, written = files._write_block, []

    def write_one(*arguments: object) -> None:
        if written:
            raise InterruptedError
        written.append(write_block(*arguments))

    monkeypatch.setattr(files, "_write_block", write_one)
    with pytest.raises(InterruptedError):
        write(files, b"0123456789")
    files.fetch_parts(JOB)  # it is not a part
    assert kept(files)
    assert files.ids() == [JOB]
    files.delete(JOB)
    assert kept(files) == []


def test_nothing_remains_of_a_copy_whose_job_is_deleted_meanwhile(files, monkeypatch):
    write_block, written = files._write_block, []

    def write_and_delete(*arguments: object) -> None:
        written.append(write_block(*arguments))
        if len(written) == 2:
            files.delete(JOB)

    monkeypatch.setattr(files, "_write_block", write_and_delete)
    write(files, b"0123456789")
    assert kept(files) == ["sambert:files"]
    assert files.ids() == [JOB]  # for the next sweep
