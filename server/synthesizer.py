"""One voice that speaks: text, acoustic model, vocoder and level. Its speech is work: see `server/work.py`."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from math import ceil

import numpy as np

from server.acoustic.model import AcousticModel, Performance
from server.acoustic.score import Score
from server.audio.level import apply_volume
from server.config import SynthesisSection
from server.errors import RequestError
from server.pace import Pace
from server.runtime import Runtime
from server.signals import Audio, Floats, Mel, Style, Units
from server.text.entries import NONE, Entries
from server.text.frontend import FrontEnd, Sentence
from server.text.units import UnitTables
from server.vocoder.hifigan import Vocoder, Vocoding
from server.voice import Voice
from server.work import Speech, Work, at_once, finished

PLAIN = Style()
FIRST_AUDIO_STEPS = 4
"""Decoder steps of sound in the first chunk: enough to cover the computing of the next one."""
AHEAD = 0.5
"""Seconds of lead from which the next sentence is composed while the current one is being spoken."""
WARM_UP_UNITS = 8
WARM_UP_TEXT = "你好，今天天气很好。"
REHEARSAL_UNITS = 40
PROBE = 3.0
"""Semitones up and down, with which the pitch response of a voice is measured."""
WHOLE = 10**9
"""A chunk that no utterance exceeds."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that became of one utterance."""

    score: Score
    mel: Floats
    """(frames, channels), after the postnet"""
    audio: Audio


@dataclass(frozen=True, slots=True)
class Utterance:
    """Where an utterance stands, from its score to its sound."""

    performance: Performance
    vocoding: Vocoding

    @property
    def over(self) -> bool:
        return self.performance.over


