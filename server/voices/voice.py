"""One voice folder: voice.yaml, and the files that it names, verified by their SHA-256. Loads no graph."""

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np

from server.config import Precision, PrecisionSetting
from server.errors import UnknownNameError, VoiceError
from server.types import Floats
from server.voices.manifest import EMOTION_PREFIX, read_manifest


class Voice:
    """One opened voice folder. Raises `VoiceError` with the reason when it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def rate(self) -> int:
        """Hz"""
        return self.manifest.sample_rate

    @property
    def speakers(self) -> tuple[str, ...]:
        return self.manifest.speakers

    @property
    def emotions(self) -> tuple[str, ...]:
        """Names as a person writes them: without `emotion_`, and without the unused rows of the table."""
        names = (name.removeprefix(EMOTION_PREFIX) for name in self.manifest.emotions)
        return tuple(name for name in names if not name.startswith("placeholder"))

    @cached_property
    def speaker_embedding(self) -> Floats | None:
        """(1, size), for a voice that was trained with speaker embeddings."""
        file = self.manifest.acoustic.speaker_embedding
        if file is None:
            return None
        vector: Floats = np.load(self.folder / file, allow_pickle=False).astype(np.float32)
        return vector.reshape(1, -1)

    def speaker(self, name: str | None) -> str:
        """The speaker of that name, by default the first one."""
        if name is None:
            return self.speakers[0]
        if name not in self.speakers:
            raise UnknownNameError("speaker", name, self.speakers)
        return name

    def emotion(self, name: str | None) -> str:
        """The emotion of that name (`happy` or `emotion_happy`), by default neutral."""
        if name is None:
            return "neutral" if "neutral" in self.emotions else self.emotions[0]
        bare = name.removeprefix(EMOTION_PREFIX)
        if bare not in self.emotions:
            raise UnknownNameError("emotion", name, self.emotions)
        return bare

    @property
    def precisions(self) -> tuple[Precision, ...]:
        return ("fp32", *self.manifest.variants)

    def require(self, wanted: PrecisionSetting) -> None:
        """Raises `VoiceError` for a voice without the precision that the configuration forces."""
        if wanted != "auto" and wanted not in self.precisions:
            raise VoiceError(
                f"voice {self.name!r} has no {wanted} variant (runtime.precision), only {', '.join(self.precisions)}; "
                f"convert it again with `python -m convert {self.manifest.source.get('package', 'PACKAGE')} "
                f"--precision fp32,{wanted}`, or set runtime.precision to auto"
            )

    def graph(self, name: str) -> Path:
        """Path of one float32 graph; `VoiceError` if the voice has none of that name."""
        if name not in self.manifest.graphs:
            raise VoiceError(f"voice {self.name!r} has no graph {name!r}; convert it again")
        return self.folder / self.manifest.graphs[name].file

    def variants(self, name: str) -> dict[Precision, Path]:
        """Paths of the same graph in other precisions."""
        return {
            precision: self.folder / variant.graphs[name].file
            for precision, variant in self.manifest.variants.items()
            if name in variant.graphs
        }

    def verify(self) -> None:
        """Compares every file with its SHA-256 in voice.yaml."""
        sets = [self.manifest.graphs, *(variant.graphs for variant in self.manifest.variants.values())]
        expected = {entry.file: entry.sha256 for graphs in sets for entry in graphs.values()} | self.manifest.files
        for file, digest in expected.items():
            path = self.folder / file
            if not path.is_file():
                raise VoiceError(f"{path} is missing; convert the voice again")
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                    raise VoiceError(
                        f"{path} is damaged: its SHA-256 is not the one in voice.yaml; convert the voice again"
                    )
