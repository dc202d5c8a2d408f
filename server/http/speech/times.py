"""The JSON of times, as types for the document of the API. server/timestamps makes it."""

from pydantic import Field

from server.http.response_model import ResponseModel


class Interval(ResponseModel):
    """A part of the audio."""

    begin: float = Field(description="Seconds from the start of the audio.")
    end: float = Field(description="Seconds from the start of the audio.")


class TextInterval(Interval):
    """A part of the audio, and the text that it speaks."""

    text: str = Field(description="As the client wrote it.")
    start: int = Field(description="Position of its first character in the text, in Unicode code points.")
    stop: int = Field(description="Position after its last character.")


class CharacterTimes(TextInterval):
    """A character; several where they are read together."""


class PhoneTimes(Interval):
    """A phone."""

    phone: str
    tone: int | None


class SyllableTimes(TextInterval):
    """A syllable, and the characters that it reads."""

    pinyin: str | None = Field(description="With the tone digit that is spoken; null for syllables of English.")
    phones: tuple[PhoneTimes, ...]


class WordTimes(TextInterval):
    """A word of the text, such as `25`, and its syllables."""

    syllables: tuple[SyllableTimes, ...]


class SentenceTimes(TextInterval):
    """A sentence."""

    words: tuple[WordTimes, ...]
    characters: tuple[CharacterTimes, ...]


class SpeechTimes(ResponseModel):
    """The times of a whole text."""

    duration: float = Field(description="Seconds of audio.")
    sample_rate: int = Field(description="Hz. A time multiplied by it and rounded is a sample.")
    sentences: tuple[SentenceTimes, ...]
