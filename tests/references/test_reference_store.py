"""References in files: private, limited, with an end, and whatever the disk does."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.config import ReferencesSection
from server.errors import ReferenceLimitError, RequestError, StoreError
from server.references.store import MAX_CHARACTERS, ReferenceStore
from tests.references.conftest import ANALYSIS

DAY = 86400
CONSENT = "I am the speaker, and I agree."


class Store(ReferenceStore):
    """With a clock that the test sets."""

    def __init__(self, folder, opened, **settings):
        self.now = 1_800_000_000.0
        self.opened = opened
        super().__init__(folder, ReferencesSection(**settings), clock=lambda: self.now)

    def keep(self, client, data, **fields):
        return self.add(client, data, self.opened(data), **{"name": "a", "consent": CONSENT, **fields})


@pytest.fixture
def store(tmp_path, opened):
    return Store(tmp_path / "data", opened)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def the_file(store):
    (path,) = files(store._root)
    return path


def test_what_is_kept_is_found_again_also_after_a_restart(store, tmp_path, opened):
    stored = store.keep("anna", b"recording", name="安娜", transcript="你好。\n")
    assert stored.id.startswith("ref_")
    assert len(stored.id) == 36
    assert (stored.size, stored.format, stored.seconds, stored.analysis) == (9, "wav", 2.0, ANALYSIS)
    assert stored.digest == opened(b"recording").recording.digest
    for each in (store, Store(tmp_path / "data", opened)):
        assert each.list("anna") == [stored]
        assert each.get("anna", stored.id) == stored
        assert each.read("anna", stored.id) == b"recording"


def test_nothing_is_on_the_disk_before_something_is_kept(store, tmp_path):
    assert store.list("anna") == []
    assert store.get("anna", "ref_" + "0" * 32) is None
    assert not store.delete("anna", "ref_" + "0" * 32)
    assert store.sweep() == []
    with pytest.raises(RequestError):
        store.keep("anna", b"recording", consent=" ")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("consent", ["", " \n"])
def test_nothing_is_kept_without_consent(store, consent):
    with pytest.raises(RequestError, match="nothing is stored without consent") as refusal:
        store.keep("anna", b"recording", consent=consent)
    assert (refusal.value.param, refusal.value.code) == ("consent", "consent_missing")


@pytest.mark.parametrize("param", MAX_CHARACTERS)
def test_texts_have_a_limit(store, param):
    longest = "声" * MAX_CHARACTERS[param]
    assert getattr(store.keep("anna", b"recording", **{param: longest}), param) == longest
    with pytest.raises(RequestError, match="characters; at most") as refusal:
        store.keep("anna", b"recording", **{param: longest + "声"})
    assert refusal.value.param == param


def test_the_same_file_is_one_reference(store):
    first = store.keep("anna", b"recording", name="first")
    store.now += 60
    second = store.keep("anna", b"recording", name="second")
    assert first.id == second.id
    assert store.list("anna") == [second]


def test_the_newest_come_first(store):
    names = []
    for number in range(5):
        store.now += 1
        names.insert(0, store.keep("anna", bytes([number]), name=str(number)).name)
    assert [each.name for each in store.list("anna")] == names


def test_a_client_sees_nothing_of_another(store):
    mine, other = store.keep("anna", b"recording"), store.keep("ben", b"recording")
    assert mine.id != other.id
    for client in ("ben", "", "ANNA", "anna/../anna"):
        assert store.get(client, mine.id) is None
        assert store.read(client, mine.id) is None
        assert not store.delete(client, mine.id)
        assert mine not in store.list(client)
    assert store.get("anna", mine.id) == mine
    assert store.list("") == []


@pytest.mark.parametrize("wrong", ["", "ref_", "ref_" + "g" * 32, "ref_" + "0" * 33, "../../../etc/passwd", "ref_\0"])
def test_what_is_no_id_reaches_no_path(store, wrong):
    store.keep("anna", b"recording")
    assert store.get("anna", wrong) is None
    assert store.read("anna", wrong) is None
    assert not store.delete("anna", wrong)


def test_a_deleted_reference_is_gone(store):
    stored, other = store.keep("anna", b"my voice"), store.keep("anna", b"another")
    assert store.delete("anna", stored.id)
    assert not store.delete("anna", stored.id)
    assert store.get("anna", stored.id) is None
    assert store.read("anna", stored.id) is None
    assert store.list("anna") == [other]
    assert not any(b"my voice" in path.read_bytes() for path in files(store._root))
    assert store.delete("anna", other.id)
    assert list(store._root.iterdir()) == []


def test_only_the_server_may_read_the_files(store):
    store.keep("anna", b"recording")
    path = the_file(store)
    assert [oct(each.stat().st_mode & 0o777) for each in (path, path.parent, path.parents[1])] == [
        "0o600",
        "0o700",
        "0o700",
    ]
    assert "anna" not in str(path.relative_to(store._root))


def test_a_reference_that_is_too_old_is_gone_and_the_next_sweep_deletes_it(store):
    old, damaged = store.keep("anna", b"old"), store.keep("anna", b"damaged")
    path = store._path("anna", damaged.id)
    path.write_bytes(b"nothing")
    os.utime(path, (store.now, store.now))
    assert old.expires == store.now + 30 * DAY
    store.now += 30 * DAY - 1
    young = store.keep("anna", b"young")
    assert store.get("anna", old.id) == old
    assert store.sweep() == []
    store.now += 1
    assert store.get("anna", old.id) is None
    assert store.read("anna", old.id) is None
    assert store.list("anna") == [young]
    assert sorted(store.sweep()) == sorted(["", old.digest])
    assert len(files(store._root)) == 1


def test_the_age_limit_is_that_of_the_configuration_in_force(store):
    stored = store.keep("anna", b"recording")
    store.reconfigure(ReferencesSection(keep=0))
    store.now += 10_000 * DAY
    found = store.get("anna", stored.id)
    assert found is not None
    assert found.expires is None
    assert store.sweep() == []
    store.reconfigure(ReferencesSection(keep=0.5))
    assert store.get("anna", stored.id) is None


def test_what_a_killed_writer_left_is_deleted(store):
    store.keep("anna", b"recording")
    left = the_file(store).with_name(".ref_x.reference.abcd")
    left.write_bytes(b"half of a record")
    store.sweep()
    assert left.exists()
    os.utime(left, (0, 0))
    store.sweep()
    assert not left.exists()
    assert len(store.list("anna")) == 1


def test_a_client_may_keep_so_many(tmp_path, opened):
    store = Store(tmp_path, opened, client_references=2, keep=1.0)
    first = store.keep("anna", b"1")
    store.keep("anna", b"2")
    with pytest.raises(ReferenceLimitError, match="2 references are kept"):
        store.keep("anna", b"3")
    store.keep("anna", b"2", name="again")
    store.keep("ben", b"3")
    store.delete("anna", first.id)
    store.keep("anna", b"3")
    store.now += DAY
    assert len(store.sweep("anna")) == 2
    store.keep("anna", b"4")
    assert len(store.list("anna")) == 1
    assert len(store.sweep()) == 1


def test_a_client_may_keep_so_many_bytes(tmp_path, opened):
    store = Store(tmp_path, opened, client_megabytes=1)
    store.keep("anna", bytes(600_000))
    with pytest.raises(ReferenceLimitError, match=r"1\.1 MiB, and one client may have 1"):
        store.keep("anna", bytes(600_001))
    store.keep("anna", bytes(400_000))


def test_a_damaged_file_is_left_out_and_reported_once(store, caplog):
    stored, other = store.keep("anna", b"recording"), store.keep("anna", b"another")
    path = store._path("anna", stored.id)
    whole = path.read_bytes()
    description_end = whole.index(b"\n", 20)
    for damaged in (b"", b"x" * 100, whole[:30], whole[: description_end - 5] + whole[description_end:]):
        path.write_bytes(damaged)
        assert store.list("anna") == [other]
        assert store.get("anna", stored.id) is None
        assert store.read("anna", stored.id) is None
    assert caplog.text.count("is damaged and is left out") == 1
    path.write_bytes(whole[:-1] + b"?")
    assert store.get("anna", stored.id) == stored
    assert store.read("anna", stored.id) is None
    path.write_bytes(store._path("anna", other.id).read_bytes())
    assert store.list("anna") == [other]
    assert store.delete("anna", stored.id)
    assert not path.exists()


def test_an_analysis_of_another_version_is_left_out(store):
    stored = store.keep("anna", b"recording")
    path = the_file(store)
    kind, description, data = path.read_bytes().split(b"\n", 2)
    content = json.loads(description)
    del content["analysis"]["tilt"]
    path.write_bytes(b"\n".join([kind, json.dumps(content).encode(), data]))
    found = store.get("anna", stored.id)
    assert found is not None
    assert found.analysis is None
    assert found.name == stored.name
    assert store.read("anna", stored.id) == b"recording"


def test_threads_may_use_it_at_a_time(tmp_path, opened):
    store = Store(tmp_path, opened, client_references=20)

    def work(number):
        try:
            stored = store.keep("anna", bytes([number % 30]))
        except ReferenceLimitError:
            return
        store.list("anna")
        store.sweep()
        store.read("anna", stored.id)
        if number % 3 == 0:
            store.delete("anna", stored.id)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(200)))
    kept = store.list("anna")
    assert 0 < len(kept) <= 20
    assert all(store.read("anna", each.id) for each in kept)


@pytest.fixture
def mount(tmp_path):
    """`mount("size=1m")` makes the folder of the store a file system of its own, in memory."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount_folder(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this user may not mount")
        return folder

    yield mount_folder
    subprocess.run(["umount", "-l", folder], capture_output=True)


