"""The fields that a request over HTTP and a call in Python have in common, with their validation."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from server.audio.encoders import SAMPLE_RATES
from server.synthesis.options import SpeechOptions
from server.text.wording import Wording
from server.types import DEFAULT_STYLE, STYLE_LIMITS, Style

DEFAULT_FORMAT = "mp3"
"""As OpenAI's API has it."""
MAX_SEED = 2**32 - 1
MAX_ENTRIES = 1000
"""Of a lexicon, and of replacements."""


def _limited(setting: str, description: str) -> Any:
    """A field with the limits of `Style`, checked here too so that an invalid request fails before it waits."""
    low, high = STYLE_LIMITS[setting]
    return Field(default=getattr(DEFAULT_STYLE, setting), ge=low, le=high, description=description)


class Fields(BaseModel):
    """Validated fields: strict types, no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Name = Annotated[str, Field(min_length=1, max_length=200)]


class CommonFields(Fields):
    """How a text is spoken, in whatever voice."""

    speed: float = _limited("speed", "Factor on the speed; 2 is twice as fast.")
    speaker: Name | None = Field(
        default=None, description="A speaker of the voice; by default the first one.", examples=["female"]
    )
    emotion: Name | None = Field(
        default=None, description="An emotion of the voice; by default neutral.", examples=["happy"]
    )
    pitch: float = _limited("pitch", "Semitones that the pitch is shifted by.")
    energy: float = _limited("energy", "Decibels that the energy is shifted by; a voice follows in part.")
    volume: float = _limited("volume", "Factor on the samples; peaks are limited, they do not clip.")
    pitch_range: float = _limited(
        "pitch_range", "Factor on the range of the pitch, in semitones around its mean; 0 is monotonous."
    )
    pauses: float = _limited("pauses", "Factor on the pauses between phrases and sentences; explicit ones stay.")
    sample_rate: int | None = Field(
        default=None,
        description="Sampling rate of the audio in Hz; by default that of the voice.",
        examples=[24000],
        json_schema_extra={"enum": [*SAMPLE_RATES, None]},
    )
    lexicon: dict[str, str] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Readings for this text: Chinese words and their pinyin with tone digits, one per character.",
        examples=[{"重阳镇": "chong2 yang2 zhen4"}],
    )
    replacements: dict[str, str] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Words of this text and what is spoken in their place.",
        examples=[{"SQL": "sequel"}],
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="Makes the voice's noise repeatable: equal requests give equal bytes on the same device. Such a "
        "stream shares no batch with others, which costs more computing.",
        examples=[42],
    )

    def options_for(self, voice: str | None) -> SpeechOptions:
        """How a text is spoken in a voice. Raises `RequestError` for an invalid lexicon."""
        style = Style(self.speed, self.pitch, self.energy, self.volume, self.pitch_range, self.pauses)
        wording = Wording.of(self.lexicon, self.replacements)
        return SpeechOptions(voice, self.speaker, self.emotion, style, wording, self.seed)
