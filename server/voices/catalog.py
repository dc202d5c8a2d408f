"""What a models folder holds at one moment: verified voices, and the folders that are none, with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from server.config import PrecisionSetting
from server.errors import VoiceError
from server.voices.discovery import voice_folders
from server.voices.voice import Voice

FileStamp: TypeAlias = tuple[str, int, int, int, int]
"""Name, inode, size, and nanoseconds of the last changes of the content and of the file."""


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One folder."""

    stamps: tuple[FileStamp, ...]
    """Of its files, before they were verified."""
    voice: Voice | None
    """None if it cannot be used."""
    problem: str = ""
    """Why it cannot be used, and what to do."""

    @property
    def changed_at(self) -> float:
        """When a file was written last, as `time.time()` tells it; copies that keep their dates count too."""
        return max((changed for *_, changed in self.stamps), default=0) / 1e9


Catalog: TypeAlias = Mapping[str, CatalogEntry]
"""By name of the folder, sorted."""


def read_catalog(models: Path, precision: PrecisionSetting, previous: Catalog) -> Catalog:
    """Verifies the folders of `models` that differ from `previous`; the others keep their entries.

    Raises `ConfigurationError` if `models` is not a folder.
    """
    return {folder.name: _entry(folder, precision, previous.get(folder.name)) for folder in voice_folders(models)}


def open_voice_folder(folder: Path, precision: PrecisionSetting) -> Voice:
    """The voice of a folder, with all files verified. Raises `VoiceError` with the reason if it cannot be used."""
    voice = Voice(folder)
    if voice.name != folder.name:
        raise VoiceError(f"{folder / 'voice.yaml'} has the name {voice.name!r}; rename the folder to that")
    voice.require(precision)
    voice.verify()
    return voice


def _entry(folder: Path, precision: PrecisionSetting, previous: CatalogEntry | None) -> CatalogEntry:
    stamps = folder_stamps(folder)
    if previous and stamps and stamps == previous.stamps:
        return previous
    try:
        return CatalogEntry(stamps, open_voice_folder(folder, precision))
    except VoiceError as error:
        return CatalogEntry(stamps, None, str(error))


def folder_stamps(folder: Path) -> tuple[FileStamp, ...]:
    """The stamps of the files in a folder, sorted by name; empty for a folder that vanishes meanwhile."""
    try:
        return tuple(sorted(_stamp(path) for path in folder.iterdir() if path.is_file()))
    except OSError:
        return ()


def _stamp(path: Path) -> FileStamp:
    status = path.stat()
    return path.name, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
