"""Finds what SOURCE means: a folder, or a ModelScope model id that is fetched into modelscope's cache.

ModelScope's own client does the work: it shows progress, verifies checksums, and goes on where an earlier download
stopped. It is imported only here, and only when something is to be fetched. It reads its environment variables:
MODELSCOPE_CACHE says where models are kept, MODELSCOPE_ENDPOINT which hub is asked.
"""

import errno
import os
import re
from pathlib import Path

from convert.errors import DownloadError

_MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_NOT_NEEDED = ["resource.zip", "*/resource.zip", "*.whl"]
"""The original text front end: hundreds of megabytes that are not read here."""
_MOVED_OWNERS = ("damo", "speech_tts")
"""Their models may be found under `iic` now."""


def locate(source: str, cache: Path | None = None, *, revision: str | None = None) -> Path:
    """The folder that `source` means. What exists here wins; else `owner/name` is fetched as a model id.

    Raises `DownloadError`, which names both readings.
    """
    path = os.path.expanduser(source)  # noqa: PTH111 - pathlib's raises for an unknown user
    if os.path.exists(path):  # noqa: PTH110 - pathlib's raises for a name that is too long
        return Path(path)
    if not _MODEL_ID.fullmatch(source):
        raise DownloadError(
            f"{source!r} is no folder here, and it does not look like a ModelScope model id, which is 'owner/name', "
            "such as iic/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k"
        )
    try:
        return fetch(source, cache, revision=revision)
    except DownloadError as error:
        raise DownloadError(f"{source} is no folder here, so it was taken for a ModelScope model id: {error}") from None


def fetch(model_id: str, cache: Path | None = None, *, revision: str | None = None) -> Path:
    """Downloads a model, or what is still missing of it, and returns its folder; `revision` is a branch or tag.

    Raises `DownloadError` when modelscope is not installed, the model unknown, the network gone or the disk full.
    """
    if not _MODEL_ID.fullmatch(model_id):
        raise DownloadError(f"{model_id!r} is not a model id; it should be 'owner/name'")
    try:
        from modelscope.hub.snapshot_download import snapshot_download
        from modelscope_hub.errors import HubError
        from requests import RequestException
    except ImportError as error:
        raise DownloadError(
            f'fetching models needs the package {error.name or "modelscope"}: pip install "sambert-server[convert]", '
            "or download the model by other means and name its folder"
        ) from None
    try:
        folder = snapshot_download(
            model_id, revision=revision, cache_dir=str(cache) if cache else None, ignore_patterns=_NOT_NEEDED
        )
    except (HubError, RequestException, OSError) as error:
        raise DownloadError(_in_words(error, model_id, revision)) from None
    if not any(Path(folder).iterdir()):
        raise DownloadError(f"model {model_id} holds no files that a voice needs")
    return Path(folder)


def _in_words(error: BaseException, model_id: str, revision: str | None) -> str:
    failed: dict[str, BaseException] = getattr(error, "failed_files", None) or {}
    for cause in (error, *failed.values()):
        number = getattr(cause, "errno", None)
        if number == errno.ENOSPC:
            return (
                f"the disk is full; free some space and run the same command again, {model_id} goes on where it stopped"
            )
        if number in (errno.EACCES, errno.EPERM, errno.EROFS):
            place = getattr(cause, "filename", None) or "the cache"
            return f"{place} cannot be written; set MODELSCOPE_CACHE to another folder"
    status = _status(error)
    if status == 404:
        hint = f"; it may be called iic/{model_id.split('/')[1]} now" if model_id.split("/")[0] in _MOVED_OWNERS else ""
        at = f" with revision {revision!r}" if revision else ""
        return f"ModelScope has no model {model_id!r}{at}{hint}; check the name on its page"
    if status in (401, 403):
        return f"ModelScope does not give {model_id!r} to everyone; log in with 'modelscope login' and try again"
    if failed:
        names, reason = ", ".join(sorted(failed)[:5]), _first_line(next(iter(failed.values())))
        return f"{names} could not be downloaded ({reason}); run the same command again to go on where it stopped"
    return f"ModelScope cannot be reached or does not answer ({_first_line(error)}); check the network and try again"


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if status is None and error.__cause__ is not None:
        return _status(error.__cause__)
    return status


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
