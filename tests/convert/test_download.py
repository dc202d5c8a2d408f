"""Downloads from a fake ModelScope hub on the loopback interface, with the real modelscope client."""

import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convert.errors import DownloadError
from convert.source.download import download_model, resolve_source
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


def use_endpoint(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", url)
    monkeypatch.setattr("modelscope_hub.config._default_config", None)  # read once a process


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with running(Hub({MODEL: dict(FILES)})) as hub:
        use_endpoint(hub.url, monkeypatch)
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
    folder = download_model(MODEL, tmp_path / "cache")
    assert contents(folder) == {name: content for name, content in FILES.items() if name != "resource.zip"}
    assert "resource.zip" not in hub.downloaded_files()


def test_a_second_download_requests_no_file(hub: Hub, tmp_path: Path) -> None:
    first = download_model(MODEL, tmp_path / "cache")
    hub.downloads.clear()
    assert download_model(MODEL, tmp_path / "cache") == first
    assert hub.downloads == []


def test_an_interrupted_download_is_an_error_and_is_resumed(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after["voices/a/am/ckpt/checkpoint_1.pth"] = 2_500_000
    with pytest.raises(DownloadError, match=r"checkpoint_1\.pth could not be downloaded .* run the same command again"):
        download_model(MODEL, tmp_path / "cache")
    hub.cut_after.clear()
    hub.downloads.clear()
    folder = download_model(MODEL, tmp_path / "cache")
    [(name, byte_range)] = hub.downloads
    assert name == "voices/a/am/ckpt/checkpoint_1.pth"
    assert byte_range is not None
    assert int(byte_range.removeprefix("bytes=").removesuffix("-")) >= 1_000_000
    assert (folder / name).read_bytes() == WEIGHTS


def test_an_unknown_model_is_an_error_with_its_possible_new_owner(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"no model 'iic/other'; check the name"):
        download_model("iic/other", tmp_path / "cache")
    with pytest.raises(DownloadError, match=r"it may be called iic/other now"):
        download_model("damo/other", tmp_path / "cache")


def test_an_unknown_revision_is_an_error(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"with revision 'v9'"):
        download_model(MODEL, tmp_path / "cache", revision="v9")


def test_a_private_model_is_an_error_with_the_login_command(hub: Hub, tmp_path: Path) -> None:
    hub.status = 403
    with pytest.raises(DownloadError, match="modelscope login"):
        download_model(MODEL, tmp_path / "cache")


def test_an_unreachable_hub_is_a_download_error(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_endpoint("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(DownloadError, match=r"cannot be reached .* check the network"):
        download_model(MODEL, tmp_path / "cache")


def test_a_failing_hub_is_a_download_error(hub: Hub, tmp_path: Path) -> None:
    hub.status = 500
    with pytest.raises(DownloadError, match="cannot be reached or does not answer"):
        download_model(MODEL, tmp_path / "cache")


def test_a_full_disk_is_a_download_error(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("modelscope_hub._download._finish_download", full)
    with pytest.raises(DownloadError, match="disk is full"):
        download_model(MODEL, tmp_path / "cache")


def test_a_cache_that_is_a_file_is_a_download_error(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(DownloadError):
        download_model(MODEL, tmp_path / "cache")


def test_a_model_without_useful_files_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.models["iic/empty"] = {"resource.zip": b"x"}
    with pytest.raises(DownloadError, match="has none of the files"):
        download_model("iic/empty", tmp_path / "cache")


def test_an_existing_folder_has_priority_over_a_model_of_the_same_name(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MODEL).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert resolve_source(MODEL) == Path(MODEL)
    assert hub.downloads == []


def test_a_source_that_is_no_folder_is_downloaded(hub: Hub, tmp_path: Path) -> None:
    assert (resolve_source(MODEL, tmp_path / "cache") / "configuration.json").is_file()


def test_the_error_for_an_unknown_source_names_both_interpretations(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"not an existing folder, so it was used as .* has no model 'my/voice'"):
        resolve_source("my/voice", tmp_path / "cache")


@pytest.mark.parametrize(
    "source",
    ["/no/such/folder", "./iic/x", "../x", "voice", "a/b/c", "iic/", "", "~nobody-of-this-name/x", "x" * 5000, "a/b\0"],
)
def test_a_source_that_is_a_path_is_not_sent_to_the_hub(source: str, hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="is not an existing folder, and not a ModelScope model id"):
        resolve_source(source, tmp_path / "cache")
    assert hub.requests == 0


def test_without_modelscope_the_error_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope.hub.snapshot_download", None)
    with pytest.raises(DownloadError, match=r'pip install "sambert-server\[convert\]"'):
        download_model(MODEL)


def test_importing_the_module_does_not_import_modelscope() -> None:
    program = "import sys, convert.source.download; sys.exit('modelscope' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
