"""Disks that are really full or read-only: small file systems in memory, where this user may mount them."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.cache.disk_tier import DiskTier
from server.cache.entry import Entry
from server.types import EncodedChunk

KEYS = [f"{number:064x}" for number in range(10)]
ENTRY = Entry.of([EncodedChunk(bytes(20_000), 1, None)])


@pytest.fixture
def mount(tmp_path) -> Iterator[Callable[[str], Path]]:
    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", tmp_path]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this user may not mount")
        return tmp_path

    yield mount
    subprocess.run(["umount", tmp_path], capture_output=True)


def test_a_full_disk_keeps_what_it_has(mount, caplog):
    folder = mount("size=100k")
    tier = DiskTier(folder, 2**30)
    for key in KEYS:
        tier.write(key, ENTRY)
    kept = [key for key in KEYS if tier.read(key) == ENTRY]
    assert kept == KEYS[: len(kept)]
    assert 2 <= len(kept) < 6
    assert sorted(path.stem for path in folder.iterdir()) == kept  # nothing is left of the one that did not fit
    assert [record.getMessage() for record in caplog.records if "No space left" in record.getMessage()]
    assert len(caplog.records) == 1


def test_a_disk_that_became_read_only_can_still_be_read(mount, caplog):
    folder = mount("size=1m")
    tier = DiskTier(folder, 2**30)
    tier.write(KEYS[0], ENTRY)
    assert not subprocess.run(["mount", "-o", "remount,ro", folder], capture_output=True).returncode
    tier.write(KEYS[1], ENTRY)
    tier.resize(1)
    assert tier.read(KEYS[0]) == ENTRY
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert all("Read-only file system" in message for message in messages)
