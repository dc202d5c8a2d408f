"""Opens one voice folder: `voice.yaml`, checked, and the files that it names, verified by their SHA-256.

`voice.yaml` is the whole contract with `convert/`: what the tables are, what the numbers mean, which graphs there are.
Opening a voice loads no graph; the stages do that through `runtime`.
"""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.config import Precision, PrecisionSetting
from server.errors import UnknownNameError, VoiceError
from server.signals import Floats

FORMAT = 2
EMOTION_PREFIX = "emotion_"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitInventory(_Section):
    """What the voice was trained to read. Row n of an embedding table is entry n of its list, then `specials`."""

    kind: Literal["phones", "bytes"]
    phones: tuple[str, ...] = ()
    tones: tuple[str, ...] = ()
    syllable_flags: tuple[str, ...] = ()
    word_flags: tuple[str, ...] = ()
    specials: tuple[str, ...]
    longest: int
    """The most units that one utterance may have: the rows of the position table."""


class MeanDeviation(_Section):
    """normalised = (F0 - mean) / deviation, Hz"""

    kind: Literal["mean_deviation"]
    mean: float
    deviation: float


class Range(_Section):
    """normalised = (F0 - minimum) / (maximum - minimum), Hz"""

    kind: Literal["range"]
    minimum: float
    maximum: float


F0Scale = Annotated[MeanDeviation | Range, Field(discriminator="kind")]


class Acoustic(_Section):
    """Numbers of the acoustic model that the server needs."""

    mel_channels: int
    """Channels of the postnet's output; an NSF voice counts F0 and voicing too."""
    frames_per_step: int
    f0: F0Scale | None
    """How F0 was normalised in training; unknown for most voices without NSF."""
    speaker_embedding: str | None
    """File of a (1, size) float32 array: the voice takes this in place of a speaker's number."""
    filled_pauses: tuple[str, ...] = ()
    """Symbols of the sounds that a voice may insert (嗯, 啊, 呃), in the order of its predictor."""


class Vocoder(_Section):
    """Numbers of the vocoder that the server needs."""

    samples_per_frame: int
    harmonics: int
    """Sines of the NSF source, the fundamental included; 0 without NSF."""


class GraphFile(_Section):
    """One ONNX file beside voice.yaml."""

    file: str
    sha256: str
    bytes: int
    parameters: int


class Report(_Section):
    """How a variant compares with float32, over sentences that it was not tuned on."""

    snr_db: float
    log_spectral_distance_db: float
    sentences: int
    seconds: float
    share_of_vocoder: float
    """Of its multiplications that are done in this precision."""


class Variant(_Section):
    """Graphs that may take the place of the float32 ones: the same inputs, outputs and states, all float32."""

    graphs: dict[str, GraphFile]
    report: Report


class Manifest(_Section):
    """The content of voice.yaml."""

    format: int
    name: str
    language: str
    sample_rate: int
    speakers: tuple[str, ...] = Field(min_length=1)
    emotions: tuple[str, ...] = Field(min_length=1)
    precision: str
    units: UnitInventory
    acoustic: Acoustic
    vocoder: Vocoder
    graphs: dict[str, GraphFile]
    variants: dict[Literal["fp16", "int8"], Variant] = {}
    """By precision. A graph that a variant lacks is the float32 one."""
    files: dict[str, str] = {}
    """Other files and their SHA-256."""
    untrained: tuple[Literal["english", "erhua"], ...] = ()
    """What `units` has phones for that no recording ever taught the voice."""
    source: dict[str, str]
    """Where the voice was converted from; for people."""


class Voice:
    """One opened voice folder. Raises `VoiceError` with the reason when it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = _read_manifest(folder)

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


def _read_manifest(folder: Path) -> Manifest:
    path = folder / "voice.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VoiceError(f"{path} is missing; {folder} is not a converted voice") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise VoiceError(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise VoiceError(f"{path} holds no settings")
    if content.get("format") != FORMAT:
        raise VoiceError(
            f"{path} has format {content.get('format')!r}, this server reads {FORMAT}; convert the voice again"
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise VoiceError(f"{path} is not valid: {problems}") from None
