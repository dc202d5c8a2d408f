"""The voices that are measured, and the engines that speak with them."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.voices.random_package import write_package
from convert.conversion import convert_voice
from convert.source.package import find_voices
from server.config import Config, ModelsSection, RuntimeSection
from server.synthesis.registry import VoiceRegistry
from server.synthesis.synthesizer import Synthesizer
from server.voices.discovery import voice_folder
from server.voices.voice import Voice

RANDOM = "random-16k"
"""Name of the full-size voice with random weights."""
_ROOT = Path(__file__).parents[2]
CACHE = _ROOT / "build/bench/voices"
_MAKERS = ("random_package.py", "pth.py")


@dataclass(frozen=True, slots=True)
class Engine:
    """Where and how a voice is run."""

    provider: str = "cpu"
    """tensorrt turns to cuda, cuda to the CPU where it cannot work, and says why."""
    threads: int = 0
    """For one computation; 0: as the server chooses."""

    def config(self, models: Path, precision: str = "auto") -> Config:
        order = ("tensorrt", "cuda", "cpu")
        providers = order[order.index(self.provider) :]
        settings = {"providers": providers, "threads": self.threads, "precision": precision}
        return Config(models=ModelsSection(path=models), runtime=RuntimeSection.model_validate(settings))


@dataclass(frozen=True, slots=True)
class Subject:
    """One voice to measure."""

    models: Path
    name: str

    @property
    def voice(self) -> Voice:
        return Voice(self.models / self.name)

    def library(self, engine: Engine, precision: str = "auto") -> VoiceRegistry:
        """Which opens the voice, and knows afterwards what it runs on."""
        return VoiceRegistry(engine.config(self.models, precision))

    def open(self, engine: Engine) -> Synthesizer:
        """Ready to speak: verified and warm."""
        return self.library(engine).open(self.name)

    def __str__(self) -> str:
        voice = self.voice
        millions = sum(graph.parameters for graph in voice.manifest.graphs.values()) / 1e6
        return f"{self.name}: {millions:.1f} M parameters, {voice.rate} Hz, {', '.join(voice.precisions)}"


def find(models: Path, name: str | None, engine: Engine) -> Subject:
    """A voice by its name, or the default one; `RANDOM` is made when it is not there.

    Raises `UnknownNameError`, `VoiceError` or `ConfigurationError` of the server.
    """
    if name == RANDOM and not (models / RANDOM).is_dir():
        return Subject(random_voice(("int8",) if engine.provider == "cpu" else ("fp16",)), RANDOM)
    return Subject(models, voice_folder(Config(models=ModelsSection(path=models)), name).name)


def random_voice(variants: tuple[str, ...], cache: Path = CACHE) -> Path:
    """The folder that holds the voice `RANDOM`, converted when the converter has changed since the last time.

    Of the precisions besides fp32, those are there that stand the converter's test.
    """
    sources = [*sorted((_ROOT / "convert").rglob("*.py")), *(_ROOT / "bench" / name for name in _MAKERS)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:12]
    models = cache / "-".join([digest, *variants])
    if not (models / RANDOM / "voice.yaml").is_file():
        for old in cache.glob("*"):
            if not old.name.startswith(digest):
                shutil.rmtree(old)
        with tempfile.TemporaryDirectory() as folder:
            for parts in find_voices(write_package(Path(folder), RANDOM)):
                convert_voice(parts, models, "random weights", lambda step: None, variants)
    return models


@contextmanager
def alone(subject: Subject) -> Iterator[Path]:
    """A folder with this voice and no other, for a server that loads all it finds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        (Path(folder) / subject.name).symlink_to((subject.models / subject.name).resolve(), target_is_directory=True)
        yield Path(folder)
