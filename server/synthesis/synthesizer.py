"""One voice: front end, acoustic model, vocoder and limiter, composed for one sentence at a time."""

import copy
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from server.audio.limiter import GainEnvelope, apply_gain
from server.config import SynthesisSection
from server.errors import RequestError
from server.references.recording import Recording
from server.runtime.runtime import Runtime
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks, run_to_completion
from server.synthesis.acoustic.acoustic_model import AcousticModel, AcousticState
from server.synthesis.acoustic.prosody_targets import ProsodyTargets
from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.synthesis.calibration.calibration import Calibration, pitch_response, range_response
from server.synthesis.calibration.onset import LEAD_TEXT, STOP_TEXT, OnsetSilence, onset
from server.synthesis.chunking import ChunkSchedule
from server.synthesis.reference.comparisons import Comparisons
from server.synthesis.reference.delivery.measurement import PlainSpeech
from server.synthesis.sequencing import Item, silence, trailing_silent_units
from server.synthesis.speaker_encoder.encoder_file import embedding_size, encoder_of
from server.synthesis.timing import UnitTimes, sentence_timing, shifted
from server.synthesis.vocoder.pitch_change import PitchChange
from server.synthesis.vocoder.vocoder import Vocoder, VocoderState
from server.text.frontend import FrontEnd
from server.text.markup.script import Script
from server.text.normalization.emoji import Emoji
from server.text.pronunciation.user_lexicon import EMPTY_LEXICON, UserLexicon
from server.text.prosody.sentence_prefix import SentencePrefix, sentence_prefix
from server.text.sentence import Sentence
from server.text.units.unit_tables import UnitTables
from server.text.wording import DEFAULT_WORDING, Wording
from server.types import DEFAULT_STYLE, Audio, Floats, Mel, SentenceTiming, Style, Units
from server.voices.voice import Voice

WARM_UP_UNITS = 8
WARM_UP_TEXT = "你好，今天天气很好。"
PROBE_UNITS = 20
PLAIN_STEPS = 16
"""Decoder steps in a chunk of speech that nobody waits to hear."""
REST_BUFFER = 0.3
"""Seconds of buffered audio from which the rest of a sentence is composed that began with its prefix."""
WHOLE_UTTERANCE = 10**9
"""Decoder steps that no utterance exceeds."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every intermediate result of one utterance."""

    prosody: ProsodyPrediction
    mel: Floats
    """(frames, channels), after the postnet"""
    audio: Audio


@dataclass(frozen=True, slots=True)
class PreparedUtterance:
    """An utterance whose prosody is predicted, or the prefix of one."""

    prosody: ProsodyPrediction
    end: int | None = None
    """Sample at which the audio is cut and faded out; None without a cut."""
    trailing_silence: int = 0
    """Samples of silence after the last frame."""
    timing: SentenceTiming | None = None
    """From sample 0; None for units that are no sentence, and for a prefix."""


@dataclass(frozen=True, slots=True)
class UtteranceState:
    """The state of an utterance between two chunks."""

    acoustic: AcousticState
    vocoder: VocoderState
    pitch: PitchChange
    """Of the source, in the remaining frames."""
    frames: int = 0
    """Before the remaining ones."""


@dataclass(frozen=True, slots=True, eq=False)
class OtherSpeaker:
    """A speaker that is none of the voice's own."""

    embedding: Floats
    """(1, size)"""
    loaded: "Synthesizer"
    """The voice for this request. A weak reference to it tells how long the voice is used: see `LoadedVoice`."""


