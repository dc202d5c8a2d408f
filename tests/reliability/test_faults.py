"""Disks and clocks that fail below a real server: speech goes on, what cannot be kept is refused with the reason."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import EMBEDDED

ROOT = EMBEDDED.parents[1]
JOBS = "/v1/audio/jobs"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def kept(folder: Path) -> None:
    """Waits until an entry of the cache is complete: it is written after the answer."""
    while not list(folder.glob("*.audio")):
        time.sleep(0.05)


def add_key(server, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", "keys", "add", name, "--config", str(server.folder / "config.yaml")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


async def done(server, job_id: str) -> dict:
    async with aiohttp.ClientSession(server.url) as session:
        while (job := await (await session.get(f"{JOBS}/{job_id}")).json())["ended_at"] is None:
            await asyncio.sleep(0.1)
    return job


def submit(server, text: str) -> str:
    status, body = server.request(JOBS, {"input": text, "response_format": "wav"})
    assert status in (201, 202), body
    return json.loads(body)["id"]


async def test_on_a_full_disk_speech_goes_on_and_nothing_is_half_written(start, mount):
    disk = mount("size=64m")
    server = start(cache={"memory_mb": 0, "disk_mb": 10}).when_ready()
    before = server.speak(seed=1)
    kept(disk / "cache")
    filler = fill(disk)
    assert server.speak(seed=1) == before
    assert server.speak("今天天气很好。")  # its entry does not fit
    server.when_logged("No space left on device")
    status, body = server.request(JOBS, {"input": "你好。"})
    assert status == 507, body
    assert "is full" in json.loads(body)["error"]["message"]
    refused = add_key(server, "reception")
    assert refused.returncode == 1
    assert "No space left" in refused.stderr
    assert "Traceback" not in refused.stderr + server.log
    assert not [
        path for path in disk.rglob("*") if path.is_file() and path.stat().st_size == 0 and path.suffix != ".lock"
    ]
    filler.unlink()
    assert (await done(server, submit(server, "你好。")))["state"] == "done"
    assert add_key(server, "reception").returncode == 0


def test_on_a_read_only_disk_speech_goes_on(start, mount):
    disk = mount("size=8m")
    server = start(cache={"memory_mb": 0, "disk_mb": 4}).when_ready()
    first = server.speak(seed=1)
    kept(disk / "cache")
    assert not subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode
    assert server.speak(seed=1) == first
    assert server.speak("今天天气很好。")
    server.when_logged("Read-only file system")
    status, body = server.request(JOBS, {"input": "你好。"})
    assert status in (503, 507), body
    assert add_key(server, "reception").returncode == 1
    assert server.status("/ready") == 200


def test_a_log_that_cannot_be_written_stops_nothing(start, mount, tmp_path):
    disk = mount("size=64k", tmp_path / "logs")
    server = start(log=disk / "log").when_ready()
    filler = fill(disk)
    expected = server.speak(seed=1)
    for _ in range(20):
        assert server.speak(seed=1) == expected
    filler.unlink()
    assert server.speak(seed=1) == expected
    assert server.status("/ready") == 200


async def set_clock(file: Path, offset: str) -> None:
    complete = file.with_suffix(".new")
    complete.write_text(offset)
    complete.replace(file)  # the server may read it at any moment
    await asyncio.sleep(1.5)  # until libfaketime has read it again


@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed (Debian: faketime)")
async def test_a_clock_that_jumps_changes_nothing(start, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0")
    environment = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",  # seconds; without a cache the server is ten times slower
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    server = start(environment=environment, cache={"disk_mb": 10}).when_ready()
    expected = server.speak(seed=1)
    async with aiohttp.ClientSession(server.url) as session:
        text = "今天天气很好，我们一起去公园散步。" * 6
        job = submit(server, text)
        async with session.post(
            "/v1/audio/speech", json={"input": text, "response_format": "pcm", "seed": 2}
        ) as answer:
            begin = await answer.content.readany()
            for jump in ("+3d", "-400d", "+0"):
                await set_clock(clock, jump)
                assert await asyncio.to_thread(server.speak, seed=1) == expected
                assert await asyncio.to_thread(server.status, "/ready") == 200
            rest = await answer.content.read()
    assert begin + rest == server.speak(text, seed=2)
    assert (await done(server, job))["state"] == "done"
    assert "Traceback" not in server.log


def test_a_folder_that_vanishes_costs_only_what_was_in_it(start):
    server = start(cache={"memory_mb": 0, "disk_mb": 10}).when_ready()
    first = server.speak(seed=1)
    kept(server.folder / "data" / "cache")
    shutil.rmtree(server.folder / "data")
    assert server.speak(seed=1) == first
    assert server.speak(seed=1) == first
    assert "Traceback" not in server.log
