"""Which voices can speak: what the folder holds, and what stays in service although the folder has changed."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from server.config import PrecisionSetting
from server.errors import UnknownNameError, VoiceError
from server.voices.catalog import Catalog, FileStamp, folder_stamps, open_voice_folder, read_catalog
from server.voices.voice import Voice

log = logging.getLogger(__name__)

T = TypeVar("T")

SETTLING_SECONDS = 30.0
"""How long a folder that is no voice is looked at again after its last change: it may still be copied."""
CONFIRM_SECONDS = 0.3
"""A folder that is being replaced is missing for a moment."""


@dataclass(frozen=True, slots=True)
class FolderChanges:
    """What differs from the voices in service; names of folders."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    unusable: Mapping[str, str]
    """All folders that are no voice, or damaged -> the reason."""


class KnownVoices:
    """Voices by name. One thread at a time changes it; any thread may read it, since no mapping is ever modified."""

    def __init__(self) -> None:
        self.voices: Mapping[str, Voice] = {}
        """Those that can speak, in memory or not, sorted."""
        self.broken: Mapping[str, str] = {}
        """Folder -> why the voice cannot be used."""
        self.kept: Mapping[str, str] = {}
        """Voices that speak from memory although their folder has changed to something unusable -> the reason."""
        self._catalog: Catalog = {}
        self._failed: dict[str, tuple[FileStamp, ...]] = {}
        """Folders that are valid, but could not be opened -> their state then."""
        self._logged: dict[str, tuple[str, bool]] = {}

    def voice(self, name: str | None, default: str | None) -> Voice:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
        wanted = name or default or ""
        if wanted in self.broken:
            raise VoiceError(f"voice {wanted!r} is broken: {self.broken[wanted]}")
        if voice := self.voices.get(wanted):
            return voice
        if not name and wanted and self.voices:
            raise VoiceError(f"the default voice {wanted!r} is not there; name another one: {', '.join(self.voices)}")
        raise UnknownNameError("voice", wanted, self.voices)

    def look(self, models: Path, precision: PrecisionSetting, wait: Callable[[float], object]) -> FolderChanges:
        """Reads the folder, and says how it differs. Raises `ConfigurationError` without the folder.

        `wait` is called with a few tenths of a second before a voice counts as removed.
        """
        catalog = read_catalog(models, precision, self._catalog)
        if (self.voices.keys() | self.broken.keys()) - catalog.keys():
            wait(CONFIRM_SECONDS)
            catalog = read_catalog(models, precision, catalog)
        self._catalog = catalog
        usable = {name: entry.voice for name, entry in catalog.items() if entry.voice and self._may_open(name)}
        versions = {name: voice.digest for name, voice in self.voices.items()}
        for name, voice in usable.items():
            if name in self.kept and voice.digest == versions[name]:
                self.use(name, voice)  # what is in memory was copied again
        return FolderChanges(
            added=tuple(name for name in usable if name not in versions),
            replaced=tuple(name for name, one in usable.items() if versions.get(name, one.digest) != one.digest),
            removed=tuple(name for name in (*versions, *self.broken) if name not in catalog),
            unusable={name: entry.problem for name, entry in catalog.items() if not entry.voice},
        )

    def is_settling(self, name: str) -> bool:
        """Whether a file of the folder was written a short while ago."""
        entry = self._catalog.get(name)
        return entry is not None and time.time() - entry.changed_at < SETTLING_SECONDS

    def current(self, name: str, precision: PrecisionSetting) -> Voice:
        """What the folder of a known voice holds now, verified. Raises `VoiceError`."""
        entry, folder = self._catalog.get(name), self.voices[name].folder
        if entry and entry.voice and folder_stamps(folder) == entry.stamps:
            return entry.voice
        return open_voice_folder(folder, precision)

    def add(self, name: str) -> None:
        """A voice that `look` has found can speak from now on."""
        if voice := self._catalog[name].voice:
            self.use(name, voice)

    def use(self, name: str, voice: Voice) -> None:
        """This version is in service."""
        self.voices = dict(sorted({**self.voices, name: voice}.items()))
        self._forget_failure(name)

    def fail(self, name: str, reason: str, *, in_memory: bool) -> None:
        """The folder cannot be used. An older version that is in memory stays in service."""
        if entry := self._catalog.get(name):
            self._failed[name] = entry.stamps
        if in_memory:
            self.kept = {**self.kept, name: reason}
        else:
            self.voices, self.kept = _without(self.voices, name), _without(self.kept, name)
            self.broken = dict(sorted({**self.broken, name: reason}.items()))
        self._log(name, reason, in_memory=in_memory)

    def remove(self, name: str) -> None:
        """There is no such voice any more."""
        self.voices = _without(self.voices, name)
        self._forget_failure(name)

    def _forget_failure(self, name: str) -> None:
        self.kept, self.broken = _without(self.kept, name), _without(self.broken, name)
        self._failed.pop(name, None)
        self._logged.pop(name, None)

    def _may_open(self, name: str) -> bool:
        """Whether the folder has changed since it could not be opened."""
        return self._failed.get(name) != self._catalog[name].stamps

    def _log(self, name: str, reason: str, *, in_memory: bool) -> None:
        """Once for each reason, and again when the folder does not change any more."""
        settling = self.is_settling(name)
        if self._logged.get(name) == (reason, settling):
            return
        self._logged[name] = reason, settling
        consequence = "the old version stays in service" if in_memory else "it cannot be used"
        log.log(logging.WARNING if settling else logging.ERROR, "voice %s is broken, %s: %s", name, consequence, reason)


def _without(mapping: Mapping[str, T], name: str) -> Mapping[str, T]:
    return {key: value for key, value in mapping.items() if key != name}
