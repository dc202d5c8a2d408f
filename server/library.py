"""All the voices of one folder: the ones that speak, and the ones that are broken, with the reason."""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from server.config import Config
from server.errors import ConfigurationError, SpeechError, UnknownNameError, VoiceError
from server.memory import release
from server.precision import Choice
from server.runtime import Runtime
from server.synthesizer import Synthesizer
from server.text.pronunciation.entries import Entries
from server.voice import Voice

log = logging.getLogger(__name__)

DEFAULT_VOICE = "demo"


class Library:
    """Voices by name. Empty until `load`, which takes seconds and blocks.

    Raises `ConfigurationError` for a lexicon that cannot be used.
    """

    def __init__(self, config: Config, runtime: Runtime | None = None) -> None:
        self.runtime = runtime or Runtime(config.runtime, most_streams=config.scheduler.max_batch)
        self._lexicon = Entries.of(config.text.lexicon, config.text.place)
        self.state: Literal["loading", "ready", "failed"] = "loading"
        self._config = config
        self._voices: dict[str, Synthesizer] = {}
        self._broken: dict[str, str] = {}

    @property
    def voices(self) -> Mapping[str, Synthesizer]:
        return self._voices

    @property
    def broken(self) -> Mapping[str, str]:
        """Why a voice cannot speak, by its folder's name."""
        return self._broken

    @property
    def default_voice(self) -> str | None:
        """The configured one, else `demo`, else the first; None while there is no voice."""
        return self._config.models.default_voice or default_name(self._voices) or None

    def load(self) -> None:
        """Opens every voice below the configured folder and lets it speak once."""
        try:
            for folder in voice_folders(self._config.models.path):
                try:
                    self._voices[folder.name] = self._open(folder)
                except SpeechError as error:
                    log.error("voice %s is broken: %s", folder.name, error)
                    self._broken[folder.name] = str(error)
        finally:
            release()
            self.state = "ready" if self._voices else "failed"

    def synthesizer(self, name: str | None = None) -> Synthesizer:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
        name = name or self.default_voice
        if name in self._broken:
            raise VoiceError(f"voice {name!r} is broken: {self._broken[name]}")
        if name is None or name not in self._voices:
            raise UnknownNameError("voice", name or "", self._voices)
        return self._voices[name]

    def rates(self) -> dict[str, int]:
        """Hz, of every voice that can speak, by name."""
        return {name: synthesizer.rate for name, synthesizer in self._voices.items()}

    def open(self, name: str | None = None) -> Synthesizer:
        """One voice alone, without loading the others."""
        return self._open(voice_folder(self._config, name))

    def unload_idle(self) -> None:
        """Drops from memory what was not used for the configured time; it comes back when it is asked for."""
        self.runtime.unload_idle()

    def devices(self) -> dict[str, object]:
        """What the graphs run on, why not on something better, and each voice's precision with its reason."""
        precision = {name: asdict(self.precision(one.voice)) for name, one in self._voices.items()}
        return {"provider": self.runtime.provider, "fallback": self.runtime.fallback, "precision": precision}

    def precision(self, voice: Voice) -> Choice:
        """The precision that a voice runs in here, and why."""
        return self.runtime.choice(voice.precisions)

    def _open(self, folder: Path) -> Synthesizer:
        voice = Voice(folder)
        if voice.name != folder.name:
            raise VoiceError(f"{folder / 'voice.yaml'} says that it is voice {voice.name!r}; rename the folder to that")
        voice.require(self.runtime.settings.precision)
        voice.verify()
        text = self._config.text
        synthesizer = Synthesizer(voice, self.runtime, self._config.synthesis, self._lexicon, text.emoji)
        synthesizer.warm_up()
        return synthesizer


class OnDemand:
    """The voices of the same folder for one who speaks once: each is opened when it is asked for."""

    def __init__(self, config: Config) -> None:
        self._library = Library(config)
        self._config = config
        self._opened: dict[str, Synthesizer] = {}

    def synthesizer(self, name: str | None = None) -> Synthesizer:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
        folder = voice_folder(self._config, name).name
        if folder not in self._opened:
            self._opened[folder] = self._library.open(folder)
        return self._opened[folder]

    def rates(self) -> dict[str, int]:
        """Hz, of every voice whose voice.yaml can be read, by name."""
        found = {}
        for folder in voice_folders(self._config.models.path):
            with suppress(VoiceError):
                found[folder.name] = Voice(folder).rate
        return found


def voice_folder(config: Config, name: str | None) -> Path:
    """Where the voice of that name is, or the default one. Raises `UnknownNameError`, or `VoiceError` without any."""
    folders = {folder.name: folder for folder in voice_folders(config.models.path)}
    if not folders:
        raise VoiceError(f"there is no voice in {config.models.path}; convert one with `python -m convert`")
    name = name or config.models.default_voice or default_name(folders)
    if name not in folders:
        raise UnknownNameError("voice", name, folders)
    return folders[name]


def default_name(names: Iterable[str]) -> str:
    """`demo` if it is there, else the first one; empty if there is none."""
    names = list(names)
    return DEFAULT_VOICE if DEFAULT_VOICE in names else next(iter(names), "")


def voice_folders(models: Path) -> list[Path]:
    """The folders below `models` that look like voices. Raises `ConfigurationError` if there is no such folder."""
    if not models.is_dir():
        raise ConfigurationError(f"the voices' folder {models} does not exist; set models.path or give --models")
    return sorted(folder for folder in models.iterdir() if folder.is_dir() and not folder.name.startswith("."))
