"""A recorded word with its pronunciation and the boundaries of its phones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.text.units.syllables import split_tone, to_phones
from training.voice.analysis.features import SAMPLE_RATE
from training.voice.corpus.labels import Unit

FRAME_SAMPLES = 80
FRAMES_PER_SECOND = SAMPLE_RATE // FRAME_SAMPLES
FRAME_SECONDS = 1 / FRAMES_PER_SECOND
"""Recordings are analyzed in frames of 5 ms; the corpus has frames of 12.5 ms."""


@dataclass(frozen=True, slots=True)
class RecordedWord:
    """One word of the human speaker, or an English word in her timbre."""

    text: str
    syllables: tuple[str, ...]
    """Pinyin with tone; or one English word, spelled."""
    samples: NDArray[np.float32]
    """(samples,) at 16 kHz"""
    f0: NDArray[np.float32]
    """(frames of 5 ms,): Hz, 0 where unvoiced"""
    bounds: NDArray[np.int64]
    """(phones + 1,): starts of the phones and the end of the last one, in frames of 5 ms"""
    begins_inside: bool = False
    """Whether other syllables come before it in the recording, so that a stop has its closure."""
    rhotic: "RecordedWord | None" = None
    """Of a word that is given erhua: the syllable, recorded with erhua, whose end its last final gets."""
    english_units: tuple[Unit, ...] = ()
    """Of an English word: its phones."""

    @property
    def is_english(self) -> bool:
        """Whether this is an English word."""
        return bool(self.english_units)

    @property
    def phones(self) -> list[str]:
        """Initial and final of every syllable; or the phones of an English word."""
        return [unit.phone for unit in self.english_units] or phones_of(self.syllables)

    @property
    def first_tone(self) -> str:
        """The tone digit of the first syllable; empty if it is English."""
        return self.tone(0)

    @property
    def last_tone(self) -> str:
        """The tone digit of the last syllable; empty if it is English."""
        return self.tone(len(self.phones) - 1)

    def tone(self, index: int) -> str:
        """Returns the tone digit of the syllable of a phone; empty if it is English."""
        return "" if self.is_english else self.syllables[index // 2][-1]

    def cut(self, index: int) -> "RecordedWord":
        """Returns one of its syllables as a word of its own."""
        bounds = self.bounds[2 * index : 2 * index + 3]
        return RecordedWord(f"{self.text}[{index}]", (self.syllables[index],), self.samples, self.f0, bounds, index > 0)


def phones_of(syllables: tuple[str, ...]) -> list[str]:
    """Returns initial and final of every syllable."""
    return [phone for syllable in syllables for phone in to_phones(split_tone(syllable)[0], "PinYin")]
