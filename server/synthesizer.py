"""One voice that speaks: text, acoustic model, vocoder and level. Synchronous; whoever iterates does the work."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, repeat
from math import ceil

import numpy as np

from server.acoustic.model import AcousticModel
from server.acoustic.score import Score
from server.audio.level import Fader, apply_volume
from server.config import SynthesisSection
from server.delivery import Item, deliver, silence, units_of_silence
from server.errors import RequestError
from server.runtime import Runtime
from server.signals import PLAIN, Audio, Floats, Mel, Style, Units
from server.text.frontend import FrontEnd, Pause, Sentence
from server.text.pronunciation.entries import NONE, Entries
from server.text.script.script import Manner, Script
from server.text.units.tables import UnitTables
from server.vocoder.hifigan import Vocoder
from server.voice import Voice

FIRST_AUDIO_STEPS = 4
"""Decoder steps of sound in the first chunk: enough to cover the computing of the next one."""
WARM_UP_UNITS = 8
WARM_UP_TEXT = "你好，今天天气很好。"
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


class Synthesizer:
    """One voice, loaded. Several threads may speak at the same time."""

    def __init__(self, voice: Voice, runtime: Runtime, settings: SynthesisSection, lexicon: Entries = NONE) -> None:
        self.voice = voice
        self.tables = UnitTables(voice.manifest)
        self.rate = voice.rate
        self.sentence_silence = settings.sentence_silence
        self._settings = settings
        self._front_end = FrontEnd(self.tables, lexicon)
        fillers = tuple(self.tables.encode(symbols) for symbols in voice.manifest.acoustic.filled_pauses)
        self._acoustic = AcousticModel(voice, runtime, fillers)
        self._vocoder = Vocoder(voice, runtime)
        self._pitch_response = 1.0
        """How many semitones the acoustic model follows when its pitch contour is moved by one."""

    def check_length(self, characters: int) -> None:
        """Raises `RequestError` for a text that is longer than the configuration allows."""
        longest = self._settings.max_characters
        if characters > longest:
            message = f"the text has {characters} characters, at most {longest} are allowed; send it in parts"
            raise RequestError(message, param="input", code="too_long")

    def read(
        self, script: Script | str, *, speaker: str | None = None, emotion: str | None = None
    ) -> Iterator[Sentence | Pause]:
        """The sentences of a text, each analysed when it is asked for. Raises `RequestError` where one cannot be."""
        self.check_length(len(script if isinstance(script, str) else script.text))
        names = {"speaker": self.voice.speaker(speaker), "emotion": self.voice.emotion(emotion)}
        return self._front_end.sentences(script, **names)

    def speak(
        self, text: str, *, speaker: str | None = None, emotion: str | None = None, style: Style = PLAIN
    ) -> Generator[Audio, None, None]:
        """The audio of a text, chunk by chunk. Closing the iterator stops the computation.

        Raises `RequestError` at once, before anything is computed, for what cannot be spoken.
        """
        script = Script.plain(text, Manner(style))
        return self.speak_sentences(self.read(script, speaker=speaker, emotion=emotion))

    def speak_sentences(self, items: Iterable[Item]) -> Generator[Audio, None, None]:
        """The audio of sentences and pauses, chunk by chunk."""
        return deliver((self, item) for item in items)

    def say(self, sentence: Sentence, *, urgent: bool = False) -> Iterator[Audio]:
        """One sentence, and the silence that it asks for. `urgent`: somebody waits for the first sound."""
        score = self._acoustic.compose(
            sentence.units, sentence.styles[0] if len(sentence.styles) == 1 else sentence.styles
        )
        frame, missing, cut = self.voice.manifest.vocoder.samples_per_frame, 0, None
        if sentence.pause is not None:
            asked, closing = round(sentence.pause * self.rate), units_of_silence(sentence.symbols)
            score = score.shortened(closing, asked // frame)
            missing = asked - frame * int(score.durations[len(score.durations) - closing :].sum())
            cut = score.frames * frame
        fader = Fader(score.by_frame(lambda style: style.volume), frame, self.rate, cut)
        place = 0
        for _, audio in self._perform(score, self._chunks(urgent), source_noise=True):
            if len(audio.samples):
                yield Audio(fader.apply(audio.samples, place), self.rate)
                place += len(audio.samples)
        yield from silence(missing, self.rate)

    def utter(
        self,
        units: Units,
        style: Style | Sequence[Style] = PLAIN,
        *,
        chunk_steps: int | None = None,
        source_noise: bool = True,
    ) -> Trace:
        """One utterance as a whole, before its volume, with all that was computed on the way.

        `style` is one for all, or one for each unit; `chunk_steps` 0 takes it in one chunk.
        """
        score = self._acoustic.compose(units, style)
        chunks = self._chunks(True) if chunk_steps is None else repeat(chunk_steps or WHOLE)
        stretches = list(self._perform(score, chunks, source_noise))
        mel = np.concatenate([mel.frames for mel, _ in stretches]) if stretches else np.zeros((0, 0), np.float32)
        samples = np.concatenate([np.zeros(0, np.float32), *(audio.samples for _, audio in stretches)])
        return Trace(score, mel, Audio(samples, self.voice.rate))

    def warm_up(self) -> None:
        """Runs every graph once, so that what does not work shows now, and loads the dictionaries."""
        features = np.zeros((WARM_UP_UNITS, 1 if self.tables.reads_bytes else 4), np.int64)
        ids = np.zeros(WARM_UP_UNITS, np.int64)
        apply_volume(self.utter(Units(features, ids, ids)).audio.samples, 1)
        with suppress(RequestError):  # not every voice can read this
            names = {"speaker": self.voice.speaker(None), "emotion": self.voice.emotion(None)}
            units = self._front_end.read(WARM_UP_TEXT, **names)[0].units
            if self.voice.manifest.vocoder.harmonics:
                self._pitch_response = self._measure_pitch_response(units)

    def _measure_pitch_response(self, units: Units) -> float:
        """An acoustic model follows its moved contour only in part; an NSF source makes up for the rest."""
        medians = []
        for pitch in (-PROBE, PROBE):
            score = self._acoustic.compose(units, Style(pitch=pitch))
            frames = [mel.frames for mel, _ in self._acoustic.perform(score, repeat(WHOLE))]
            medians.append(self._vocoder.median_f0(Mel(np.concatenate(frames))) if frames else None)
        low, high = medians
        if low is None or high is None:
            return 1.0
        return float(np.clip(12 * np.log2(high / low) / (2 * PROBE), 0, 1))

    def _perform(self, score: Score, chunks: Iterable[int], source_noise: bool) -> Iterator[tuple[Mel, Audio]]:
        missing = 1 - self._pitch_response
        shifts = score.by_frame(lambda style: float(2 ** (style.pitch * missing / 12)))
        vocoding, done = self._vocoder.start(source_noise=source_noise), 0
        for mel, final in self._acoustic.perform(score, chunks):
            shift = shifts if len(shifts) == 1 else shifts[done : done + len(mel.frames)]
            audio, vocoding = self._vocoder.advance(vocoding, mel, final=final, pitch_shift=shift)
            done += len(mel.frames)
            yield mel, audio

    def _chunks(self, urgent: bool) -> Iterator[int]:
        """Sizes in decoder steps: a short first one for a listener who waits, then longer ones as sound is ahead."""
        regular = self._settings.chunk_steps
        if not urgent:
            return repeat(regular)
        delay = self._acoustic.lookahead + self._vocoder.lookahead
        shortest = ceil((delay + 1) / self._acoustic.frames_per_step)
        first = max(shortest, self._settings.first_chunk_steps or shortest + FIRST_AUDIO_STEPS)
        return chain([first], growing(FIRST_AUDIO_STEPS, regular), repeat(regular))


def growing(size: int, limit: int) -> Iterator[int]:
    """Half as much again each time, below `limit`: a voice that needs two thirds of real time never runs dry."""
    while (size := size * 3 // 2) < limit:
        yield size
