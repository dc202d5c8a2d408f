"""Sentences read by espeak-ng, with the time of every syllable as espeak-ng reports it."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.references.espeak_recordings import HELD_OUT, spelled
from server.audio.resampler import resampled
from server.references.recording import RATE, Recording
from server.text.words import ProsodicWord
from server.types import Audio
from training.voice.corpus.espeak import Espeak, Phoneme, VoiceSettings
from training.voice.corpus.speakers import EMOTIONS, MANDARIN_PITCH, MANDARIN_PITCH_RANGE, Style

Times = NDArray[np.float64]

RATES = (145, 160, 175)
"""Words a minute, as espeak-ng counts them."""
PHRASE_BREAK = "<break time='220ms'/>"
MAX_CLOSURE = 0.12
"""Seconds of silence between two syllables that are the closure of the second; more is a pause."""
LEAD, TAIL = 0.02, 0.03
"""Seconds that are left before and after the speech."""
EXPRESSIVE_RATES, EXPRESSIVE_PITCHES = (60, 70, 80, 120, 140), (-15, -8, 10, 20, 30)
"""Percent, of single words; half of them are as they were."""
EXPRESSIVE_BREAKS = (200, 350, 500, 700)
"""Milliseconds, after one word in seven, wherever it is."""


@dataclass(frozen=True, slots=True)
class TimedReading:
    """A recording and its syllables."""

    recording: Recording
    syllables: Times
    """(syllables, 2): begin and end in seconds."""


class TimedReader:
    """Reads with speakers that the embedded voice has never heard; one object a process."""

    def __init__(self) -> None:
        styles = [Style(speaker, EMOTIONS["neutral"]) for speaker in HELD_OUT]
        self._names = [style.name for style in styles]
        self._espeak = Espeak({style.name: style.variant_file() for style in styles})

    def read(self, words: Sequence[ProsodicWord], number: int, *, expressive: bool) -> TimedReading | None:
        """Reads a sentence; `number` chooses the speaker, the rate and what is expressive.

        None if espeak-ng speaks other syllables than the text has. Raises `SystemExit` if it is missing.
        """
        if not all(syllable.pinyin for word in words for syllable in word.syllables):
            return None  # English
        draw = random.Random(number)
        parts = [_expressive(word, draw) if expressive else _even(word) for word in words[:-1]]
        parts.append(" ".join(spelled(syllable.pinyin) for syllable in words[-1].syllables))
        voice = f"cmn-latn-pinyin+{self._names[number % len(self._names)]}"
        rate = RATES[1] if expressive else RATES[number % len(RATES)]
        settings = VoiceSettings(voice, rate, MANDARIN_PITCH, MANDARIN_PITCH_RANGE)
        speech = self._espeak.synthesize(f"<speak>{' '.join(parts)}</speak>", settings)
        times = _syllable_times(speech.phonemes)
        if len(times) != sum(len(word.syllables) for word in words):
            return None
        samples = resampled(Audio(speech.samples, speech.sample_rate), RATE).samples
        begin = max(0.0, times[0, 0] - LEAD)
        samples = samples[round(begin * RATE) : round((times[-1, 1] + TAIL) * RATE)]
        digest = hashlib.sha256(samples.tobytes()).hexdigest()
        recording = Recording(digest, Audio(samples, RATE), "wav", RATE, 1, len(samples) / RATE, 0.0)
        return TimedReading(recording, times - begin)


def _even(word: ProsodicWord) -> str:
    text = " ".join(spelled(syllable.pinyin) for syllable in word.syllables)
    return f"{text} {PHRASE_BREAK}" if word.break_level >= 3 else text


def _expressive(word: ProsodicWord, draw: random.Random) -> str:
    text = " ".join(spelled(syllable.pinyin) for syllable in word.syllables)
    if draw.random() < 0.5:
        rate, pitch = draw.choice(EXPRESSIVE_RATES), draw.choice(EXPRESSIVE_PITCHES)
        text = f"<prosody rate='{rate}%' pitch='{pitch:+}%'>{text}</prosody>"
    return f"{text} <break time='{draw.choice(EXPRESSIVE_BREAKS)}ms'/>" if draw.random() < 1 / 7 else text


def _syllable_times(phonemes: Sequence[Phoneme]) -> Times:
    """(syllables, 2): a syllable lasts until its end is reported, and includes the closure before it."""
    times: list[tuple[float, float]] = []
    begin: float | None = None
    for phoneme in phonemes:
        if phoneme.name == "_|" and begin is not None:
            if times and begin - times[-1][1] < MAX_CLOSURE:
                begin = times[-1][1]
            times.append((begin, phoneme.start))
            begin = None
        elif not phoneme.name.startswith("_") and phoneme.name != ";" and begin is None:
            begin = phoneme.start
    return np.array(times).reshape(-1, 2)
