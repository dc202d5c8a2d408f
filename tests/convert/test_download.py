"""Downloads from a stand-in of the ModelScope hub on the loopback, with modelscope's real client."""

import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convert.errors import DownloadError
from convert.source.download import fetch, locate
from tests.convert.hub import Hub, running

pytest.importorskip("modelscope.hub.snapshot_download")

MODEL = "iic/speech_test_16k"
WEIGHTS = bytes(range(251)) * 12_000  # 3 MB: the client writes in steps of one
FILES = {
    "configuration.json": b'{"framework": "pytorch"}',
    "voices/voices.json": b'{"voices": ["a"]}',
    "voices/a/am/ckpt/checkpoint_1.pth": WEIGHTS,
    "resource.zip": b"the original front end",
}


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", url)
    monkeypatch.setattr("modelscope_hub.config._default_config", None)  # read once a process


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with running(Hub({MODEL: dict(FILES)})) as hub:
        point_at(hub.url, monkeypatch)
        monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("MODELSCOPE_DOMAIN", raising=False)
        # The client would wait several seconds between its attempts.
        monkeypatch.setattr("modelscope_hub._legacy_api.REPO_TREE_PAGE_MAX_ATTEMPTS", 1)
        monkeypatch.setattr("modelscope_hub._download.DOWNLOAD_RETRY_TIMES", 0)
        yield hub


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_model_is_downloaded_without_the_original_front_end(hub: Hub, tmp_path: Path) -> None:
    folder = fetch(MODEL, tmp_path / "cache")
    assert contents(folder) == {name: content for name, content in FILES.items() if name != "resource.zip"}
    assert "resource.zip" not in hub.files_asked()


def test_a_second_download_asks_for_no_file_again(hub: Hub, tmp_path: Path) -> None:
    first = fetch(MODEL, tmp_path / "cache")
    hub.asked.clear()
    assert fetch(MODEL, tmp_path / "cache") == first
    assert hub.asked == []


def test_a_cut_download_says_so_and_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after["voices/a/am/ckpt/checkpoint_1.pth"] = 2_500_000
    with pytest.raises(DownloadError, match=r"checkpoint_1\.pth could not be downloaded .* run the same command again"):
        fetch(MODEL, tmp_path / "cache")
    hub.cut_after.clear()
    hub.asked.clear()
    folder = fetch(MODEL, tmp_path / "cache")
    [(name, asked)] = hub.asked
    assert name == "voices/a/am/ckpt/checkpoint_1.pth"
    assert asked is not None
    assert int(asked.removeprefix("bytes=").removesuffix("-")) >= 1_000_000
    assert (folder / name).read_bytes() == WEIGHTS


def test_an_unknown_model_is_named_with_where_it_may_have_moved(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"no model 'iic/other'; check the name"):
        fetch("iic/other", tmp_path / "cache")
    with pytest.raises(DownloadError, match=r"it may be called iic/other now"):
        fetch("damo/other", tmp_path / "cache")


def test_an_unknown_revision_is_named(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"with revision 'v9'"):
        fetch(MODEL, tmp_path / "cache", revision="v9")


def test_a_model_that_is_not_public_asks_to_log_in(hub: Hub, tmp_path: Path) -> None:
    hub.status = 403
    with pytest.raises(DownloadError, match="modelscope login"):
        fetch(MODEL, tmp_path / "cache")


def test_a_hub_that_is_gone_is_an_error_in_words(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(DownloadError, match=r"cannot be reached .* check the network"):
        fetch(MODEL, tmp_path / "cache")


def test_a_failing_hub_is_an_error_in_words(hub: Hub, tmp_path: Path) -> None:
    hub.status = 500
    with pytest.raises(DownloadError, match="cannot be reached or does not answer"):
        fetch(MODEL, tmp_path / "cache")


def test_a_full_disk_is_named(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("modelscope_hub._download._finish_download", full)
    with pytest.raises(DownloadError, match="disk is full"):
        fetch(MODEL, tmp_path / "cache")


def test_a_cache_that_is_a_file_is_an_error_in_words(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(DownloadError):
        fetch(MODEL, tmp_path / "cache")


def test_a_model_without_useful_files_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.models["iic/empty"] = {"resource.zip": b"x"}
    with pytest.raises(DownloadError, match="holds no files"):
        fetch("iic/empty", tmp_path / "cache")


def test_an_existing_folder_wins_over_a_model_of_the_same_name(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MODEL).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert locate(MODEL) == Path(MODEL)
    assert hub.asked == []


def test_a_source_that_is_no_folder_is_fetched(hub: Hub, tmp_path: Path) -> None:
    assert (locate(MODEL, tmp_path / "cache") / "configuration.json").is_file()


def test_a_source_that_is_neither_names_both_readings(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"no folder here, so it was taken for .* has no model 'my/voice'"):
        locate("my/voice", tmp_path / "cache")


@pytest.mark.parametrize(
    "source",
    ["/no/such/folder", "./iic/x", "../x", "voice", "a/b/c", "iic/", "", "~nobody-of-this-name/x", "x" * 5000, "a/b\0"],
)
def test_a_source_that_looks_like_a_path_is_never_sent_to_the_hub(source: str, hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="no folder here, and it does not look like a ModelScope model id"):
        locate(source, tmp_path / "cache")
    assert hub.requests == 0


def test_without_modelscope_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope.hub.snapshot_download", None)
    with pytest.raises(DownloadError, match=r'pip install "sambert-server\[convert\]"'):
        fetch(MODEL)


def test_importing_the_module_does_not_load_modelscope() -> None:
    program = "import sys, convert.source.download; sys.exit('modelscope' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
