"""A server process that is killed in the middle of a job: the job ends once, with the same audio, by the same files."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from bench.load.free_port import free_port
from server.http.jobs.objects import PATH
from server.jobs.sqlite.sqlite_store import SqliteStore
from tests.conftest import EMBEDDED

ROOT = Path(__file__).parents[2]
LINES = [f"第{number}条。今天天气很好，我们一起去公园散步。" for number in range(5)]
REQUEST = {"lines": LINES, "output": "file", "voice": "demo", "seed": 7, "response_format": "wav", "name": "prompts"}


@asynccontextmanager
async def serving(folder: Path, *program: str) -> AsyncIterator[tuple[subprocess.Popen[bytes], aiohttp.ClientSession]]:
    """`serve` of a program with the embedded voice and a storage folder, and a client of it once it is ready.

    It computes one part at a time.
    """
    port = free_port()
    (folder / "models").mkdir(exist_ok=True)
    if not (folder / "models" / "demo").exists():
        (folder / "models" / "demo").symlink_to(EMBEDDED)
    config = folder / "config.yaml"
    settings = (
        f"server: {{host: 127.0.0.1, port: {port}}}",
        "runtime: {providers: [cpu], threads: 1}",
        "jobs: {concurrency: 1}",
    )
    config.write_text("\n".join(settings))
    command = [sys.executable, "-m", *program, "serve", "--config", str(config)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)  # noqa: ASYNC220  returns at once
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                while not await is_ready(session):
                    assert process.poll() is None, (folder / "log").read_text()
                    await asyncio.sleep(0.05)
                yield process, session
        finally:
            process.kill()
            process.wait()


async def is_ready(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def result_of(session: aiohttp.ClientSession, job_id: str) -> tuple[dict, bytes]:
    """The job when it is done, and its audio."""
    await (await session.get(f"{PATH}/{job_id}/events")).read()
    job = await (await session.get(f"{PATH}/{job_id}")).json()
    assert job["state"] == "done", job
    return job, await (await session.get(job["result"]["url"])).read()


async def test_a_job_survives_a_kill_with_the_same_bytes(tmp_path):
    third_part = "tests.jobs.interrupted", "3", str(int(signal.SIGKILL))
    async with serving(tmp_path, *third_part) as (process, session):
        with suppress(aiohttp.ClientError):  # the kill may come before the answer
            await session.post(PATH, json=REQUEST)
        while process.poll() is None:
            await asyncio.sleep(0.01)
        assert process.returncode == -signal.SIGKILL
    (folder,) = (tmp_path / "data" / "jobs").iterdir()
    job_id = folder.name
    assert sorted(path.name for path in (folder / "parts").glob("0*")) == ["000000.flac", "000001.flac"]
    async with serving(tmp_path, "server") as (_, session):
        job, audio = await result_of(session, job_id)
        events = await (await session.get(f"{PATH}/{job_id}/events")).text()
        whole = (await (await session.post(PATH, json=REQUEST)).json())["id"]
        _, expected = await result_of(session, whole)
    assert audio == expected
    store = SqliteStore(tmp_path / "data" / "jobs.sqlite", 3)
    assert store.get(job_id).attempts == len(LINES) + 1 + 1, "only the part that was cut off is computed again"
    store.close()
    assert job["progress"]["parts_done"] == len(LINES)
    assert events.count("event: job.done") == 1
    assert [path.name for path in folder.iterdir()] == ["result"]
    assert {path.name for path in folder.parent.iterdir()} == {job_id, whole}
