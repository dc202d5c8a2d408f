"""One voice that speaks: text, acoustic model, vocoder and level. Its speech is work: see `server/work.py`."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from server.audio.limiter import VolumeEnvelope, apply_volume
from server.config import SynthesisSection
from server.errors import RequestError
from server.runtime.runtime import Runtime
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Speech, Work, at_once, finished
from server.synthesis.acoustic.acoustic_model import AcousticModel, AcousticState
from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.synthesis.sequencing import Item, deliver, silence, units_of_silence
from server.synthesis.vocoder.vocoder import Vocoder, VocoderState
from server.text.frontend import FrontEnd, Pause, Sentence
from server.text.markup.script import Script, SpeakingStyle
from server.text.normalization.emoji import Emoji
from server.text.pronunciation.user_lexicon import EMPTY_LEXICON, UserLexicon
from server.text.units.unit_tables import UnitTables
from server.types import PLAIN, Audio, Floats, Mel, Style, Units
from server.voices.voice import Voice

FIRST_AUDIO_STEPS = 4
"""Decoder steps of sound in the first chunk: enough to cover the computing of the next one."""
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

    score: ProsodyPrediction
    mel: Floats
    """(frames, channels), after the postnet"""
    audio: Audio


@dataclass(frozen=True, slots=True)
class UtteranceState:
    """Where an utterance stands, from its score to its sound."""

    performance: AcousticState
    vocoding: VocoderState
    pitch_shifts: NDArray[np.float64]
    """(frames,) that the vocoder has not had yet, or (1,): factors on its F0."""

    @property
    def over(self) -> bool:
        return self.performance.over


class Synthesizer:
    """One voice, loaded. Several threads may speak at the same time."""

    def __init__(
        self,
        voice: Voice,
        runtime: Runtime,
        settings: SynthesisSection,
        lexicon: UserLexicon = EMPTY_LEXICON,
        emoji: Emoji = "drop",
    ) -> None:
        self.voice = voice
        self.tables = UnitTables(voice.manifest)
        self.rate = voice.rate
        self.sentence_silence = settings.sentence_silence
        self._settings = settings
        self._front_end = FrontEnd(self.tables, lexicon, emoji)
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
        return self._front_end.segments(script, **names)

    def speech(self, items: Iterable[Item], pace: PlaybackClock | None = None) -> Speech[Audio]:
        """Sentences and pauses, chunk by chunk; `pace` is told of every chunk, and sets how long the next one is.

        Raises `RequestError` at once, before anything is computed, for what cannot be spoken.
        """
        return deliver(((self, item) for item in items), pace or PlaybackClock())

    def speak(
        self, text: str, *, speaker: str | None = None, emotion: str | None = None, style: Style = PLAIN
    ) -> Generator[Audio, None, None]:
        """The `speech` of a text, computed by whoever iterates. Closing the iterator stops the computation."""
        script = Script.plain(text, SpeakingStyle(style))
        return at_once(self.speech(self.read(script, speaker=speaker, emotion=emotion)))

    def compose(self, sentence: Sentence, pace: PlaybackClock) -> Work[Speech[Audio]]:
        """Melody and timing of a sentence; what comes of that speaks it, and the silence that it asks for."""
        styles = sentence.unit_styles[0] if len(sentence.unit_styles) == 1 else sentence.unit_styles
        score = yield from self._acoustic.compose(sentence.units, styles)
        if sentence.pause is None:
            return self._perform(score, pace)
        asked, closing = round(sentence.pause * self.rate), units_of_silence(sentence.symbols)
        frame = self.voice.manifest.vocoder.samples_per_frame
        score = score.shortened(closing, asked // frame)
        missing = asked - frame * int(score.durations[len(score.durations) - closing :].sum())
        return self._perform(score, pace, score.frames * frame, missing)

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
        return finished(self._utter(units, style, chunk_steps, source_noise))

    def rehearsal(self, pace: PlaybackClock) -> Speech[Audio]:
        """A few seconds of sound that every voice can make, to see how fast it is."""
        score = yield from self._acoustic.compose(self._any_units(REHEARSAL_UNITS), PLAIN)
        yield from self._perform(score, pace)

    def warm_up(self) -> None:
        """Runs every graph once, so that what does not work shows now, and loads the dictionaries."""
        apply_volume(self.utter(self._any_units(WARM_UP_UNITS)).audio.samples, 1)
        with suppress(RequestError):  # not every voice can read this
            names = {"speaker": self.voice.speaker(None), "emotion": self.voice.emotion(None)}
            units = self._front_end.analyze(WARM_UP_TEXT, **names)[0].units
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

    def _perform(
        self, score: ProsodyPrediction, pace: PlaybackClock, cut: int | None = None, missing: int = 0
    ) -> Speech[Audio]:
        """A score in chunks at its volume, cut off at sample `cut`, then `missing` samples of silence."""
        frame, place = self.voice.manifest.vocoder.samples_per_frame, 0
        fader = VolumeEnvelope(score.by_frame(lambda style: style.volume), frame, self.rate, cut)
        utterance = self._begin(score)
        while not utterance.over:
            _, audio, utterance = yield from self._advance(utterance, self._steps(pace))
            if len(audio.samples):
                pace.hand_over(len(audio.samples) / self.rate)
                yield Audio(fader.apply(audio.samples, place), self.rate)
                place += len(audio.samples)
        yield from silence(missing, self.rate, pace)

    def _utter(
        self, units: Units, style: Style | Sequence[Style], chunk_steps: int | None, source_noise: bool
    ) -> Work[Trace]:
        score = yield from self._acoustic.compose(units, style)
        utterance, pace = self._begin(score, source_noise), PlaybackClock()
        mels, samples = [np.zeros((0, 0), np.float32)], [np.zeros(0, np.float32)]
        while not utterance.over:
            steps = self._steps(pace) if chunk_steps is None else chunk_steps or WHOLE
            mel, audio, utterance = yield from self._advance(utterance, steps)
            pace.hand_over(len(audio.samples) / self.rate)
            samples.append(audio.samples)
            if mel:
                mels.append(mel.frames)
        return Trace(score, np.concatenate(mels[1:] or mels), Audio(np.concatenate(samples), self.rate))

    def _begin(self, score: ProsodyPrediction, source_noise: bool = True) -> UtteranceState:
        missing = 1 - self._pitch_response
        shifts = score.by_frame(lambda style: float(2 ** (style.pitch * missing / 12)))
        return UtteranceState(self._acoustic.start(score), self._vocoder.start(source_noise=source_noise), shifts)

    def _advance(self, utterance: UtteranceState, steps: int) -> Work[tuple[Mel | None, Audio, UtteranceState]]:
        """What is certain after up to `steps` more decoder steps, mel and sound; nothing at first."""
        mel, performance = yield from self._acoustic.advance(utterance.performance, steps)
        if mel is None:
            return None, Audio(np.zeros(0, np.float32), self.rate), replace(utterance, performance=performance)
        shifts, later = utterance.pitch_shifts, utterance.pitch_shifts
        if len(shifts) > 1:
            shifts, later = np.split(shifts, [len(mel.frames)])
        audio, vocoding = yield from self._vocoder.advance(
            utterance.vocoding, mel, final=performance.over, pitch_shift=shifts
        )
        return mel, audio, UtteranceState(performance, vocoding, later)

    def _steps(self, pace: PlaybackClock) -> int:
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
