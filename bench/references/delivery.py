"""How near a text comes to a recording of the same words: durations of syllables, F0, and which texts are refused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.progress import track
from bench.references.timed_readings import TimedReader, TimedReading, Times
from bench.results.schema import DeliveryResult
from server.audio.resampler import resampled
from server.errors import RequestError
from server.references.analysis.contours import contours
from server.references.analysis.measurement import analyze
from server.references.recording import RATE
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference
from server.synthesis.segments import Segment
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.text.markup.script import Script
from server.text.sentence import Sentence
from server.types import Audio, Floats, SentenceTiming

SENTENCES_FILE = Path(__file__).with_name("sentences.txt")
SENTENCES = 50
REPETITION = 1001
"""Between the numbers of two readings of a sentence: no multiple of the speakers and the rates."""
POINTS = 10
"""Places in each syllable where F0 is compared."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What is compared: samples at 16 kHz and the times of their syllables."""

    samples: Floats
    syllables: Times


@dataclass(frozen=True, slots=True)
class Reading:
    """A recording, and a sentence that is spoken plainly and like it."""

    sentence: Sentence
    recorded: Speech
    plain: Speech
    delivered: Speech | None
    """None: the recording is refused."""
    refuses_other: bool
    """Whether another text with this recording is refused."""


@dataclass(slots=True)
class _Pairs:
    """Durations in seconds, and semitones from the middle of the sentence: of the recordings, and of the speech."""

    durations: list[tuple[float, float]] = field(default_factory=list)
    f0: list[tuple[float, float]] = field(default_factory=list)

    def add(self, recorded: Speech, spoken: Speech) -> None:
        lengths = (np.diff(each.syllables, axis=1)[:, 0] for each in (recorded, spoken))
        self.durations += list(zip(*lengths, strict=True))
        self.f0 += _f0_pairs(recorded, spoken)

    def correlations(self) -> tuple[float, float]:
        durations, f0 = (np.array(pairs).T for pairs in (self.durations, self.f0))
        return float(np.corrcoef(durations)[0, 1]), float(np.corrcoef(f0)[0, 1])


def measure_delivery(synthesizer: Synthesizer) -> list[DeliveryResult]:
    """Of recordings that are read evenly, and of some that are read with expression."""
    synthesizer.warm_up()  # the times of syllables need its calibration
    reader = TimedReader()
    return [
        _result("even", list(readings(synthesizer, reader, expressive=False))),
        _result("expressive", list(readings(synthesizer, reader, expressive=True))),
    ]


def readings(
    synthesizer: Synthesizer, reader: TimedReader, *, expressive: bool, repetition: int = 0
) -> Iterator[Reading]:
    """`SENTENCES` sentences by different speakers; by others, and for another speaker of the voice, at a repetition."""
    texts = SENTENCES_FILE.read_text("utf-8").splitlines()
    speakers, count = synthesizer.voice.speakers, 0
    for number, text in enumerate(track(texts, "delivery")):
        speaker = speakers[(number + repetition) % len(speakers)]
        sentences = [each for each in synthesizer.sentences(text, speaker=speaker) if isinstance(each, Sentence)]
        reading = reader.read(sentences[0].prosodic_words, number + REPETITION * repetition, expressive=expressive)
        if len(sentences) > 1 or reading is None or count == SENTENCES:
            continue
        count += 1
        yield Reading(
            sentences[0],
            Speech(reading.recording.audio.samples, reading.syllables),
            _speak(synthesizer, text, speaker, None),
            _delivered(synthesizer, text, speaker, reading),
            _is_refused(synthesizer, texts[number - 1], speaker, reading),
        )


def _result(kind: str, found: Sequence[Reading]) -> DeliveryResult:
    plain, delivered = _Pairs(), _Pairs()
    for each in found:
        if each.delivered:
            plain.add(each.recorded, each.plain)
            delivered.add(each.recorded, each.delivered)
    (plain_durations, plain_f0), (durations, f0) = plain.correlations(), delivered.correlations()
    refused, wrongly_refused = sum(each.refuses_other for each in found), sum(not each.delivered for each in found)
    return DeliveryResult(kind, len(found), plain_durations, durations, plain_f0, f0, refused, wrongly_refused)


def _speak(synthesizer: Synthesizer, text: str, speaker: str, reading: TimedReading | None) -> Speech:
    chunks = list(_plan(synthesizer, text, speaker, reading).speak())
    times = [time for chunk in chunks if chunk.sentence for time in _syllables(chunk.sentence)]
    samples = np.concatenate([chunk.samples for chunk in chunks])
    audio = resampled(Audio(samples, synthesizer.rate), RATE)
    return Speech(audio.samples, np.array(times) / synthesizer.rate)


def _delivered(synthesizer: Synthesizer, text: str, speaker: str, reading: TimedReading) -> Speech | None:
    try:
        return _speak(synthesizer, text, speaker, reading)
    except RequestError as error:
        if error.code != "poor_alignment":
            raise
        return None


def _plan(synthesizer: Synthesizer, text: str, speaker: str, reading: TimedReading | None) -> SpeechPlan:
    delivery = None
    if reading:
        uses = frozenset([ReferenceUse.DELIVERY])
        delivery = SpeechReference(reading.recording, analyze(reading.recording), uses)
    emotion = synthesizer.voice.emotion(None)
    return SpeechPlan([Segment(Script.plain(text), synthesizer, speaker, emotion, delivery=delivery)])


def _is_refused(synthesizer: Synthesizer, text: str, speaker: str, reading: TimedReading) -> bool:
    try:
        next(_plan(synthesizer, text, speaker, reading).speak())
    except RequestError as error:
        return error.code == "poor_alignment"
    return False


def _syllables(sentence: SentenceTiming) -> Iterator[tuple[int, int]]:
    for word in sentence.words:
        for syllable in word.syllables:
            yield syllable.begin, syllable.end


def _f0_pairs(recorded: Speech, spoken: Speech) -> list[tuple[float, float]]:
    """At the same places of the syllables, where both are voiced."""
    values = np.array([_f0_at_places(each) for each in (recorded, spoken)])
    semitones = 12 * np.log2(values[:, (values > 0).all(axis=0)])
    semitones -= np.median(semitones, axis=1, keepdims=True)
    return list(zip(*semitones.tolist(), strict=True))


def _f0_at_places(speech: Speech) -> Times:
    f0 = contours(Audio(speech.samples, RATE)).f0
    begins, ends = speech.syllables.T[:, :, None]
    places = begins + (np.arange(POINTS) + 0.5) / POINTS * (ends - begins)
    found: Times = f0[np.minimum(np.round(places.ravel() * 100).astype(np.int64), len(f0) - 1)]
    return found
