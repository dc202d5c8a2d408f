"""Entries in files: limits, restarts, damage, and disks that are full, read-only or gone. Real files."""

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from server.cache import disk_tier, entry_file
from server.cache.disk_tier import DiskTier
from server.cache.entry import Entry
from server.types import EncodedChunk

ROOT = Path(__file__).parents[2]
BLOCK = 4096
LIMIT = 10 * BLOCK


def key(number: int) -> str:
    return f"{number:064x}"


def entry(number: int, size: int = 1000) -> Entry:
    return Entry.of([EncodedChunk(bytes([number % 256]) * size, 1, None)])


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "data" / "cache"


@pytest.fixture
def tier(folder) -> DiskTier:
    return DiskTier(folder, LIMIT)


def test_what_was_written_is_read(tier):
    tier.write(key(1), entry(1))
    assert tier.read(key(1)) == entry(1)
    assert tier.read(key(2)) is None
    report = tier.report(3)
    assert (report.hits, report.entries, report.bytes, report.limit) == (3, 1, BLOCK, LIMIT)


def test_nothing_is_made_before_the_first_entry(tier, folder):
    tier.list_files()
    assert tier.read(key(1)) is None
    assert not folder.parent.exists()
    assert tier.errors == 0


def test_the_least_recently_used_file_is_deleted(tier, folder):
    for number in range(10):
        tier.write(key(number), entry(number))
    assert tier.read(key(0)) == entry(0)
    tier.write(key(10), entry(10))
    assert {path.stem for path in folder.iterdir()} == {key(number) for number in (0, *range(2, 11))}
    assert (tier.report(0).evictions, tier.report(0).entries) == (1, 10)


def test_files_take_no_more_than_the_limit_at_any_time(tier, folder, monkeypatch):
    most = 0
    replace = entry_file.replace_file

    def observed(path, content):
        nonlocal most
        replace(path, content)
        most = max(most, sum(file.stat().st_size for file in folder.iterdir()))

    monkeypatch.setattr(entry_file, "replace_file", observed)
    for number in range(30):
        tier.write(key(number), entry(number, 500 + 700 * number % 9000))
    assert BLOCK < most <= LIMIT


def test_an_entry_that_is_larger_than_everything_is_not_kept(tier, folder):
    tier.write(key(1), entry(1))
    tier.write(key(2), entry(2, 20 * BLOCK))
    assert [path.stem for path in folder.iterdir()] == [key(1)]


def test_a_restarted_server_has_the_files_and_their_order(tier, folder):
    for number in range(10):
        tier.write(key(number), entry(number))
        os.utime(folder / f"{key(number)}.audio", (1000 + number, 1000 + number))
    tier.read(key(0))
    restarted = DiskTier(folder, LIMIT)
    assert not restarted.lacks(key(3))
    assert restarted.read(key(3)) == entry(3)  # also before the files are listed
    restarted.list_files()
    assert restarted.report(0).entries == 10
    assert restarted.lacks(key(99))
    restarted.write(key(10), entry(10))
    assert restarted.read(key(1)) is None
    assert restarted.read(key(0)) == entry(0)


def test_a_smaller_limit_deletes_files_at_once_and_after_a_restart(tier, folder):
    for number in range(10):
        tier.write(key(number), entry(number))
    tier.resize(5 * BLOCK)
    assert len(list(folder.iterdir())) == 5
    DiskTier(folder, 2 * BLOCK).list_files()
    assert len(list(folder.iterdir())) == 2


def damaged_files() -> dict[str, bytes]:
    content = b"cached speech 1\n" + b'{"key": "%b", "bytes": 3, "sha256": "00"}\nabc' % key(1).encode()
    return {
        "empty": b"", "one line": b"cached speech 1\n", "no json": b"cached speech 1\nx\nabc",
        "json of another kind": b"cached speech 1\n[]\nabc", "another format": b"x" + content, "wrong sum": content,
    }  # fmt: skip


@pytest.mark.parametrize("content", damaged_files().values(), ids=damaged_files())
def test_a_file_that_is_no_entry_is_deleted_and_reported(tier, folder, caplog, content):
    folder.mkdir(parents=True)
    path = folder / f"{key(1)}.audio"
    path.write_bytes(content)
    assert tier.read(key(1)) is None
    assert not path.exists()
    assert tier.errors == 1
    assert "is damaged and is computed again" in caplog.text


