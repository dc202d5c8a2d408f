"""Puts voice folders into the models folder, and takes them out of it: never half of one, whatever is interrupted."""

import os
import re
import shutil
import time
from pathlib import Path

from server.errors import ConfigurationError, RequestError

VOICE_NAME = re.compile(r"\w[\w.-]{0,63}")
"""A name of a voice that is created over HTTP: no path, no option of a command, no hidden folder."""
TRASH = ".trash"
_STAGING = ".conversion-"
_STAGING_SECONDS = 24 * 3600
"""After which a staging folder is that of a process that was killed."""


def require_voice_name(name: str) -> None:
    """Raises `RequestError` unless the name can be one of a new voice."""
    if not VOICE_NAME.fullmatch(name):
        raise RequestError(
            f"{name[:80]!r} cannot be the name of a voice: letters, digits, -, _ and . are possible, at most 64, and a "
            "letter or digit first",
            param="name",
        )


def require_writable(models: Path) -> None:
    """Raises `ConfigurationError` if voices cannot be written to the models folder."""
    if not os.access(models, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"the models folder {models} is read-only for this server: mount it writable, or change it by other means "
            "and reload the voices with POST /v1/admin/voices/reload"
        )


def make_staging_folder(models: Path, identifier: str) -> Path:
    """A hidden folder beside the voices. Removes those of processes that were killed."""
    for old in models.glob(f"{_STAGING}*"):
        if time.time() - old.stat().st_mtime > _STAGING_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    staging = models / f"{_STAGING}{identifier}"
    staging.mkdir()
    return staging


def install_voice(new: Path, models: Path) -> None:
    """Moves a complete folder to its name in `models`; an older voice of that name is replaced.

    Between its two renames a kill leaves the older voice as `.NAME.old`; `restore_interrupted` brings it back.
    """
    target, old = models / new.name, models / f".{new.name}.old"
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def restore_interrupted(models: Path) -> list[str]:
    """Brings back the voices whose replacement was killed between its two renames; returns their names."""
    restored = []
    for old in models.glob(".*.old"):
        target = models / old.name.removeprefix(".").removesuffix(".old")
        if old.is_dir() and not target.exists() and os.access(models, os.W_OK):
            old.rename(target)
            restored.append(target.name)
    return restored


def discard_voice(models: Path, name: str) -> Path:
    """Moves a folder to the trash in `models`, from which it can be taken back by hand. Returns its place there."""
    trash = models / TRASH
    trash.mkdir(exist_ok=True)
    place = trash / f"{name}.{time.time_ns()}"
    (models / name).rename(place)
    return place
