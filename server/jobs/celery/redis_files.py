"""The files of jobs in Redis, for machines without a shared folder; each has copies of what it needs in its own."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from server.atomic_file import open_atomic
from server.client import Client
from server.jobs.celery.redis import keys
from server.jobs.celery.redis.connection import Pipeline, RedisConnection
from server.jobs.job import Job, JobResult, Part, PartContent, PartResult
from server.jobs.job_files import RESULT_NAME, JobFiles
from server.jobs.renderer import Renderer
from server.jobs.rendering.part_files import PartFiles
from server.jobs.request import JobRequest
from server.jobs.threads import in_thread

_BLOCK_BYTES = 4 * 2**20
_UNFINISHED = "."
"""Begins the name of a file that is not whole yet."""


class RedisFiles(JobFiles):
    """The folders of jobs on this machine, and what is in Redis. Raises `StoreError` too."""

    def __init__(self, root: Path, connection: RedisConnection) -> None:
        super().__init__(root)
        self._connection = connection

    def obtain_result(self, job: Job) -> Path:
        """The file of the result, fetched from Redis if it is not on this machine."""
        path = self.result(job.id)
        if job.result and not (path.is_file() and path.stat().st_size == job.result.size):
            self.fetch(job.id, RESULT_NAME)
        return path

    def store(self, job_id: str, name: str) -> None:
        """Copies a file of a job to Redis. It is there as a whole or not at all. Raises `OSError`.

        What a process that was killed has copied is deleted with its job.
        """
        upload, count = secrets.token_hex(8), 0
        unfinished = f"{_UNFINISHED}{upload}"
        with self._connection.errors(), (self.folder(job_id) / name).open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                count += 1
                self._write_block(job_id, unfinished, f"{upload}:{count}", block)

        def finish(pipe: Pipeline) -> str | None:
            """Returns the upload whose blocks are of no use any more."""
            stored, older = f"{upload}:{count}", pipe.hget(keys.files(job_id), name)
            is_whole = pipe.exists(*_blocks(job_id, stored)) == count
            pipe.multi()
            pipe.hdel(keys.files(job_id), unfinished)
            if not is_whole:  # the files of the job were deleted meanwhile
                return stored
            pipe.hset(keys.files(job_id), name, stored)
            return cast("str | None", older)

        self._delete_blocks(job_id, self._connection.transaction(finish, keys.files(job_id)))

    def _write_block(self, job_id: str, unfinished: str, stored: str, block: bytes) -> None:
        """Writes the last block of an upload, and notes that it is there."""
        pipe = self._connection.bytes_client.pipeline()
        pipe.sadd(keys.FILES, job_id)
        pipe.hset(keys.files(job_id), unfinished, stored)
        pipe.set(_blocks(job_id, stored)[-1], block)
        pipe.execute()

    def fetch(self, job_id: str, name: str) -> None:
        """Copies a file of a job from Redis. Without such a file it does nothing. Raises `OSError`."""
        path = self.folder(job_id) / name
        with self._connection.errors():
            stored = self._connection.client.hget(keys.files(job_id), name)
            if stored is None:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            with open_atomic(path) as file:
                for key in _blocks(job_id, stored):
                    block = self._connection.bytes_client.get(key)
                    if block is None:
                        raise OSError(f"a part of {name} of {job_id} is no longer in Redis")
                    file.write(block)

    def fetch_parts(self, job_id: str) -> None:
        """Copies the files of all parts that this machine lacks."""
        with self._connection.errors():
            names = self._connection.client.hkeys(keys.files(job_id))
        for name in names:
            if name != RESULT_NAME and not name.startswith(_UNFINISHED) and not (self.folder(job_id) / name).is_file():
                self.fetch(job_id, name)

    def delete(self, job_id: str) -> None:
        """Deletes the files of a job here and in Redis."""
        super().delete(job_id)
        self._forget(job_id, lambda name: True)
        with self._connection.errors():
            self._connection.client.srem(keys.FILES, job_id)

    def delete_parts(self, job_id: str) -> None:
        """Deletes everything of a job but its result."""
        super().delete_parts(job_id)
        self._forget(job_id, lambda name: name != RESULT_NAME)

    def ids(self) -> list[str]:
        """The jobs that have files here or in Redis."""
        with self._connection.errors():
            stored = self._connection.client.smembers(keys.FILES)
        return sorted({*super().ids(), *stored})

    def _forget(self, job_id: str, is_old: Callable[[str], bool]) -> None:
        client = self._connection.client
        with self._connection.errors():
            for name, stored in client.hgetall(keys.files(job_id)).items():
                if is_old(name):
                    client.hdel(keys.files(job_id), name)
                    self._delete_blocks(job_id, stored)

    def _delete_blocks(self, job_id: str, stored: str | None) -> None:
        if stored and (blocks := _blocks(job_id, stored)):
            self._connection.client.delete(*blocks)


def _blocks(job_id: str, stored: str) -> list[str]:
    """The keys of the blocks of a file."""
    upload, _, count = stored.partition(":")
    return [keys.block(job_id, upload, number) for number in range(int(count))]


class SharingRenderer:
    """A renderer whose files go to Redis, and come from there; see `Renderer`."""

    def __init__(self, renderer: Renderer, files: RedisFiles) -> None:
        self._renderer = renderer
        self._files = files

    def split(self, client: Client, request: JobRequest, data: bytes | None) -> Sequence[PartContent]:
        """The parts of a request."""
        return self._renderer.split(client, request, data)

    async def compute(self, job: Job, part: Part, folder: Path, report: Callable[[int], None]) -> PartResult:
        """Computes a part, and stores its files."""
        result = await self._renderer.compute(job, part, folder, report)
        for path in PartFiles(folder).written(part.index):
            await in_thread(self._files.store, job.id, str(path.relative_to(folder)))
        return result

    def join(self, job: Job, parts: Sequence[Part], folder: Path, is_cancelled: Callable[[], bool]) -> JobResult:
        """Makes the result of all parts, those of other machines too, and stores it."""
        self._files.fetch_parts(job.id)
        result = self._renderer.join(job, parts, folder, is_cancelled)
        self._files.store(job.id, RESULT_NAME)
        return result
