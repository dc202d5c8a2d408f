"""Segments of a text -> sentences and pauses, also while the text still arrives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from server.errors import NothingToSpeakError
from server.scheduling.input_queue import InputQueue
from server.synthesis.reference.delivery.delivered_voice import DeliveredVoice
from server.synthesis.reference.delivery.delivery import Delivery
from server.synthesis.reference.speech_reference import SpeechReference
from server.synthesis.sequencing import PENDING, Item, Pending, SentenceSynthesizer
from server.text.markup.script import Script
from server.text.sentence import Sentence
from server.text.wording import DEFAULT_WORDING, Wording

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a script for one speaker."""

    script: Script
    synthesizer: "Synthesizer"
    speaker: str
    emotion: str
    wording: Wording = DEFAULT_WORDING
    delivery: SpeechReference | None = None
    """The recording whose timing and melody its sentences get."""

    def items(self) -> Iterator[Item]:
        """Its sentences and pauses, as they are asked for. Raises `NothingToSpeakError` when there are none."""
        return self.synthesizer.sentences(self.script, speaker=self.speaker, emotion=self.emotion, wording=self.wording)

    def transcript(self) -> Iterator[Item] | None:
        """What is said in the recording, analyzed as it is asked for; None if that is the text."""
        if self.delivery is None or not (self.delivery.transcript or "").strip():
            return None
        script = Script.plain(self.delivery.transcript or "")
        return self.synthesizer.sentences(script, speaker=self.speaker, emotion=self.emotion, wording=self.wording)

    def has_speech(self) -> bool:
        """Whether it has a sentence or a pause."""
        try:
            return next(self.items(), None) is not None
        except NothingToSpeakError:
            return False


class SegmentItems:
    """The sentences and pauses of segments, also of those that arrive while earlier ones are spoken.

    A segment with nothing to speak is an error only if all are like that. Each warning occurs once; those of a segment
    with nothing to speak belong to the next sentence.
    """

    def __init__(self, segments: InputQueue[Segment]) -> None:
        self._segments = segments
        self._synthesizer: SentenceSynthesizer | None = None
        self._delivery: Delivery | None = None
        self._items: Iterator[Item] = iter(())
        self._has_spoken = False
        self._is_empty = True
        """Whether there was no segment."""
        self._warnings: dict[str, bool] = {}
        """All so far -> whether a sentence has it."""

    async def get(self, *, wait: bool) -> tuple[SentenceSynthesizer, Item] | Pending | None:
        """The next sentence or pause; see `ItemSource`. Raises `NothingToSpeakError` after the last segment."""
        while (item := self._next()) is None:
            if not wait and not self._segments.is_ready():
                return PENDING
            segment = await self._segments.get()
            if segment is None:
                break
            self._is_empty = False
            self._synthesizer = self._voice_of(segment)
            self._items = segment.items()
        if item is not None and self._synthesizer:
            self._has_spoken = True
            return self._synthesizer, item
        if not self._has_spoken and not self._is_empty:
            raise NothingToSpeakError(self._warnings)
        return None

    def _voice_of(self, segment: Segment) -> SentenceSynthesizer:
        if segment.delivery is None:
            return segment.synthesizer
        if self._delivery is None or self._delivery.reference is not segment.delivery:
            self._delivery = Delivery(segment.delivery)
        return DeliveredVoice(segment.synthesizer, self._delivery, segment.transcript())

    def _next(self) -> Item | None:
        try:
            item = next(self._items, None)
        except NothingToSpeakError as error:
            self._add_warnings(error.skipped)
            return None
        if isinstance(item, Sentence):
            self._add_warnings(item.warnings)
            item = replace(item, warnings=tuple(warning for warning, given in self._warnings.items() if not given))
            self._warnings = dict.fromkeys(self._warnings, True)
        return item

    def _add_warnings(self, warnings: Iterable[str]) -> None:
        for warning in warnings:
            self._warnings.setdefault(warning, False)