class Synthesizer:
    """One loaded voice. Safe for use by several threads."""

    def __init__(
        self,
        voice: Voice,
        runtime: Runtime,
        settings: SynthesisSection,
        lexicon: UserLexicon = EMPTY_LEXICON,
        emoji: Emoji = "drop",
        comparisons: Comparisons | None = None,
    ) -> None:
        """`comparisons` are those that several voices share; None: of its own."""
        self.voice = voice
        comparisons = comparisons or Comparisons(runtime)
        self.encoders = comparisons.encoders
        self.profiles = comparisons.profiles
        self.measured_sentences = comparisons.measured_sentences
        self.speaker: OtherSpeaker | None = None
        """None: the speakers of the voice."""
        self.tables = UnitTables(voice.manifest)
        self.rate = voice.rate
        self._samples_per_frame = voice.manifest.vocoder.samples_per_frame
        filled_pauses = tuple(self.tables.encode(symbols) for symbols in voice.manifest.acoustic.filled_pauses)
        self._acoustic = AcousticModel(voice, runtime, filled_pauses)
        self._vocoder = Vocoder(voice, runtime)
        self.calibration = Calibration()
        """Set by `warm_up`."""
        self.configure(settings, lexicon, emoji)

    def configure(self, settings: SynthesisSection, lexicon: UserLexicon, emoji: Emoji) -> None:
        """Takes over settings, before anybody uses this object."""
        self.sentence_silence = settings.sentence_silence
        self._front_end = FrontEnd(self.tables, lexicon, emoji)
        self._chunking = ChunkSchedule(
            lookahead_frames=self._acoustic.lookahead + self._vocoder.lookahead,
            frames_per_step=self._acoustic.frames_per_step,
            seconds_per_step=self._acoustic.frames_per_step * self._samples_per_frame / self.rate,
            first_chunk_steps=settings.first_chunk_steps,
            chunk_steps=settings.chunk_steps,
        )

    def share(self) -> Self:
        """Another object for the same loaded graphs. Who holds it, uses the voice: see `LoadedVoice`."""
        return copy.copy(self)

    def with_settings(self, settings: SynthesisSection, lexicon: UserLexicon, emoji: Emoji) -> Self:
        """The same loaded graphs with other settings; streams that began with this object keep its own."""
        other = copy.copy(self)
        other.configure(settings, lexicon, emoji)
        return other

    def with_speaker(self, embedding: Floats) -> Self:
        """The same loaded voice with the embedding (1, size) of another speaker.

        Raises `RequestError` for a voice that takes none, or of another size.
        """
        size = embedding_size(self.voice)
        if embedding.shape != (1, size):
            takes = "none" if size is None else f"{size} numbers"
            raise RequestError(
                f"the speaker embedding has {embedding.size} numbers, and voice {self.voice.name!r} takes {takes}; "
                "compute it with the encoder of this voice",
                param="reference",
                code="wrong_embedding",
            )
        other = copy.copy(self)
        other.speaker = OtherSpeaker(embedding, self)
        return other

    def with_timbre(self, recording: Recording) -> Self:
        """The same loaded voice with the timbre of a recording; itself, if it cannot take one (`timbre_obstacle`).

        Computes the embedding of a recording that was not used lately. Raises `RequestError` for a recording that the
        encoder refuses.
        """
        encoder = encoder_of(self.voice)
        return self.with_speaker(self.encoders.embedding(encoder, recording)) if encoder else self

    @property
    def speaker_digest(self) -> str:
        """SHA-256 of the embedding of another speaker; empty for the speakers of the voice."""
        return hashlib.sha256(self.speaker.embedding.tobytes()).hexdigest() if self.speaker else ""

    @property
    def settings(self) -> Mapping[str, object]:
        """What of the configuration changes its audio."""
        chunking = asdict(self._chunking)
        return {"sentence_silence": self.sentence_silence, "chunking": chunking, **self._front_end.settings}

    def sentences(
        self,
        script: Script | str,
        *,
        speaker: str | None = None,
        emotion: str | None = None,
        wording: Wording = DEFAULT_WORDING,
    ) -> Iterator[Item]:
        """The sentences and pauses of a text, each analyzed on demand. Raises `RequestError` where one cannot be."""
        speaker, emotion = self.voice.speaker(speaker), self.voice.emotion(emotion)
        return self.front_end(wording).segments(script, speaker=speaker, emotion=emotion)

    def front_end(self, wording: Wording = DEFAULT_WORDING) -> FrontEnd:
        """The analysis of texts for this voice, with this wording."""
        if wording == DEFAULT_WORDING:
            return self._front_end
        return self._front_end.with_wording(wording.lexicon, wording.replacements)

    async def prepare(
        self, sentence: Sentence, clock: PlaybackClock, seed: int = 0, targets: ProsodyTargets | None = None
    ) -> Chunks[Audio]:
        """Predicts the prosody of a sentence. Returns its audio, with the pause that the sentence ends with.

        The audio pushes every chunk to the clock, whose buffer sets the size of the next one. Its first chunk has the
        times of the sentence; where only the prefix of the sentence is prepared, they follow with a later one. Sample 0
        is the first one of the chunk. `seed` is that of the source's noise, `targets` replace the prediction.
        """
        prefix = None if targets else sentence_prefix(sentence)
        if prefix is None:
            return self._audio(await self._predict(sentence, targets), clock, seed=seed)
        prosody = await self._predict_prefix(sentence, prefix)
        rest = partial(self._complete, sentence, prefix, prosody)
        return self._audio(PreparedUtterance(prosody), clock, rest, seed=seed)

    async def predict_times(self, sentence: Sentence, targets: ProsodyTargets | None = None) -> SentenceTiming:
        """The times that `prepare` would give with the audio, without computing any."""
        prefix = None if targets else sentence_prefix(sentence)
        if prefix is None:
            prepared = await self._predict(sentence, targets)
        else:
            prepared = await self._complete(sentence, prefix, await self._predict_prefix(sentence, prefix))
        assert prepared.timing is not None
        return prepared.timing

    @property
    def frames_per_second(self) -> float:
        """Of the acoustic model."""
        return self.rate / self._samples_per_frame

    @property
    def highest_f0(self) -> float:
        """Hz: the highest harmonic of the source is at half the rate then."""
        return self.rate / 2 / max(self.voice.manifest.vocoder.harmonics, 1)

    async def speak_plainly(self, units: Units) -> PlainSpeech:
        """One utterance in the voice's own style, without noise, as a stage: to compare a recording with it."""
        trace = await self._synthesize(units, DEFAULT_STYLE, PLAIN_STEPS, source_noise=False)
        prosody = trace.prosody
        ends = np.cumsum(prosody.durations) / self.frames_per_second
        begins = ends - prosody.durations / self.frames_per_second
        units_last = np.flatnonzero(np.diff(prosody.unit_indices, append=-1))
        voiced = self._vocoder.voiced_f0(Mel(trace.mel))
        f0 = float(np.median(voiced)) if len(voiced) else prosody.mean_f0
        return PlainSpeech(trace.audio, begins[units_last], ends[units_last], f0)

    async def _predict(self, sentence: Sentence, targets: ProsodyTargets | None) -> PreparedUtterance:
        prosody = await self._predict_prosody(sentence.units, _styles(sentence), targets)
        return self._prepared(sentence, prosody)

    async def _predict_prefix(self, sentence: Sentence, prefix: SentencePrefix) -> ProsodyPrediction:
        known, styles = prefix.units_known, _styles(sentence)
        some = styles if isinstance(styles, Style) else styles[:known]
        prosody = await self._predict_prosody(sentence.units.first(known), some)
        return prosody.prefix(prefix.units)

    async def _complete(
        self, sentence: Sentence, prefix: SentencePrefix, prosody: ProsodyPrediction
    ) -> PreparedUtterance:
        """The whole sentence: its prefix has that prosody."""
        whole = await self._predict_prosody(sentence.units, _styles(sentence))
        return self._prepared(sentence, whole.after(prosody, prefix.units))

    def _prepared(self, sentence: Sentence, prosody: ProsodyPrediction) -> PreparedUtterance:
        """With the pause that the sentence ends with, and its times."""
        prepared = self._with_pause(sentence, prosody)
        frame, prosody = self._samples_per_frame, prepared.prosody
        times = UnitTimes(sentence, prosody, frame, self.calibration.onset_silence, self.rate)
        samples = prosody.frames * frame + prepared.trailing_silence
        return replace(prepared, timing=sentence_timing(sentence, times, self.rate, samples))

    def _with_pause(self, sentence: Sentence, prosody: ProsodyPrediction) -> PreparedUtterance:
        if sentence.pause is None:
            return PreparedUtterance(prosody)
        pause, silent_units = round(sentence.pause * self.rate), trailing_silent_units(sentence.symbols)
        frame = self._samples_per_frame
        prosody = prosody.truncated(silent_units, pause // frame)
        missing = pause - frame * int(prosody.durations[len(prosody.durations) - silent_units :].sum())
        return PreparedUtterance(prosody, prosody.frames * frame, missing)

    async def _predict_prosody(
        self, units: Units, style: Style | Sequence[Style], targets: ProsodyTargets | None = None
    ) -> ProsodyPrediction:
        embedding = self.speaker.embedding if self.speaker else None
        return await self._acoustic.predict_prosody(units, style, embedding, targets)

    def synthesize(
        self,
        units: Units,
        style: Style | Sequence[Style] = DEFAULT_STYLE,
        *,
        chunk_steps: int | None = None,
        source_noise: bool = True,
    ) -> Trace:
        """One whole utterance before its volume is applied, with all intermediate results.

        `style` is one for all, or one for each unit; `chunk_steps` 0 computes it in one chunk.
        """
        return run_to_completion(self._synthesize(units, style, chunk_steps, source_noise))

    async def probe(self, clock: PlaybackClock) -> Chunks[Audio]:
        """A few seconds of audio that every voice can synthesize, to measure its cost."""
        prosody = await self._acoustic.predict_prosody(self._any_units(PROBE_UNITS), DEFAULT_STYLE)
        async for chunk in self._audio(PreparedUtterance(prosody), clock):
            yield chunk

    def warm_up(self, calibration: Calibration | None = None) -> None:
        """Runs every graph once, so that errors show at the start, loads the dictionaries, and measures the voice.

        `calibration` is that of the same files, which are not measured again then.
        """
        apply_gain(self.synthesize(self._any_units(WARM_UP_UNITS)).audio.samples, 1)
        if calibration:
            self.calibration = calibration
            return
        with suppress(RequestError):  # the front end does not support every voice
            if self.voice.manifest.vocoder.harmonics:
                f0 = partial(self._acoustic_f0, self._first_units(WARM_UP_TEXT))
                pitch, pitch_range = pitch_response(f0), range_response(f0)
                self.calibration = replace(self.calibration, pitch_response=pitch, range_response=pitch_range)
            onsets = OnsetSilence.of_onsets(self._measure_onset(LEAD_TEXT), self._measure_onset(STOP_TEXT))
            self.calibration = replace(self.calibration, onset_silence=onsets)

    def _first_units(self, text: str) -> Units:
        """The units of the first sentence of a text."""
        speaker, emotion = self.voice.speaker(None), self.voice.emotion(None)
        return self._front_end.analyze(text, speaker=speaker, emotion=emotion)[0].units

    def _measure_onset(self, text: str) -> float:
        audio = self.synthesize(self._first_units(text), source_noise=False).audio
        return onset(audio.samples, audio.rate)

    def _acoustic_f0(self, units: Units, style: Style) -> NDArray[np.float64]:
        """(voiced frames,) in Hz, as the acoustic model of an NSF voice predicts it."""
        prosody = run_to_completion(self._acoustic.predict_prosody(units, style))
        if not prosody.frames:
            return np.zeros(0)
        mel, _ = run_to_completion(self._acoustic.advance(self._acoustic.start(prosody), WHOLE_UTTERANCE))
        return self._vocoder.voiced_f0(mel) if mel else np.zeros(0)

    def _any_units(self, count: int) -> Units:
        ids = np.zeros(count, np.int64)
        return Units(np.zeros((count, 1 if self.tables.reads_bytes else 4), np.int64), ids, ids)

    async def _audio(
        self,
        prepared: PreparedUtterance,
        clock: PlaybackClock,
        rest: Callable[[], Awaitable[PreparedUtterance]] | None = None,
        seed: int = 0,
    ) -> Chunks[Audio]:
        """The utterance in chunks at its volume, then its silence; the first chunk has the times.

        With `rest` it is the prefix of the utterance that `rest` gives. That is asked for when enough audio is
        buffered, or before the first steps that depend on it; so it changes no sample when that is.
        """
        state, position = self._start(prepared.prosody, seed=seed, is_whole=rest is None), 0
        envelope, timing = self._envelope(prepared), prepared.timing
        while not state.acoustic.is_finished:
            steps = self._chunking.next_steps(clock)
            if rest and (clock.buffered_seconds >= REST_BUFFER or steps > state.acoustic.independent_steps):
                prepared, rest = await rest(), None
                state, envelope = self._extend(state, prepared.prosody), self._envelope(prepared)
                timing = prepared.timing and shifted(prepared.timing, -position)
                continue
            _, audio, state = await self._advance(state, steps)
            if len(audio.samples):
                clock.push(len(audio.samples) / self.rate)
                samples = envelope.apply(audio.samples, position)
                yield Audio(samples, self.rate, timing, times_follow=rest is not None)
                timing = None
                position += len(audio.samples)
        for chunk in silence(prepared.trailing_silence, self.rate, clock):
            yield replace(chunk, sentence=timing)
            timing = None
        if timing:  # a sentence without a single frame
            yield Audio(np.zeros(0, np.float32), self.rate, timing)

    async def _synthesize(
        self, units: Units, style: Style | Sequence[Style], chunk_steps: int | None, source_noise: bool
    ) -> Trace:
        prosody = await self._predict_prosody(units, style)
        state, clock = self._start(prosody, source_noise), PlaybackClock()
        mels, samples = [np.zeros((0, 0), np.float32)], [np.zeros(0, np.float32)]
        while not state.acoustic.is_finished:
            steps = self._chunking.next_steps(clock) if chunk_steps is None else chunk_steps or WHOLE_UTTERANCE
            mel, audio, state = await self._advance(state, steps)
            clock.push(len(audio.samples) / self.rate)
            samples.append(audio.samples)
            if mel:
                mels.append(mel.frames)
        return Trace(prosody, np.concatenate(mels[1:] or mels), Audio(np.concatenate(samples), self.rate))

    def _envelope(self, prepared: PreparedUtterance) -> GainEnvelope:
        volumes = prepared.prosody.per_frame(lambda style: style.volume)
        return GainEnvelope(volumes, self._samples_per_frame, self.rate, prepared.end)

    def _start(
        self, prosody: ProsodyPrediction, source_noise: bool = True, seed: int = 0, *, is_whole: bool = True
    ) -> UtteranceState:
        vocoder = self._vocoder.start(source_noise=source_noise, seed=seed)
        acoustic = self._acoustic.start(prosody, is_whole=is_whole)
        return UtteranceState(acoustic, vocoder, self.calibration.pitch_change(prosody))

    def _extend(self, state: UtteranceState, prosody: ProsodyPrediction) -> UtteranceState:
        """The state of a prefix as that of the whole utterance."""
        _, pitch = self.calibration.pitch_change(prosody).split(state.frames)
        return replace(state, acoustic=self._acoustic.extend(state.acoustic, prosody), pitch=pitch)

    async def _advance(self, state: UtteranceState, steps: int) -> tuple[Mel | None, Audio, UtteranceState]:
        """Mel and audio that are final after up to `steps` more decoder steps; none at first."""
        mel, acoustic = await self._acoustic.advance(state.acoustic, steps)
        if mel is None:
            return None, Audio(np.zeros(0, np.float32), self.rate), replace(state, acoustic=acoustic)
        pitch, remaining = state.pitch.split(len(mel.frames))
        audio, vocoder = await self._vocoder.advance(state.vocoder, mel, final=acoustic.is_finished, pitch=pitch)
        return mel, audio, UtteranceState(acoustic, vocoder, remaining, state.frames + len(mel.frames))


def _styles(sentence: Sentence) -> Style | Sequence[Style]:
    """One for all units, or one for each."""
    return sentence.unit_styles[0] if len(sentence.unit_styles) == 1 else sentence.unit_styles
