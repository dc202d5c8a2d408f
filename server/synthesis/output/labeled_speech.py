"""Speech with the audible label of the configuration (docs/labels.md), and its times."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from server.audio.audible_label import gap, notice_text, rhythm_sign, with_sign
from server.config import LabelSection
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.speech_input import SpeechInput
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.timing import shifted
from server.types import Audio, SpeechTiming

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.synthesizer import Synthesizer


class Speech(Protocol):
    """What can be computed: a `SpeechPlan` or a `SpeechInput`, with or without a label."""

    @property
    def rate(self) -> int:
        """Hz."""

    @property
    def seed(self) -> int | None:
        """None: the default noise, and no promise of equal samples."""

    @property
    def main_voice(self) -> str:
        """The voice whose cost is assumed for the whole text."""

    def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        """The audio in chunks, for a scheduler."""


class TimedSpeech(Speech, Protocol):
    """Speech of a text that is known as a whole."""

    def times(self, clock: PlaybackClock) -> Chunks[SpeechTiming]:
        """One item, the times of the whole text, for a scheduler."""


def labeled(plan: SpeechPlan, section: LabelSection) -> TimedSpeech:
    """The speech of a plan with the audible label; the plan itself where none is wanted."""
    return LabeledPlan(plan, section) if _is_audible(section) else plan


def labeled_input(speech: SpeechInput, section: LabelSection) -> Speech:
    """The speech of a text that its client still writes, with the audible label where one is wanted."""
    return LabeledSpeech(speech, speech.synthesizer, speech.speaker, section) if _is_audible(section) else speech


def _is_audible(section: LabelSection) -> bool:
    return section.enabled and section.audible != "none"


class LabeledSpeech:
    """Speech with the rhythm sign or the notice at its start or its end.

    The notice is spoken in the default style. The times of the sentences count the label.
    """

    def __init__(self, speech: Speech, synthesizer: "Synthesizer", speaker: str, section: LabelSection) -> None:
        """The voice and the speaker are those of the notice."""
        self.rate = speech.rate
        self.seed = speech.seed
        self.main_voice = speech.main_voice
        self._speech = speech
        self._section = section
        text = notice_text(section)
        self._notice = _spoken(text, synthesizer, speaker, speech.seed) if text else None

    async def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        """The audio in chunks; see `SpeechPlan.audio`."""
        added = 0  # samples of the sign, before those of the speech

        async def sign() -> Chunks[Audio]:
            nonlocal added
            async for chunk in self._sign(clock):
                yield chunk
                added += len(chunk.samples)
            added += len(gap(self.rate).samples)

        async for chunk in with_sign(self._speech.audio(clock), sign(), self.rate, self._section):
            yield replace(chunk, sentence=shifted(chunk.sentence, added)) if chunk.sentence else chunk

    async def _sign(self, clock: PlaybackClock) -> Chunks[Audio]:
        if self._notice is None:
            yield rhythm_sign(self.rate)
            return
        async for chunk in self._notice.audio(clock):
            yield replace(chunk, sentence=None, times_follow=False)  # it is not in the text

    async def _sign_samples(self, clock: PlaybackClock) -> int:
        if self._notice is None:
            return len(rhythm_sign(self.rate).samples)
        return sum([timing.samples async for timing in self._notice.times(clock)])


class LabeledPlan(LabeledSpeech):
    """The same of a text that is known as a whole."""

    def __init__(self, plan: SpeechPlan, section: LabelSection) -> None:
        first = plan.segments[0]
        super().__init__(plan, first.synthesizer, first.speaker, section)
        self._plan = plan

    async def times(self, clock: PlaybackClock) -> Chunks[SpeechTiming]:
        """One item, the times of the whole text; see `SpeechPlan.times`."""
        label = len(gap(self.rate).samples) + await self._sign_samples(clock)
        offset = label if self._section.position == "start" else 0
        async for timing in self._plan.times(clock):
            sentences = tuple(shifted(sentence, offset) for sentence in timing.sentences)
            yield replace(timing, sentences=sentences, samples=timing.samples + label)


def _spoken(text: str, synthesizer: "Synthesizer", speaker: str, seed: int | None) -> SpeechPlan:
    plan = SpeechPlan.for_text(synthesizer, text, speaker=speaker)
    return SpeechPlan(plan.segments, seed)
