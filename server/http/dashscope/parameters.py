"""The parameters of a task, on the scales of DashScope, and what they mean here."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self, TypedDict
from uuid import uuid4

from pydantic import ConfigDict, Field, ValidationError

from server.api.fields import MAX_ENTRIES, MAX_SEED, Fields, Name
from server.api.reference_fields import ReferenceFields
from server.audio.encoders import ENCODERS, OutputFormat
from server.audio.label import GeneratedLabel
from server.config import LabelSection
from server.errors import RequestError, UnknownNameError, validation_message
from server.text.wording import Wording
from server.types import STYLE_LIMITS, Style

NORMAL_VOLUME = 50
"""On the scale of 0 to 100, which is linear."""
LANGUAGES = ("zh", "en")
DEFAULT = "Default"
"""The format of clients that leave it, and the sampling rate, to the server."""
OPUS = ("opus", "webm")
WITHOUT_EFFECT = {"type": (0,)}
"""Parameters that clients send always, with the values that ask for nothing."""

_SAMBERT = re.compile(r"sambert-(?P<voice>.+?)(?:-v\d+)?")
_MANY_VOICES = ("cosyvoice", "qwen")


def voice_of_model(model: str) -> str | None:
    """The voice that a model names, `sambert-zhibei-v1` as `zhibei`; None for the models that have many."""
    if sambert := _SAMBERT.fullmatch(model):
        return sambert["voice"]
    return None if model.startswith(_MANY_VOICES) else model


class Times(TypedDict):
    """Levels of times besides that of sentences."""

    words: bool
    phonemes: bool


def _limited(setting: str) -> Any:
    """A factor with the limits of `Style`."""
    low, high = STYLE_LIMITS[setting]
    return Field(default=1, ge=low, le=high)


class HotFix(Fields):
    """Readings and replacements for one task: lists of `{word: pinyin}` and `{word: text}`."""

    pronunciation: list[dict[str, str]] = Field(default_factory=list)
    replace: list[dict[str, str]] = Field(default_factory=list)

    @property
    def wording(self) -> Wording:
        """The same for the front end. Raises `RequestError` naming every invalid entry."""
        return Wording.of(_merged("pronunciation", self.pronunciation), _merged("replace", self.replace))


class Parameters(ReferenceFields):
    """`payload.parameters` of `run-task`. A name that is not here is kept, for a warning.

    What is taken over of a reference, `pitch_range` and `pauses` are not the cloud's: they are as over HTTP.
    """

    model_config = ConfigDict(extra="allow")

    voice: Name | None = None
    """A voice, an alias, or `voice/speaker`; without it the model names the voice."""
    text_type: Literal["PlainText", "SSML"] = "PlainText"
    """Whether the text is SSML is seen at its beginning."""
    enable_ssml: bool | None = None
    """The same."""
    format: str = DEFAULT
    sample_rate: int = Field(default=0, ge=0)
    """Hz; 0: the default of the mode."""
    bit_rate: int | None = Field(default=None, ge=6, le=510)
    """kbit/s; the cloud reads it for Opus only, and clients rely on that."""
    volume: float = Field(default=NORMAL_VOLUME, ge=0, le=100)
    rate: float = Field(default=1, ge=0.5, le=2)
    """Factor on the speed."""
    pitch: float = Field(default=1, ge=0.5, le=2)
    """Factor on the fundamental frequency."""
    pitch_range: float = _limited("pitch_range")
    pauses: float = _limited("pauses")
    reference: Name | None = None
    """The id of a recording that the text is spoken like."""
    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    """0: none."""
    word_timestamp_enabled: bool = False
    phoneme_timestamp_enabled: bool = False
    hot_fix: HotFix = HotFix()
    instruction: str | None = Field(default=None, max_length=4096)
    language_hints: list[str] = Field(default_factory=list)
    """The cloud reads the first one."""
    enable_markdown_filter: bool = False
    enable_aigc_tag: bool = False
    """Whether the audio has the label of generated speech in its metadata, also where the server does not want it."""
    aigc_propagator: str = Field(default="", max_length=200)
    aigc_propagate_id: str = Field(default="", max_length=200)
    """By default that of the task."""

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Self:
        """Validates the parameters. Raises `RequestError` with the name and the valid values."""
        try:
            parameters = cls.model_validate(dict(content))
        except ValidationError as error:
            details = error.errors(include_url=False)[0]
            location = ".".join(("parameters", *map(str, details["loc"])))
            raise RequestError(validation_message(location, details), param=location) from None
        if (language := next(iter(parameters.language_hints), "zh")) not in LANGUAGES:
            valid = ", ".join(LANGUAGES)
            raise RequestError(
                f"parameters.language_hints: {language!r} is not spoken here; valid: {valid}",
                param="parameters.language_hints",
            )
        return parameters

    def label(self, section: LabelSection, task_id: str) -> GeneratedLabel | None:
        """The label for the metadata of the audio. Raises `RequestError` where the configuration names no producer."""
        if not self.enable_aigc_tag:
            return GeneratedLabel.of(section)
        if not section.producer.strip():
            raise RequestError(
                "parameters.enable_aigc_tag: a label names its producer; set label.producer in config.yaml",
                param="parameters.enable_aigc_tag",
            )
        propagate_id = self.aigc_propagate_id or task_id
        return GeneratedLabel(section.producer, uuid4().hex, propagator=self.aigc_propagator, propagate_id=propagate_id)

    def output_format(self, default: OutputFormat, label: GeneratedLabel | None) -> OutputFormat:
        """The format of the audio. Raises `RequestError` with the valid formats, sampling rates or bit rates."""
        name = default.name if self.format == DEFAULT else self.format
        if name not in ENCODERS:
            raise UnknownNameError("format", name, ENCODERS)
        bit_rate = self.bit_rate * 1000 if self.bit_rate and name in OPUS else None
        return OutputFormat(name, self.sample_rate or default.sample_rate, bit_rate, label)

    @property
    def style(self) -> Style:
        """Speed, pitch in semitones, and volume, range and pauses as factors."""
        return Style(
            speed=self.rate,
            pitch=12 * math.log2(self.pitch),
            volume=self.volume / NORMAL_VOLUME,
            pitch_range=self.pitch_range,
            pauses=self.pauses,
        )

    @property
    def times(self) -> Times:
        """The times that are asked for; phonemes are a part of words."""
        phonemes = self.phoneme_timestamp_enabled
        return {"words": self.word_timestamp_enabled or phonemes, "phonemes": phonemes}

    def warnings(self) -> Iterator[str]:
        """What has no effect."""
        for name, value in (self.model_extra or {}).items():
            if value not in WITHOUT_EFFECT.get(name, ()):
                yield f"parameters.{name} is not supported and has no effect"
        if self.bit_rate and self.format not in OPUS:
            yield f"parameters.bit_rate has an effect for {' and '.join(OPUS)} only"
        if self.enable_aigc_tag and self.format == "pcm":
            yield "parameters.enable_aigc_tag: pcm has no metadata for a label"
        if not self.enable_aigc_tag and (self.aigc_propagator or self.aigc_propagate_id):
            yield "parameters.aigc_propagator and aigc_propagate_id have an effect with enable_aigc_tag only"
        if len(self.language_hints) > 1:
            yield f"parameters.language_hints: only the first one is read, {self.language_hints[0]!r}"


def _merged(name: str, entries: Sequence[Mapping[str, str]]) -> dict[str, str]:
    merged = {word: value for entry in entries for word, value in entry.items()}
    if len(merged) > MAX_ENTRIES:
        location = f"parameters.hot_fix.{name}"
        raise RequestError(f"{location} has {len(merged)} entries; valid: at most {MAX_ENTRIES}", param=location)
    return merged
