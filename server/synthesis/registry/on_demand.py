"""The voices of a process that uses few of them, such as a command: each one is opened when it is first used."""

import threading
from contextlib import suppress

from server.config import Config
from server.errors import VoiceError
from server.synthesis.registry.registry import VoiceRegistry
from server.synthesis.synthesizer import Synthesizer
from server.voices.discovery import voice_folder, voice_folders
from server.voices.voice import Voice


class OnDemandVoices:
    """Voices that stay once they were opened. Thread-safe."""

    def __init__(self, config: Config) -> None:
        self._registry = VoiceRegistry(config)
        self.aliases = self._registry.aliases
        self._config = config
        self._opened: dict[str, Synthesizer] = {}
        self._lock = threading.Lock()

    def voice(self, name: str | None = None) -> Voice:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
        return Voice(voice_folder(self._config, name))

    def synthesizer(self, name: str | None = None) -> Synthesizer:
        """The voice of that name, opened. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
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
