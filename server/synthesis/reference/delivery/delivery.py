"""The delivery of one recording for the sentences of one stream, in order, as a stage.

Before a sentence is spoken like the recording, the voice speaks it by itself, unheard: what it says then is compared
with the recording, to find each of its units there. The result is kept with the voice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Protocol

from server.errors import NothingToSpeakError, RequestError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.acoustic.prosody_targets import ProsodyTargets
from server.synthesis.reference.delivery.measurement import DeliveringVoice, MeasuredSentence, measure
from server.synthesis.reference.delivery.recorded_prosody import RecordedProsody, RecordedSyllable
from server.synthesis.reference.delivery.sentence_syllables import SentenceSyllables
from server.synthesis.reference.delivery.targets import VoiceRange, prosody_targets
from server.synthesis.reference.speech_reference import SpeechReference
from server.text.sentence import Sentence
from server.types import Audio, SentenceTiming

MIN_SHARE = 0.5
"""Of the syllables of a sentence that must be in the transcript, for the sentence to be spoken like the recording."""
LOOKAHEAD = 20
"""Syllables of the transcript that a text may leave out between two sentences."""


class TargetedVoice(DeliveringVoice, Protocol):
    """A voice that can be given targets: a `server.synthesis.synthesizer.Synthesizer`."""

    sentence_silence: float
    """Seconds between two sentences that have no explicit pause."""
    rate: int
    """Hz"""

    @property
    def frames_per_second(self) -> float:
        """Of the acoustic model."""

    @property
    def highest_f0(self) -> float:
        """Hz that its source reaches."""

    async def prepare(
        self, sentence: Sentence, clock: PlaybackClock, seed: int, targets: ProsodyTargets | None
    ) -> Chunks[Audio]:
        """Predicts the prosody of a sentence, with targets. Returns its audio."""

    async def predict_times(self, sentence: Sentence, targets: ProsodyTargets | None) -> SentenceTiming:
        """The times that `prepare` would give with the audio."""


class Delivery:
    """Follows a recording from sentence to sentence."""

    def __init__(self, reference: SpeechReference) -> None:
        self.reference = reference
        self._recorded: RecordedProsody | None = None
        """None: not needed so far."""
        self._frame = 0
        """Where in the recording the next sentence is searched."""
        self._f0: dict[tuple[str, str, int], float] = {}
        """By speaker: the middle of the first sentence."""
        self._transcript: list[RecordedSyllable] | None = None
        """None: not aligned so far."""
        self._spoken = 0
        """Syllables of the transcript before the next sentence."""
        self._has_begun = self._has_matched = False
        """Whether a sentence was found in the recording, and in the transcript."""

    async def targets(
        self, voice: TargetedVoice, sentence: Sentence, transcript: Iterable[object] | None
    ) -> ProsodyTargets | None:
        """The targets of the next sentence; None where the recording is over, or has little of it.

        `transcript` has the sentences of what is said in the recording, analyzed for the voice; None: it is the text.
        Raises `RequestError` (`poor_alignment`) if the recording says something else.
        """
        syllables = SentenceSyllables.of(sentence)
        if not syllables.units:
            return None
        recorded: Sequence[RecordedSyllable | None]
        if transcript is None:
            measured = await self._measure_next(voice, sentence, closed=False)
            recorded = measured.syllables if measured else ()
            following = measured.following if measured else 0.0
        else:
            recorded, following = self._match(syllables, await self._syllables(voice, transcript))
        if not any(recorded):
            return None
        silence = 0.0 if sentence.continues else voice.sentence_silence
        final = max(0.0, following - silence) if following else None
        middle = await self._middle(voice, sentence)
        return prosody_targets(
            syllables, recorded, VoiceRange(middle, voice.highest_f0, voice.frames_per_second), final
        )

    async def _measure_next(self, voice: TargetedVoice, sentence: Sentence, *, closed: bool) -> MeasuredSentence | None:
        """Finds the next sentence in the recording; None if there is no more speech in it."""
        if self._recorded is None:
            self._recorded = RecordedProsody.of(self.reference.recording)
        if self._has_begun and not self._recorded.speech.has_speech_from(self._frame):
            return None
        measured = await measure(voice, sentence, self._recorded, self._frame, closed=closed)
        self._has_begun, self._frame = True, measured.next_frame
        self._f0.setdefault(_speaker(voice, sentence), measured.own_f0)
        return measured

    async def _syllables(self, voice: TargetedVoice, transcript: Iterable[object]) -> list[RecordedSyllable]:
        """All of the recording, found by its transcript."""
        if self._transcript is None:
            sentences = _sentences(transcript)
            found: list[RecordedSyllable] = []
            pause = 0.0
            for number, sentence in enumerate(sentences, 1):
                measured = await self._measure_next(voice, sentence, closed=number == len(sentences))
                if measured is None:
                    break
                first, *others = measured.syllables
                found += [replace(first, pause=pause), *others]
                pause = measured.following
            self._transcript = found
        return self._transcript

    def _match(
        self, syllables: SentenceSyllables, transcript: Sequence[RecordedSyllable]
    ) -> tuple[list[RecordedSyllable | None], float]:
        """The recorded syllable for each of a sentence, and the silence after the last one, 0 if that is not known."""
        rest = transcript[self._spoken : self._spoken + len(syllables.units) + LOOKAHEAD]
        matcher = SequenceMatcher(None, [each.phones for each in rest], syllables.phones, autojunk=False)
        recorded: list[RecordedSyllable | None] = [None] * len(syllables.units)
        last = -1
        for at, to, size in matcher.get_matching_blocks():
            recorded[to : to + size] = rest[at : at + size]
            last = at + size - 1 if size else last
        share = sum(each is not None for each in recorded) / len(recorded)
        if share < MIN_SHARE:
            if not self._has_matched:
                raise _other_text(share)
            return [], 0.0
        self._has_matched = True
        self._spoken += last + 1
        is_last = recorded[-1] is None or self._spoken >= len(transcript)
        return recorded, 0.0 if is_last else transcript[self._spoken].pause

    async def _middle(self, voice: TargetedVoice, sentence: Sentence) -> float:
        """Hz: the middle of the F0 of a speaker, that of the first sentence for all."""
        speaker = _speaker(voice, sentence)
        if speaker not in self._f0:
            self._f0[speaker] = (await voice.speak_plainly(sentence.units)).f0
        return self._f0[speaker]


def _speaker(voice: TargetedVoice, sentence: Sentence) -> tuple[str, str, int]:
    return voice.voice.name, voice.speaker_digest, int(sentence.units.speakers[0])


def _sentences(transcript: Iterable[object]) -> list[Sentence]:
    try:
        return [each for each in transcript if isinstance(each, Sentence)]
    except NothingToSpeakError:
        raise RequestError(
            "the reference's transcript has no words; give those that are spoken in the recording, or no transcript",
            param="reference",
            code="poor_alignment",
        ) from None


def _other_text(share: float) -> RequestError:
    return RequestError(
        f"{100 * share:.0f} % of the syllables of the first sentence are in the reference's transcript, and delivery "
        f"needs {100 * MIN_SHARE:.0f} %; speak the words of the recording, or leave `delivery` out of the uses",
        param="reference",
        code="poor_alignment",
    )