@pytest.mark.parametrize("position", [0, 20, 40, 100, 200, -1])
def test_a_flipped_bit_anywhere_is_noticed(tier, folder, position):
    tier.write(key(1), entry(1))
    path = folder / f"{key(1)}.audio"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    assert tier.read(key(1)) is None
    tier.write(key(1), entry(1))
    assert tier.read(key(1)) == entry(1)


def test_a_file_under_the_name_of_another_is_noticed(tier, folder):
    tier.write(key(1), entry(1))
    (folder / f"{key(1)}.audio").rename(folder / f"{key(2)}.audio")
    assert tier.read(key(2)) is None


def test_a_file_that_somebody_deleted_is_missed_without_a_warning(tier, folder):
    tier.write(key(1), entry(1))
    (folder / f"{key(1)}.audio").unlink()
    assert tier.read(key(1)) is None
    assert (tier.report(0).entries, tier.errors) == (0, 0)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_takes_nothing_is_reported_once_and_tried_again_later(folder, monkeypatch, caplog, code):
    def fail(path, content):
        raise OSError(code, os.strerror(code))

    now = 0.0
    tier = DiskTier(folder, LIMIT, clock=lambda: now)
    monkeypatch.setattr(entry_file, "replace_file", fail)
    tier.write(key(1), entry(1))
    tier.write(key(2), entry(2))
    assert tier.errors == 1  # the second one was not tried
    now += disk_tier.PAUSE_SECONDS
    tier.write(key(3), entry(3))
    assert tier.errors == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert os.strerror(code) in caplog.text
    monkeypatch.undo()
    now += disk_tier.PAUSE_SECONDS
    tier.write(key(4), entry(4))
    assert tier.read(key(4)) == entry(4)


def test_a_file_in_the_place_of_the_folder_is_a_warning(tmp_path, caplog):
    (tmp_path / "cache").write_text("not a folder")
    tier = DiskTier(tmp_path / "cache", LIMIT)
    tier.list_files()
    tier.write(key(1), entry(1))
    assert tier.read(key(1)) is None
    assert (tmp_path / "cache").read_text() == "not a folder"
    assert "cannot be listed" in caplog.text


def test_other_files_are_left_alone(tier, folder):
    folder.mkdir(parents=True)
    names = ("notes.txt", "short.audio", ".hidden", f"{key(1)}.audio.bak")
    for name in names:
        (folder / name).write_text("mine")
        os.utime(folder / name, (1, 1))
    tier.list_files()
    assert {path.name for path in folder.iterdir()} == set(names)
    assert tier.report(0).entries == 0


def test_remainders_of_killed_writers_are_deleted_when_they_are_old(tier, folder):
    folder.mkdir(parents=True)
    old, new = (folder / f".{key(1)}.audio.{name}" for name in ("0a1b2c3d", "4e5f6a7b"))
    for path in (old, new):
        path.write_bytes(b"cached")
    os.utime(old, (1, 1))
    tier.list_files()
    assert [path.name for path in folder.iterdir()] == [new.name]


WRITER = """
    import sys
    from pathlib import Path
    from server.cache.disk_tier import DiskTier
    from server.cache.entry import Entry
    from server.types import EncodedChunk
    tier = DiskTier(Path(sys.argv[1]), 2**24)
    print("ready", flush=True)
    number = 0
    while True:
        tier.write(f"{number % 8:064x}", Entry.of([EncodedChunk(bytes([number % 8]) * 200_000, 1, None)]))
        number += 1
        if number == 8:
            print("written", flush=True)
"""


@pytest.mark.parametrize("attempt", range(3))
def test_a_writer_that_is_killed_leaves_only_whole_entries(folder, attempt):
    program = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"ready\n"
        assert writer.stdout.readline() == b"written\n"
        writer.kill()
    tier = DiskTier(folder, 2**24)
    tier.list_files()
    assert tier.report(0).entries == 8
    for number in range(8):
        assert tier.read(key(number)) == entry(number, 200_000)
    assert tier.errors == 0
