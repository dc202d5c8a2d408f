"""The data between the stages: units -> mel -> audio -> bytes, and the style. Frozen; audio carries its rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.errors import RequestError

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

STYLE_LIMITS = {
    "speed": (0.25, 4.0),
    "pitch": (-12.0, 12.0),
    "energy": (-12.0, 12.0),
    "volume": (0.0, 4.0),
    "pitch_range": (0.0, 3.0),
    "pauses": (0.25, 4.0),
}


@dataclass(frozen=True, slots=True)
class Units:
    """One utterance as indices into a voice's embedding tables."""

    features: Ids
    """(phones, 4): phone, tone, syllable flag, word flag; (bytes, 1) for a voice with byte input."""
    emotions: Ids
    """(phones,)"""
    speakers: Ids
    """(phones,)"""

    def __len__(self) -> int:
        return len(self.features)

    def first(self, count: int) -> "Units":
        """Returns the first `count` units."""
        return Units(self.features[:count], self.emotions[:count], self.speakers[:count])


@dataclass(frozen=True, slots=True)
class Style:
    """Speed, pitch, energy, volume, range of the pitch and pauses relative to the voice's own.

    Pitch and energy shift the predicted contours, speed divides the durations before they are rounded. Raises
    `RequestError` for a value outside of `STYLE_LIMITS`, NaN included.
    """

    speed: float = 1.0
    """2 is twice as fast"""
    pitch: float = 0.0
    """semitones"""
    energy: float = 0.0
    """decibels"""
    volume: float = 1.0
    """factor on the samples; peaks are limited, they do not clip"""
    pitch_range: float = 1.0
    """factor on the pitch contour around its mean in the sentence, in semitones; 0 is monotonous"""
    pauses: float = 1.0
    """factor on the pauses between phrases and between sentences; explicit ones stay as they are"""

    def __post_init__(self) -> None:
        for name, (low, high) in STYLE_LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RequestError(f"{name} is {value}; valid: {low:g} to {high:g}", param=name)


DEFAULT_STYLE = Style()


@dataclass(frozen=True, slots=True)
class Mel:
    """A chunk of mel frames, after the postnet."""

    frames: Floats
    """(frames, channels); the two last channels of an NSF voice are normalized F0 and voicing."""


@dataclass(frozen=True, slots=True)
class PhoneTiming:
    """One phone. All times are samples from the start of the stream's audio, at the voice's rate."""

    phone: str
    """As KAN-TTS names it, `j_c`, `ang_c`."""
    tone: int
    """Mandarin 1 to 5; the stress of an English syllable, 1 or 0."""
    begin: int
    end: int
    """Equal to `begin` for a phone that the voice gives no frame."""


@dataclass(frozen=True, slots=True)
class SyllableTiming:
    """One spoken syllable."""

    text: str
    """What the client wrote for it, markup excluded; `25` for each syllable of 二十五."""
    start: int
    """Index of the first of these characters in the client's text."""
    stop: int
    pinyin: str
    """As it is spoken, `lv4`; empty for an English syllable."""
    begin: int
    """Samples."""
    end: int
    phones: tuple[PhoneTiming, ...]
    """Empty for a voice that reads bytes."""


@dataclass(frozen=True, slots=True)
class WordTiming:
    """One word of the client's text: `25`, `天气`, `hello`."""

    text: str
    """What the client wrote, markup excluded."""
    start: int
    stop: int
    offset: int
    """Index of `text` in the text of the sentence, which has no markup."""
    begin: int
    """Samples."""
    end: int
    syllables: tuple[SyllableTiming, ...]


@dataclass(frozen=True, slots=True)
class SentenceTiming:
    """One sentence, known before its audio, or with its beginning. Between its words, and up to its end, is silence."""

    text: str
    """What the client wrote, markup excluded."""
    start: int
    stop: int
    begin: int
    """Samples."""
    end: int
    """Where the audio of the sentence ends, its explicit pause included."""
    rate: int
    """Hz, of the samples."""
    words: tuple[WordTiming, ...]


@dataclass(frozen=True, slots=True)
class SpeechTiming:
    """The times of a whole text."""

    sentences: tuple[SentenceTiming, ...]
    samples: int
    """Of the whole audio, with the pauses before, between and after the sentences."""
    rate: int
    """Hz"""


@dataclass(frozen=True, slots=True)
class Audio:
    """A chunk of mono audio."""

    samples: Floats
    """(samples,), full scale is -1 to 1"""
    rate: int
    """Hz"""
    sentence: SentenceTiming | None = None
    """The times of the sentence that begins with this chunk, or with an earlier one whose `times_follow`."""
    times_follow: bool = False
    """Whether it is the beginning of a sentence whose times come with a later chunk: they are not known yet."""


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """A part of an encoded stream."""

    data: bytes
    """May be empty: some formats need more audio for their next bytes."""
    samples: int
    """Of the chunk of audio, at the rate of the speech."""
    sentence: SentenceTiming | None
    """As that of `Audio`."""
    times_follow: bool = False
    """As that of `Audio`."""
