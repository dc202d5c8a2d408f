"""Plans of texts: which voice and speaker synthesizes which segment, and how."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from server.config import Config
from server.errors import RequestError
from server.scheduling.input_queue import InputQueue
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks, iterate
from server.synthesis.options import DEFAULT_OPTIONS, SpeechOptions
from server.synthesis.reference.application import ReferenceApplication, apply_reference
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference
from server.synthesis.segments import Segment, SegmentItems
from server.synthesis.sequencing import sequence, sequence_times
from server.synthesis.speech_input import SpeechInput
from server.synthesis.voice_resolver import VoiceResolver, Voices
from server.text.incremental.incremental_text import IncrementalText
from server.text.instructions.parser import Instructions
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script, SpeakingStyle
from server.types import DEFAULT_STYLE, Audio, SpeechTiming, Style

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.synthesizer import Synthesizer


class SpeechPlan:
    """The segments of a text. Nothing is computed before its audio is requested."""

    def __init__(
        self, segments: Sequence[Segment], seed: int | None = None, noise: int = 0, *, continues: bool = False
    ) -> None:
        self.rate = segments[0].synthesizer.rate
        """Hz"""
        self.segments = tuple(segments)
        self.seed = seed
        """None: the noise of `noise`, and no promise of equal samples."""
        self.noise = noise
        self.continues = continues
        """Whether it is the continuation of another text, whose audio nobody waits for."""

    @classmethod
    def for_text(
        cls,
        synthesizer: "Synthesizer",
        text: str,
        style: Style = DEFAULT_STYLE,
        *,
        speaker: str | None = None,
        emotion: str | None = None,
    ) -> "SpeechPlan":
        """The plan of a text without markup, in one voice. Raises `UnknownNameError` for a speaker or an emotion."""
        voice = synthesizer.voice
        script = Script.plain(text, SpeakingStyle(style))
        return cls([Segment(script, synthesizer, voice.speaker(speaker), voice.emotion(emotion))])

    @property
    def main_voice(self) -> str:
        """The voice with the longest segment: its cost is assumed for the whole text."""
        return max(self.segments, key=lambda segment: len(segment.script.text)).synthesizer.voice.name

    def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        """The audio in chunks, for a scheduler. Every chunk is pushed to the clock, which sets the size of the next.

        Raises `RequestError` before any audio when the first sentence cannot be spoken.
        """
        return sequence(self._items(), clock, self.seed, self.noise, continues=self.continues)

    def times(self, clock: PlaybackClock) -> Chunks[SpeechTiming]:
        """One item, the times of the whole text, for a scheduler: equal to those of the audio, and none is computed.

        Raises `RequestError` for a sentence that cannot be spoken.
        """
        return sequence_times(self._items(), clock, continues=self.continues)

    def speak(self) -> Generator[Audio, None, None]:
        """The audio in chunks, computed as it is iterated. Closing the iterator stops the computing."""
        return iterate(self.audio(PlaybackClock()))

    def continuation(self) -> "SpeechPlan":
        """The same plan of a text that continues another one: in that its first sentence would be a later one."""
        return SpeechPlan(self.segments, self.seed, self.noise, continues=True)

    def has_speech(self) -> bool:
        """Whether anything of the text can be spoken. Runs the front end up to its first sentence or pause.

        Raises `RequestError` when that cannot be spoken.
        """
        return any(segment.has_speech() for segment in self.segments)

    def _items(self) -> SegmentItems:
        segments: InputQueue[Segment] = InputQueue()
        segments.put(*self.segments)
        segments.close()
        return SegmentItems(segments)


class SpeechPlanner:
    """Parses a text and resolves its voices and speakers.

    `inline_markup` and `max_characters` are those of `parse_markup`.
    """

    def __init__(self, voices: Voices, *, inline_markup: bool = True, max_characters: int | None = None) -> None:
        self._voices = voices
        self._resolver = VoiceResolver(voices)
        self._inline_markup = inline_markup
        self._max_characters = max_characters

    @classmethod
    def for_config(cls, voices: Voices, config: Config) -> "SpeechPlanner":
        """The planner of a configuration."""
        return cls(voices, inline_markup=config.text.marks, max_characters=config.synthesis.max_characters)

    def resolve(self, voice: str | None, speaker: str | None = None) -> tuple["Synthesizer", str]:
        """The voice and the speaker of a request; see `VoiceResolver.resolve`."""
        return self._resolver.resolve(voice, speaker)

    def follow(
        self, instructions: str, options: SpeechOptions, *, pace: bool = True
    ) -> tuple[SpeechOptions, Instructions]:
        """`SpeechOptions.following`, with the emotions of their voice. Raises what `VoiceResolver.resolve` raises."""
        synthesizer, _ = self._resolver.resolve(options.voice, options.speaker)
        return options.following(instructions, synthesizer.voice.emotions, pace=pace)

    def refer(self, options: SpeechOptions) -> tuple[SpeechOptions, ReferenceApplication | None]:
        """The options with what their reference chooses, and what that is; None without a reference.

        It chooses an emotion where the options have none, and a style below theirs. What the voice takes over besides
        stays in the reference of the options. It blocks for a second where a voice must be measured first. Raises what
        `VoiceResolver.resolve` and `apply_reference` raise.
        """
        reference = options.reference
        if reference is None:
            return options, None
        synthesizer, speaker = self._resolver.resolve(options.voice, options.speaker)
        found = apply_reference(reference, synthesizer, speaker, options.emotion)
        uses = found.uses - {ReferenceUse.EMOTION}
        chosen = found.expression.emotion if found.expression else options.emotion
        left = replace(reference, uses=uses) if uses else None
        return replace(options, emotion=chosen, style=found.combined(options.style), reference=left), found

    def plan_text(self, text: str, options: SpeechOptions = DEFAULT_OPTIONS) -> SpeechPlan:
        """The plan of plain text, text with inline markup, or SSML. Raises what `parse_markup` and `plan` raise."""
        base = SpeakingStyle(options.style)
        script = parse_markup(text, base, inline=self._inline_markup, max_characters=self._max_characters)
        return self.plan(script, options)

    def open_input(self, options: SpeechOptions = DEFAULT_OPTIONS, *, early: bool = False) -> SpeechInput:
        """A text that its client still writes; see `SpeechInput`, and `IncrementalText` for `early`.

        Raises `UnknownNameError` for an unknown name, and `VoiceError` for a broken voice; later, with a piece of the
        text, what `plan_text` raises.
        """
        synthesizer, speaker = self._resolver.resolve(options.voice, options.speaker)
        synthesizer.voice.emotion(options.emotion)
        text = IncrementalText(
            synthesizer.front_end(options.wording),
            SpeakingStyle(options.style),
            inline=self._inline_markup,
            max_characters=self._max_characters,
            early=early,
        )

        def plan(script: Script) -> Sequence[Segment]:
            segments = self.plan(script, options).segments
            self._check_sample_rates([synthesizer, *(segment.synthesizer for segment in segments)])
            return segments

        return SpeechInput(synthesizer, speaker, text, plan, options.seed)

    def plan(self, script: Script, options: SpeechOptions = DEFAULT_OPTIONS) -> SpeechPlan:
        """The plan of a script, whose styles include that of the options.

        `VoiceResolver` says what the voice names of the options and of the script's spans mean. The voice of the
        options takes over the timbre of their reference, if it can; spans that name a voice or a speaker keep theirs.

        Raises `UnknownNameError` for an unknown name, `VoiceError` for a broken voice, and `RequestError` for voices of
        different sampling rates.
        """
        default, speaker = self._resolver.resolve(options.voice, options.speaker)
        resolved: dict[str | None, tuple[Synthesizer, str]] = {None: (_with_timbre(default, options), speaker)}
        delivery = _delivery(options)
        segments = []
        for name, part in split_by_voice(script):
            if name not in resolved:
                resolved[name] = self._resolver.resolve_within(default, name or "")
            synthesizer, speaker = resolved[name]
            emotion = synthesizer.voice.emotion(options.emotion)
            segments.append(Segment(part, synthesizer, speaker, emotion, options.wording, delivery))
            for span in set(part.styles):
                synthesizer.voice.emotion(span.emotion)
        self._check_sample_rates([segment.synthesizer for segment in segments])
        return SpeechPlan(segments, options.seed, options.noise)

    def _check_sample_rates(self, synthesizers: Sequence["Synthesizer"]) -> None:
        """All must have the rate of the first one."""
        first = synthesizers[0]
        for other in synthesizers:
            if other.rate != first.rate:
                matching = ", ".join(name for name, rate in self._voices.sample_rates().items() if rate == first.rate)
                raise RequestError(
                    f"voice {first.voice.name!r} speaks at {first.rate} Hz and voice {other.voice.name!r} at "
                    f"{other.rate} Hz; one text has one sampling rate. Voices of {first.rate} Hz: {matching}",
                    param="voice",
                    code="different_rates",
                )


def _with_timbre(synthesizer: "Synthesizer", options: SpeechOptions) -> "Synthesizer":
    """The voice of the options, with the timbre of their reference where it takes one."""
    reference = options.reference
    if reference is None or ReferenceUse.TIMBRE not in reference.uses:
        return synthesizer
    return synthesizer.with_timbre(reference.recording)


def _delivery(options: SpeechOptions) -> SpeechReference | None:
    """The recording whose timing and melody all segments take over; None without one."""
    reference = options.reference
    return reference if reference and ReferenceUse.DELIVERY in reference.uses else None


def split_by_voice(script: Script) -> Iterator[tuple[str | None, Script]]:
    """The stretches of a script with the same voice name, in order; at least one."""
    start = 0
    for voice, spans in groupby(script.styles, lambda span: span.voice):
        end = start + sum(1 for _ in spans)
        yield voice, script.part(start, end)
        start = end
    if not start:
        yield None, script
