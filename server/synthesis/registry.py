"""Loaded voices by name, and the broken ones with the reason."""

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from server.config import Config
from server.errors import SpeechError, UnknownNameError, VoiceError
from server.runtime.memory import trim_heap
from server.runtime.precision import PrecisionChoice
from server.runtime.runtime import Runtime
from server.synthesis.synthesizer import Synthesizer
from server.text.pronunciation.user_lexicon import UserLexicon
from server.voices.aliases import aliases
from server.voices.discovery import default_name, voice_folder, voice_folders
from server.voices.voice import Voice

log = logging.getLogger(__name__)


class VoiceRegistry:
    """All voices of the configured folder. Empty until `load`, which takes seconds and blocks.

    Raises `ConfigurationError` for an invalid lexicon or alias.
    """

    def __init__(self, config: Config, runtime: Runtime | None = None) -> None:
        self.runtime = runtime or Runtime(config.runtime, max_batch=config.scheduler.max_batch)
        self._lexicon = UserLexicon.of(config.text.lexicon, config.text.location_of)
        self.aliases = aliases(config)
        """Alias -> voice, `voice/speaker`, or a speaker of the default voice."""
        self.state: Literal["loading", "ready", "failed"] = "loading"
        self._config = config
        self._voices: dict[str, Synthesizer] = {}
        self._broken: dict[str, str] = {}

    @property
    def voices(self) -> Mapping[str, Synthesizer]:
        """The working voices, by name."""
        return self._voices

    @property
    def broken(self) -> Mapping[str, str]:
        """Folder name -> why the voice cannot be used."""
        return self._broken

    @property
    def default_voice(self) -> str | None:
        """The configured voice, else `demo`, else the first one; None before `load` and without voices."""
        return self._config.models.default_voice or default_name(self._voices) or None

    def load(self) -> None:
        """Opens every voice of the configured folder and warms it up. A broken one is logged and kept in `broken`."""
        try:
            for folder in voice_folders(self._config.models.path):
                try:
                    self._voices[folder.name] = self._open(folder)
                except SpeechError as error:
                    log.error("voice %s is broken: %s", folder.name, error)
                    self._broken[folder.name] = str(error)
        finally:
            trim_heap()
            self.state = "ready" if self._voices else "failed"

    def synthesizer(self, name: str | None = None) -> Synthesizer:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
        name = name or self.default_voice
        if name in self._broken:
            raise VoiceError(f"voice {name!r} is broken: {self._broken[name]}")
        if name is None or name not in self._voices:
            raise UnknownNameError("voice", name or "", self._voices)
        return self._voices[name]

    def sample_rates(self) -> dict[str, int]:
        """Hz, of every working voice, by name."""
        return {name: synthesizer.rate for name, synthesizer in self._voices.items()}

    def open(self, name: str | None = None) -> Synthesizer:
        """Opens one voice, without the others."""
        return self._open(voice_folder(self._config, name))

    def unload_idle(self) -> None:
        """Unloads voices that were idle for the configured time; the next request reloads them."""
        self.runtime.unload_idle()

    def device_report(self) -> dict[str, object]:
        """The active provider, the reason of a fallback, and each voice's precision with its reason."""
        precision = {name: asdict(self.precision(one.voice)) for name, one in self._voices.items()}
        return {"provider": self.runtime.provider, "fallback": self.runtime.fallback_reason, "precision": precision}

    @property
    def provider(self) -> str:
        """The active provider. Raises `DeviceError` if all have failed."""
        return self.runtime.provider

    def precision(self, voice: Voice) -> PrecisionChoice:
        """The precision that a voice runs in on the active provider, and why."""
        return self.runtime.precision(voice.precisions)

    def _open(self, folder: Path) -> Synthesizer:
        voice = Voice(folder)
        if voice.name != folder.name:
            raise VoiceError(f"{folder / 'voice.yaml'} has the name {voice.name!r}; rename the folder to that")
        voice.require(self.runtime.settings.precision)
        voice.verify()
        text = self._config.text
        synthesizer = Synthesizer(voice, self.runtime, self._config.synthesis, self._lexicon, text.emoji)
        synthesizer.warm_up()
        return synthesizer


class OnDemandVoices:
    """The same voices for a process that uses few of them: each one is opened when it is first used. Thread-safe."""

    def __init__(self, config: Config) -> None:
        self._registry = VoiceRegistry(config)
        self.aliases = self._registry.aliases
        self._config = config
        self._opened: dict[str, Synthesizer] = {}
        self._lock = threading.Lock()

    def synthesizer(self, name: str | None = None) -> Synthesizer:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
        folder = voice_folder(self._config, name).name
        with self._lock:
            if folder not in self._opened:
                self._opened[folder] = self._registry.open(folder)
            return self._opened[folder]

    def sample_rates(self) -> dict[str, int]:
        """Hz, of every voice with a readable voice.yaml, by name."""
        found = {}
        for folder in voice_folders(self._config.models.path):
            with suppress(VoiceError):
                found[folder.name] = Voice(folder).rate
        return found
