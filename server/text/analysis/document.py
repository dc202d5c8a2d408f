"""The analysis of a text as types, which are also the schemas of the API's document.

Positions count Unicode code points of the client's input, markup included.
"""

from pydantic import BaseModel, ConfigDict, Field

from server.text.text_warning import WarningCode


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Place(_Part):
    start: int = Field(description="Position of its first character in the input, in Unicode code points.")
    stop: int = Field(description="Position after its last character.")


class _WrittenText(_Place):
    text: str = Field(description="As the client wrote it, without markup.")


class AnalyzedSyllable(_WrittenText):
    """A spoken syllable. Syllables that are read from the same characters, such as a number, have the same place."""

    spoken: str = Field(description="What is read: Chinese characters or Latin letters.", examples=["二"])
    pinyin: str | None = Field(
        description="With the tone that is spoken, 1 to 5 (neutral), and v for ü; null for English.", examples=["lao2"]
    )
    citation: str | None = Field(description="The same before tone sandhi.", examples=["lao3"])
    phones: tuple[str, ...] = Field(description="Of English, in ARPAbet; empty for Mandarin.", examples=[["hh", "ah"]])
    explicit: bool = Field(description="Whether markup or a lexicon gave the reading.")
    readings: tuple[str, ...] = Field(
        description="All readings that its characters can have; empty where markup cannot give one, and for a "
        "voice that reads bytes. With 儿 in the "
        "syllable, also those without erhua: two syllables.",
        examples=[["zhong4", "chong2"], ["dianr3", "dian3 er2"]],
    )
    break_after: int = Field(
        description="Of the break after it: 0 none, 1 between prosodic words, 2 between phrases, 3 an audible pause, "
        "4 the end of the sentence.",
        ge=0,
        le=4,
    )


class AnalyzedWord(_WrittenText):
    """A word of the text, such as `25`."""

    syllables: tuple[AnalyzedSyllable, ...]


class AnalyzedSentence(_WrittenText):
    """A sentence."""

    voice: str
    speaker: str
    normalized: str = Field(description="What is read: numbers and symbols in words.")
    words: tuple[AnalyzedWord, ...]
    pause: float | None = Field(description="Seconds of silence after it that markup gives, exactly; else null.")
    symbols: str = Field(description="Its units as KAN-TTS writes them, without an id.")


class AnalyzedPause(_Part):
    """Silence that markup gives outside of sentences."""

    before: int = Field(description="Index of the sentence after it; at the end their number.")
    seconds: float


class PlacedWarning(_Place):
    """What is left out or read otherwise than it is written."""

    code: WarningCode = Field(description="For programs.")
    message: str


class TextAnalysis(_Part):
    """How a text is read."""

    voice: str = Field(description="That of the text where it names no other one.")
    speaker: str
    emotion: str
    sentences: tuple[AnalyzedSentence, ...]
    pauses: tuple[AnalyzedPause, ...]
    warnings: tuple[PlacedWarning, ...] = Field(description="Each place, in order.")
