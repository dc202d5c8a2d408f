"""The prosody of a recorded sentence, measured by comparison with the voice's own speech, as a stage."""

import threading
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from cachetools import LRUCache

from server.errors import RequestError
from server.synthesis.reference.delivery.alignment import OwnSpeech, align
from server.synthesis.reference.delivery.durations import clear_durations, relative_length
from server.synthesis.reference.delivery.recorded_prosody import RecordedProsody, RecordedSyllable, Values
from server.synthesis.reference.delivery.sentence_syllables import SentenceSyllables
from server.synthesis.reference.delivery.speech_frames import SpeechFrames
from server.synthesis.reference.delivery.unit_places import unit_places
from server.text.sentence import Sentence
from server.types import Audio, Units
from server.voices.voice import Voice

MIN_SCORE = 0.06
"""Below, the recording says something else; see docs/reference-delivery.md for the figures."""
MIN_SYLLABLES = 4
"""Of a sentence whose score says something."""
KEPT_SENTENCES = 256
"""Some 20 kB each."""


@dataclass(frozen=True, slots=True)
class PlainSpeech:
    """What a voice says by itself."""

    audio: Audio
    begins: Values
    """(units,): seconds."""
    ends: Values
    f0: float
    """Hz: the middle of its F0."""


class SentenceKey(NamedTuple):
    """What a measurement depends on."""

    recording: str
    """Its digest."""
    voice: str
    speaker: str
    """Digests."""
    first: int
    closed: bool
    units: bytes


@dataclass(frozen=True, slots=True)
class MeasuredSentence:
    """How a sentence is spoken in a recording."""

    syllables: tuple[RecordedSyllable, ...]
    following: float
    """Seconds of silence after it; 0 if the recording ends there."""
    next_frame: int
    """Where in the recording the next sentence is searched."""
    score: float
    """Of the alignment, see `Alignment`."""
    own_f0: float
    """Hz: the middle of the voice's own speech of it."""


class MeasuredSentences:
    """The sentences that were measured last. Safe for use by several threads."""

    def __init__(self) -> None:
        self._kept: LRUCache[SentenceKey, MeasuredSentence] = LRUCache(KEPT_SENTENCES)
        self._lock = threading.Lock()

    def get(self, key: SentenceKey) -> MeasuredSentence | None:
        """None: it was not measured, or long ago."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: SentenceKey, sentence: MeasuredSentence) -> None:
        """Keeps a result."""
        with self._lock:
            self._kept[key] = sentence

    def forget(self, recording: str) -> None:
        """Forgets the sentences of a recording, given by its digest."""
        with self._lock:
            for key in [key for key in self._kept if key.recording == recording]:
                del self._kept[key]


class DeliveringVoice(Protocol):
    """The voice of a sentence: a `server.synthesis.synthesizer.Synthesizer`."""

    voice: Voice
    measured_sentences: MeasuredSentences

    @property
    def speaker_digest(self) -> str:
        """Of the speaker, if that is not one of the voice's own; else empty."""

    async def speak_plainly(self, units: Units) -> PlainSpeech:
        """One utterance in the voice's own style."""


async def measure(
    voice: DeliveringVoice, sentence: Sentence, recorded: RecordedProsody, first: int, *, closed: bool
) -> MeasuredSentence:
    """Finds a sentence in a recording, from the frame `first` on; `closed`: up to its end.

    Raises `RequestError` (`poor_alignment`) if the recording says something else.
    """
    units = sentence.units
    rows = b"".join(array.tobytes() for array in (units.features, units.emotions, units.speakers))
    key = SentenceKey(recorded.recording.digest, voice.voice.digest, voice.speaker_digest, first, closed, rows)
    measured = voice.measured_sentences.get(key)
    if measured is None:
        plain = await voice.speak_plainly(units)
        measured = _measure(plain, SentenceSyllables.of(sentence), recorded, first, closed)
        voice.measured_sentences.put(key, measured)
    if measured.score < MIN_SCORE and len(measured.syllables) >= MIN_SYLLABLES:
        raise RequestError(
            f"the recording does not fit to {_shortened(sentence.text)!r}: the alignment has a score of "
            f"{measured.score:.2f}, valid: {MIN_SCORE:g} to 1. Delivery needs a clear recording of the words that are "
            "spoken; give its `transcript` if the text has others, or leave `delivery` out of the uses",
            param="reference",
            code="poor_alignment",
        )
    return measured


def _measure(
    plain: PlainSpeech, syllables: SentenceSyllables, recorded: RecordedProsody, first: int, closed: bool
) -> MeasuredSentence:
    own = OwnSpeech(SpeechFrames.of(plain.audio), plain.begins, plain.ends, syllables.breaks, syllables.onsets)
    alignment = align(own, recorded.speech, first, closed=closed)
    places = unit_places(own, recorded.speech, alignment)
    lengths, own_lengths, semitones = places.ends - places.begins, own.ends - own.begins, recorded.contours(places)
    levels, length = recorded.levels(places, own), relative_length(lengths, own_lengths[~own.breaks])
    found = tuple(
        RecordedSyllable(
            phones,
            clear_durations(lengths[part.start : part.stop], own_lengths[part.start : part.stop], length),
            semitones[part.start : part.stop],
            np.full(len(part), _mean(levels[part.start : part.stop])),
            _pause_before(places.pauses, syllables, number),
        )
        for number, (part, phones) in enumerate(zip(syllables.units, syllables.phones, strict=True))
    )
    return MeasuredSentence(found, places.following, places.next_frame, alignment.score, plain.f0)


def _pause_before(pauses: Values, syllables: SentenceSyllables, number: int) -> float:
    start = syllables.units[number].start
    between = syllables.break_before(number)
    return float(pauses[start if between is None else between])


def _mean(levels: Values) -> float:
    return 0.0 if np.isnan(levels).all() else float(np.nanmean(levels))


def _shortened(text: str) -> str:
    return text if len(text) <= 20 else text[:19] + "…"
