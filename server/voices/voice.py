"""One voice folder: its manifest, names, and files verified by SHA-256. Loads no graph."""

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np

from server.config import Precision, PrecisionSetting
from server.errors import UnknownNameError, VoiceError
from server.types import Floats
from server.voices.manifest import EMOTION_PREFIX, read_manifest


class Voice:
    """An opened voice folder. Raises `VoiceError` with the reason if voice.yaml is missing or invalid."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)

    @property
    def name(self) -> str:
        """The name of the voice."""
        return self.manifest.name

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        return self.manifest.sample_rate

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers."""
        return self.manifest.speakers

    @property
    def license(self) -> str | None:
        """The license as voice.yaml states it; None if it does not."""
        return self.manifest.source.get("license")

    @property
    def emotions(self) -> tuple[str, ...]:
        """Names of the trained emotions without `emotion_`; where those are unknown, of all but placeholder rows."""
        names = [name.removeprefix(EMOTION_PREFIX) for name in self.manifest.emotions]
        trained = self.manifest.trained_emotions or [name for name in names if not name.startswith("placeholder")]
        return tuple(name for name in names if name in trained)

    @cached_property
    def speaker_embedding(self) -> Floats | None:
        """(1, size), for a voice that takes a speaker embedding; else None."""
        file = self.manifest.acoustic.speaker_embedding
        if file is None:
            return None
        vector: Floats = np.load(self.folder / file, allow_pickle=False).astype(np.float32)
        return vector.reshape(1, -1)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content of voice.yaml, which has those of all files: voices with equal digests sound alike."""
        return hashlib.sha256(self.manifest.model_dump_json().encode()).hexdigest()

    def speaker(self, name: str | None) -> str:
        """Returns the speaker `name`, by default the first one. Raises `UnknownNameError`."""
        if name is None:
            return self.speakers[0]
        if name not in self.speakers:
            raise UnknownNameError("speaker", name, self.speakers)
        return name

    def emotion(self, name: str | None) -> str:
        """Returns the emotion `name` (`happy` or `emotion_happy`) without its prefix.

        The default is neutral if that is trained, else the first one. Raises `UnknownNameError`, for an untrained
        emotion too.
        """
        if name is None:
            return "neutral" if "neutral" in self.emotions else self.emotions[0]
        bare = name.removeprefix(EMOTION_PREFIX)
        if bare not in self.emotions:
            raise UnknownNameError("emotion", name, self.emotions)
        return bare

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """The precisions of the voice; fp32 is always one of them."""
        return ("fp32", *self.manifest.variants)

    def require(self, precision: PrecisionSetting) -> None:
        """Raises `VoiceError` if the configuration forces a precision that the voice lacks."""
        if precision != "auto" and precision not in self.precisions:
            raise VoiceError(
                f"voice {self.name!r} has no {precision} variant (runtime.precision), "
                f"only {', '.join(self.precisions)}; "
                f"convert it again with `python -m convert {self.manifest.source.get('package', 'PACKAGE')} "
                f"--precision fp32,{precision}`, or set runtime.precision to auto"
            )

    def graph(self, name: str) -> Path:
        """Returns the path of a float32 graph. Raises `VoiceError` if the voice lacks it."""
        if name not in self.manifest.graphs:
            raise VoiceError(f"voice {self.name!r} has no graph {name!r}; convert it again")
        return self.folder / self.manifest.graphs[name].file

    def variants(self, name: str) -> dict[Precision, Path]:
        """Returns the paths of a graph in the other precisions."""
        return {
            precision: self.folder / variant.graphs[name].file
            for precision, variant in self.manifest.variants.items()
            if name in variant.graphs
        }

    def graph_bytes(self, precision: Precision) -> int:
        """The size of the graphs that are used in a precision."""
        variant = self.manifest.variants.get(precision) if precision != "fp32" else None
        graphs = {**self.manifest.graphs, **(variant.graphs if variant else {})}
        return sum(graph.bytes for graph in graphs.values())

    def verify(self) -> None:
        """Compares every file with its SHA-256 in voice.yaml.

        Raises `VoiceError` for a file that is missing, damaged, or cannot be read.
        """
        sets = [self.manifest.graphs, *(variant.graphs for variant in self.manifest.variants.values())]
        expected = {entry.file: entry.sha256 for graphs in sets for entry in graphs.values()} | self.manifest.files
        for file in expected:  # first, since that is quick, and finds most folders that are still being copied
            if not (self.folder / file).is_file():
                raise VoiceError(f"{self.folder / file} is missing; convert the voice again")
        for file, digest in expected.items():
            path = self.folder / file
            if _sha256(path) != digest:
                raise VoiceError(
                    f"{path} is damaged: its SHA-256 is not the one in voice.yaml; convert the voice again"
                )


def _sha256(path: Path) -> str:
    """Hexadecimal. Raises `VoiceError` for a file that cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise VoiceError(f"{path} cannot be read: {error.strerror}") from None
