"""The schema and the reader of voice.yaml, the only interface between `convert` and `server`."""

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from server.errors import VoiceError

FORMAT = 3
"""Version of the schema."""
EMOTION_PREFIX = "emotion_"
"""Of the emotion names in KAN-TTS symbols and in the embedding table; the API omits it."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitInventory(_Section):
    """The input symbols of the voice. Row n of an embedding table is entry n of its list, followed by `specials`."""

    kind: Literal["phones", "bytes"]
    phones: tuple[str, ...] = ()
    tones: tuple[str, ...] = ()
    syllable_flags: tuple[str, ...] = ()
    word_flags: tuple[str, ...] = ()
    specials: tuple[str, ...]
    longest: int
    """Maximum number of units of one utterance: the rows of the position table."""


class MeanDeviation(_Section):
    """Standardized F0: (F0 - mean) / deviation, in Hz."""

    kind: Literal["mean_deviation"]
    mean: float
    deviation: float


class Range(_Section):
    """Min-max scaled F0: (F0 - minimum) / (maximum - minimum), in Hz."""

    kind: Literal["range"]
    minimum: float
    maximum: float


F0Scale = Annotated[MeanDeviation | Range, Field(discriminator="kind")]


class Acoustic(_Section):
    """Parameters of the acoustic model."""

    mel_channels: int
    """Channels of the postnet output; with F0 and voicing for an NSF voice."""
    frames_per_step: int
    f0: F0Scale | None
    """Normalization of F0 in training; unknown for most voices without NSF."""
    speaker_embedding: str | None
    """File of a (1, size) float32 array, for a voice that takes a speaker embedding instead of a speaker id."""
    filled_pauses: tuple[str, ...] = ()
    """Symbols of the filled pauses (嗯, 啊, 呃) that the voice may insert, in the order of its predictor."""


class Vocoder(_Section):
    """Parameters of the vocoder."""

    samples_per_frame: int
    harmonics: int
    """Harmonics of the NSF source, including the fundamental; 0 without NSF."""


class GraphFile(_Section):
    """One ONNX file in the voice folder."""

    file: str
    sha256: str
    bytes: int
    parameters: int


class VocoderReport(_Section):
    """Quality of the audio of a variant compared with float32, on sentences that were not used for calibration."""

    snr_db: float
    log_spectral_distance_db: float
    sentences: int
    seconds: float
    share_of_vocoder: float
    """Fraction of the vocoder's multiplications in this precision."""


class DecoderReport(_Section):
    """Quality of the mel of a decoder that feeds itself, compared with float32, on the same sentences."""

    snr_db: float
    f0_cents: float | None
    """Root mean square of the difference of F0; None for a voice whose mel has none."""
    sentences: int
    frames: int
    block: int
    """Inputs with a common scale."""
    share_of_decoder: float
    """Fraction of the decoder's multiplications by weights in this precision."""


class Reports(_Section):
    """The report of each graph of a variant."""

    vocoder: VocoderReport | None = None
    mel_decoder: DecoderReport | None = None


class Variant(_Section):
    """Graphs in another precision, for streams that can change between it and float32."""

    graphs: dict[str, GraphFile]
    reports: Reports


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
    """By precision. A variant uses the float32 graphs for those that it lacks."""
    files: dict[str, str] = {}
    """SHA-256 of the other files."""
    untrained: tuple[Literal["english", "erhua"], ...] = ()
    """Features that `units` has phones for, but the training data had no examples of."""
    trained_emotions: tuple[str, ...] = ()
    """The `emotions` (without prefix) of the training data; empty: unknown, then all are offered."""
    source: dict[str, str]
    """Origin of the voice; informational."""

    @model_validator(mode="after")
    def _check_trained_emotions(self) -> Self:
        known = {name.removeprefix(EMOTION_PREFIX) for name in self.emotions}
        if unknown := [name for name in self.trained_emotions if name not in known]:
            raise ValueError(f"trained_emotions has {', '.join(unknown)}, which emotions lacks")
        return self


def read_manifest(folder: Path) -> Manifest:
    """Reads voice.yaml of a voice folder. Raises `VoiceError`."""
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