class Synthesizer:
    """One voice, loaded. Several threads may speak at the same time."""

    def __init__(self, voice: Voice, runtime: Runtime, settings: SynthesisSection, lexicon: Entries = NONE) -> None:
        self.voice = voice
        self.tables = UnitTables(voice.manifest)
        self._settings = settings
        self._front_end = FrontEnd(self.tables, lexicon)
        fillers = tuple(self.tables.encode(symbols) for symbols in voice.manifest.acoustic.filled_pauses)
        self._acoustic = AcousticModel(voice, runtime, fillers)
        self._vocoder = Vocoder(voice, runtime)
        self._pitch_response = 1.0
        """How many semitones the acoustic model follows when its pitch contour is moved by one."""

    def read(self, text: str, *, speaker: str | None = None, emotion: str | None = None) -> Iterator[Sentence]:
        """The sentences of a text, each analysed when it is asked for. Raises `RequestError` at once where it can."""
        longest = self._settings.max_characters
        if len(text) > longest:
            message = f"the text has {len(text)} characters, at most {longest} are allowed; send it in parts"
            raise RequestError(message, param="input", code="too_long")
        names = {"speaker": self.voice.speaker(speaker), "emotion": self.voice.emotion(emotion)}
        sentences = self._front_end.sentences(text, **names)
        return chain([next(sentences)], sentences)

    def speech(
        self,
        text: str,
        *,
        speaker: str | None = None,
        emotion: str | None = None,
        style: Style = PLAIN,
        pace: Pace | None = None,
    ) -> Speech[Audio]:
        """The audio of a text, chunk by chunk; `pace` is told of every chunk, and sets how long the next one is.

        Raises `RequestError` at once, before anything is computed, for what cannot be spoken.
        """
        sentences = self.read(text, speaker=speaker, emotion=emotion)
        return self.perform((sentence.units for sentence in sentences), style, pace or Pace())

    def speak(
        self, text: str, *, speaker: str | None = None, emotion: str | None = None, style: Style = PLAIN
    ) -> Generator[Audio, None, None]:
        """`speech`, computed by whoever iterates. Closing the iterator stops the computation."""
        return at_once(self.speech(text, speaker=speaker, emotion=emotion, style=style))

    def utter(
        self, units: Units, style: Style = PLAIN, *, chunk_steps: int | None = None, source_noise: bool = True
    ) -> Trace:
        """One utterance as a whole, with all that was computed on the way. `chunk_steps` 0 takes it in one chunk."""
        return finished(self._utter(units, style, chunk_steps, source_noise))

    def rehearsal(self, pace: Pace) -> Speech[Audio]:
        """A few seconds of sound that every voice can make, to see how fast it is."""
        return self.perform(iter([self._any_units(REHEARSAL_UNITS)]), PLAIN, pace)

    def warm_up(self) -> None:
        """Runs every graph once, so that what does not work shows now, and loads the dictionaries."""
        apply_volume(self.utter(self._any_units(WARM_UP_UNITS)).audio.samples, 1)
        with suppress(RequestError):  # not every voice can read this
            units = next(self.read(WARM_UP_TEXT)).units
            if self.voice.manifest.vocoder.harmonics:
                self._pitch_response = self._measure_pitch_response(units)

    def _measure_pitch_response(self, units: Units) -> float:
        """An acoustic model follows its moved contour only in part; an NSF source makes up for the rest."""
        medians = []
        for pitch in (-PROBE, PROBE):
            score = finished(self._acoustic.compose(units, Style(pitch=pitch)))
            mel, _ = finished(self._acoustic.advance(self._acoustic.start(score), WHOLE)) if score.frames else (None, 0)
            medians.append(self._vocoder.median_f0(mel) if mel else None)
        low, high = medians
        if low is None or high is None:
            return 1.0
        return float(np.clip(12 * np.log2(high / low) / (2 * PROBE), 0, 1))

    def _any_units(self, count: int) -> Units:
        ids = np.zeros(count, np.int64)
        return Units(np.zeros((count, 1 if self.tables.reads_bytes else 4), np.int64), ids, ids)

    def perform(self, sentences: Iterator[Units], style: Style, pace: Pace) -> Speech[Audio]:
        """Each sentence in chunks; the next one is read and composed as soon as the listener has enough to hear."""
        rate = self.voice.rate
        silence = np.zeros(round(self._settings.sentence_silence * rate), np.float32)
        units = next(sentences, None)
        score: Score | None = None
        while units is not None:
            score = score or (yield from self._acoustic.compose(units, style))
            utterance, units, score = self._begin(score, style), None, None
            while not utterance.over:
                if units is None and pace.lead > AHEAD and (units := next(sentences, None)):
                    score = yield from self._acoustic.compose(units, style)
                _, audio, utterance = yield from self._advance(utterance, self._steps(pace))
                if len(audio.samples):
                    pace.hand_over(len(audio.samples) / rate)
                    yield Audio(apply_volume(audio.samples, style.volume), rate)
            units = units or next(sentences, None)
            if units is not None and len(silence):
                pace.hand_over(len(silence) / rate)
                yield Audio(silence, rate)

    def _utter(self, units: Units, style: Style, chunk_steps: int | None, source_noise: bool) -> Work[Trace]:
        score = yield from self._acoustic.compose(units, style)
        utterance, pace = self._begin(score, style, source_noise), Pace()
        mels, samples = [np.zeros((0, 0), np.float32)], [np.zeros(0, np.float32)]
        while not utterance.over:
            steps = self._steps(pace) if chunk_steps is None else chunk_steps or WHOLE
            mel, audio, utterance = yield from self._advance(utterance, steps)
            pace.hand_over(len(audio.samples) / audio.rate)
            samples.append(audio.samples)
            if mel:
                mels.append(mel.frames)
        return Trace(score, np.concatenate(mels[1:] or mels), Audio(np.concatenate(samples), self.voice.rate))

    def _begin(self, score: Score, style: Style, source_noise: bool = True) -> Utterance:
        missing = style.pitch * (1 - self._pitch_response)
        vocoding = self._vocoder.start(source_noise=source_noise, pitch_shift=2 ** (missing / 12))
        return Utterance(self._acoustic.start(score), vocoding)

    def _advance(self, utterance: Utterance, steps: int) -> Work[tuple[Mel | None, Audio, Utterance]]:
        """What is certain after up to `steps` more decoder steps, mel and sound; nothing at first."""
        mel, performance = yield from self._acoustic.advance(utterance.performance, steps)
        if mel is None:
            return None, Audio(np.zeros(0, np.float32), self.voice.rate), Utterance(performance, utterance.vocoding)
        audio, vocoding = yield from self._vocoder.advance(utterance.vocoding, mel, final=performance.over)
        return mel, audio, Utterance(performance, vocoding)

    def _steps(self, pace: Pace) -> int:
        """Decoder steps of the next chunk: few for a listener who waits, more as sound is ahead.

        What a listener has ahead covers the computing of the next chunk as long as that takes no longer than it sounds.
        Sizes are few, so that chunks of many streams are equal and share a batch.
        """
        regular, per_step = self._settings.chunk_steps, self._acoustic.frames_per_step
        if not pace.begun:
            delay = self._acoustic.lookahead + self._vocoder.lookahead
            shortest = ceil((delay + 1) / per_step)
            return max(shortest, self._settings.first_chunk_steps or shortest + FIRST_AUDIO_STEPS)
        seconds = per_step * self.voice.manifest.vocoder.samples_per_frame / self.voice.rate
        steps = FIRST_AUDIO_STEPS
        while steps < regular and 2 * steps * seconds <= pace.lead:
            steps *= 2
        return min(steps, regular)