def test_a_full_disk_is_said_and_changes_nothing(mount, opened):
    store = Store(mount("size=1m"), opened)
    first = store.keep("anna", bytes(600_000))
    with pytest.raises(StoreError, match=r"cannot be kept in .*: No space left on device; free space") as refusal:
        store.keep("anna", bytes(700_000))
    assert refusal.value.is_full
    assert store.list("anna") == [first]
    assert len(files(store._root)) == 1
    assert store.delete("anna", first.id)
    store.keep("anna", bytes(700_000))


def test_a_read_only_disk_can_be_read(mount, opened):
    folder = mount("size=1m")
    store = Store(folder, opened)
    stored = store.keep("anna", b"recording")
    assert not subprocess.run(["mount", "-o", "remount,ro", folder], capture_output=True).returncode
    assert store.read("anna", stored.id) == b"recording"
    for change in (lambda: store.keep("anna", b"another"), lambda: store.delete("anna", stored.id)):
        with pytest.raises(StoreError, match="Read-only file system") as refusal:
            change()
        assert not refusal.value.is_full
    assert store.list("anna") == [stored]


def test_a_folder_that_is_a_file_is_an_error_with_its_path(tmp_path, opened):
    (tmp_path / "references").write_text("")
    store = Store(tmp_path, opened)
    with pytest.raises(StoreError, match=r"cannot be kept in .*/references: "):
        store.keep("anna", b"recording")
    with pytest.raises(StoreError, match=r"cannot be listed in .*/references: Not a directory"):
        store.list("anna")
