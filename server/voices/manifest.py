"""The schema of voice.yaml, the only contract between `convert` and `server`, and its reader."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.errors import VoiceError

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
    trained_emotions: tuple[str, ...] = ()
    """Those of `emotions` (without prefix) that recordings taught; empty where it is not known."""
    source: dict[str, str]
    """Where the voice was converted from; for people."""


def read_manifest(folder: Path) -> Manifest:
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
