"""The voice that a benchmark measures."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.voices.engine import Engine, EngineSettings
from bench.voices.random_voice import RANDOM_VOICE, random_voice_models
from server.config import Config, ModelsSection
from server.voices.discovery import voice_folder, voice_folders
from server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class BenchmarkVoice:
    """A voice by its models folder and name."""

    models: Path
    name: str

    @property
    def precisions(self) -> tuple[str, ...]:
        """Precisions that the voice contains."""
        return tuple(Voice(self.models / self.name).precisions)

    def open(self, settings: EngineSettings, precision: str = "auto") -> Engine:
        """Loads the voice. Raises `SpeechError` if it cannot be used."""
        return Engine(settings.config(self.models, precision), self.name)

    @contextmanager
    def isolated(self) -> Iterator[Path]:
        """Provides a models folder that contains only this voice: a server loads every voice in its folder."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            (Path(folder) / self.name).symlink_to((self.models / self.name).resolve(), target_is_directory=True)
            yield Path(folder)

    def __str__(self) -> str:
        voice = Voice(self.models / self.name)
        millions = sum(graph.parameters for graph in voice.manifest.graphs.values()) / 1e6
        return f"{self.name}: {millions:.1f} M parameters, {voice.rate} Hz, {', '.join(voice.precisions)}"


def speakers(models: Path) -> list[str]:
    """Returns every speaker of every voice in a folder, as `voice/speaker`. Raises `VoiceError`."""
    voices = [Voice(folder) for folder in voice_folders(models) if (folder / "voice.yaml").is_file()]
    return [f"{voice.name}/{speaker}" for voice in voices for speaker in voice.manifest.speakers]


def find_voice(models: Path, name: str | None, settings: EngineSettings) -> BenchmarkVoice:
    """Returns a voice by its name, or the default voice; builds `RANDOM_VOICE` if `models` does not contain it.

    Raises `UnknownNameError`, `VoiceError` or `ConfigurationError` of the server.
    """
    if name == RANDOM_VOICE and not (models / RANDOM_VOICE).is_dir():
        variants = ("int8",) if settings.provider == "cpu" else ("fp16",)
        return BenchmarkVoice(random_voice_models(variants), RANDOM_VOICE)
    return BenchmarkVoice(models, voice_folder(Config(models=ModelsSection(path=models)), name).name)
