"""Resolves SOURCE: an existing folder, or a ModelScope model id, which is downloaded to ModelScope's cache.

ModelScope's client shows progress, verifies checksums and resumes interrupted downloads. It is imported only here, and
only for a download. Its environment variables apply: MODELSCOPE_CACHE is the folder of the models, MODELSCOPE_ENDPOINT
the URL of the hub.
"""

import errno
import os
import re
from pathlib import Path

from convert.errors import DownloadError

_MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_IGNORED_FILES = ["resource.zip", "*/resource.zip", "*.whl"]
"""The original text front end: hundreds of megabytes that the converter does not read."""
_MOVED_OWNERS = ("damo", "speech_tts")
"""Former owners of models that are now owned by `iic`."""


def resolve_source(source: str, cache: Path | None = None, *, revision: str | None = None) -> Path:
    """The path `source` if it exists, else the folder of the model `owner/name`, which is downloaded.

    Raises `DownloadError`, which names both interpretations.
    """
    path = os.path.expanduser(source)  # noqa: PTH111 - pathlib's raises for an unknown user
    if os.path.exists(path):  # noqa: PTH110 - pathlib's raises for a name that is too long
        return Path(path)
    if not _MODEL_ID.fullmatch(source):
        raise DownloadError(
            f"{source!r} is not an existing folder, and not a ModelScope model id, which is 'owner/name', such as "
            "iic/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k"
        )
    try:
        return download_model(source, cache, revision=revision)
    except DownloadError as error:
        raise DownloadError(
            f"{source} is not an existing folder, so it was used as a ModelScope model id: {error}"
        ) from None


def download_model(model_id: str, cache: Path | None = None, *, revision: str | None = None) -> Path:
    """Downloads a model, or the files that the cache lacks, and returns its folder; `revision` is a branch or tag.

    Raises `DownloadError` if modelscope is not installed, the model unknown, the network unavailable or the disk full.
    """
    if not _MODEL_ID.fullmatch(model_id):
        raise DownloadError(f"{model_id!r} is not a model id; it should be 'owner/name'")
    try:
        from modelscope.hub.snapshot_download import snapshot_download
        from modelscope_hub.errors import HubError
        from requests import RequestException
    except ImportError as error:
        raise DownloadError(
            f"downloading models needs the package {error.name or 'modelscope'}: "
            'pip install "sambert-server[convert]", or download the model by other means and give its folder'
        ) from None
    try:
        folder = snapshot_download(
            model_id, revision=revision, cache_dir=str(cache) if cache else None, ignore_patterns=_IGNORED_FILES
        )
    except (HubError, RequestException, OSError) as error:
        raise DownloadError(_failure_message(error, model_id, revision)) from None
    if not any(Path(folder).iterdir()):
        raise DownloadError(f"model {model_id} has none of the files of a voice")
    return Path(folder)


def _failure_message(error: BaseException, model_id: str, revision: str | None) -> str:
    failed: dict[str, BaseException] = getattr(error, "failed_files", None) or {}
    if message := next(filter(None, (_disk_message(cause, model_id) for cause in (error, *failed.values()))), None):
        return message
    status = _status(error)
    if status == 404:
        owner, name = model_id.split("/")
        hint = f"; it may be called iic/{name} now" if owner in _MOVED_OWNERS else ""
        at = f" with revision {revision!r}" if revision else ""
        return f"ModelScope has no model {model_id!r}{at}{hint}; check the name on its page"
    if status in (401, 403):
        return f"ModelScope denies access to {model_id!r}; log in with 'modelscope login' and try again"
    if failed:
        names, reason = ", ".join(sorted(failed)[:5]), _first_line(next(iter(failed.values())))
        return f"{names} could not be downloaded ({reason}); run the same command again to resume the download"
    return f"ModelScope cannot be reached or does not answer ({_first_line(error)}); check the network and try again"


def _disk_message(error: BaseException, model_id: str) -> str | None:
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC:
        return f"the disk is full; free some space and run the same command again to resume the download of {model_id}"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        place = getattr(error, "filename", None) or "the cache"
        return f"{place} cannot be written; set MODELSCOPE_CACHE to another folder"
    return None


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if status is None and error.__cause__ is not None:
        return _status(error.__cause__)
    return status


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
