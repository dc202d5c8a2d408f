"""Sentences and pauses -> one stream of audio. The next sentence is prepared while the current one is computed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from server.scheduling.playback import PlaybackClock, RepeatableClock
from server.scheduling.task import Chunks
from server.synthesis.timing import shifted
from server.text.sentence import Pause, Sentence, SentenceEnd
from server.types import Audio, SentenceTiming, SpeechTiming

SILENCE_CHUNK = 1
"""Seconds of silence in one chunk: a client that disconnects stops a long pause as well."""
PREFETCH_BUFFER = 0.5
"""Seconds of buffered audio from which the next sentence is prepared."""

Item = Sentence | Pause | SentenceEnd


class SentenceSynthesizer(Protocol):
    """Synthesizes single sentences: a `server.synthesis.synthesizer.Synthesizer`."""

    sentence_silence: float
    """Seconds between two sentences that have no explicit pause."""
    rate: int
    """Hz"""

    async def prepare(self, sentence: Sentence, clock: PlaybackClock, seed: int) -> Chunks[Audio]:
        """Predicts the prosody of a sentence. Returns its audio, with the pause that the sentence ends with.

        One of the first chunks has the times of the sentence; sample 0 is the first one of that chunk. `seed` is that
        of the source's noise.
        """

    async def predict_times(self, sentence: Sentence) -> SentenceTiming:
        """The times that `prepare` would give with the audio, without computing any."""


class Pending:
    """The type of `PENDING`."""


PENDING: Final = Pending()
"""There is no item yet."""


class ItemSource(Protocol):
    """Where a sequence finds its items, also those of a text that its client still writes."""

    async def get(self, *, wait: bool) -> tuple[SentenceSynthesizer, Item] | Pending | None:
        """The next item; None after the last one. Without `wait`, `PENDING` where it has not arrived yet.

        Raises `RequestError` for a sentence that cannot be spoken.
        """


@dataclass(frozen=True, slots=True)
class QueuedSentence:
    """A sentence and the silence before it; at the end of a text there may be silence alone."""

    synthesizer: SentenceSynthesizer
    sentence: Sentence | None
    silence: int
    """Samples"""


class _SentenceQueue:
    """Pairs each sentence with the silence before it. A `Pause` replaces the default silence between two sentences."""

    def __init__(self, source: ItemSource, *, continues: bool) -> None:
        self._source = source
        self._synthesizer: SentenceSynthesizer | None = None
        self._pause = 0
        self._default = 0
        self._pauses = 1.0
        """The factor on pauses at the end of the last sentence."""
        self._has_begun = continues
        """Whether there has been a sentence."""

    async def get(self, *, wait: bool) -> QueuedSentence | Pending | None:
        while item := await self._source.get(wait=wait):
            if isinstance(item, Pending):
                return item
            synthesizer, sentence = self._synthesizer, _ = item
            if isinstance(sentence, Pause):
                self._pause += round(sentence.seconds * synthesizer.rate)
                self._default = 0
                continue
            if isinstance(sentence, SentenceEnd):
                self._default = self._default_silence(synthesizer)
                continue
            if not self._has_begun:
                self._has_begun, sentence = True, replace(sentence, begins_speech=True)
            queued = QueuedSentence(synthesizer, sentence, self._pause + self._default)
            self._pauses = sentence.unit_styles[-1].pauses
            has_own_pause = sentence.continues or sentence.pause is not None
            self._pause = 0
            self._default = 0 if has_own_pause else self._default_silence(synthesizer)
            return queued
        if self._pause and self._synthesizer:
            rest, self._pause = self._pause, 0
            return QueuedSentence(self._synthesizer, None, rest)
        return None

    def _default_silence(self, synthesizer: SentenceSynthesizer) -> int:
        return round(synthesizer.sentence_silence * self._pauses * synthesizer.rate)


async def sequence(
    source: ItemSource, clock: PlaybackClock, seed: int | None = None, noise: int = 0, *, continues: bool = False
) -> Chunks[Audio]:
    """The audio of all items in order; the next sentence is prepared as soon as enough audio is buffered.

    The first chunk of each sentence has its times, or says that they follow. With a seed, chunk sizes do not follow the
    clock; without one, `noise` is the seed of the noise. Raises `RequestError` before any audio when the first sentence
    cannot be spoken. `continues`: the items are not the beginning of their text.
    """
    if seed is not None:
        clock = RepeatableClock(clock)
    position = 0
    queue = _SentenceQueue(source, continues=continues)
    async for chunk in _sequence(queue, clock, noise if seed is None else seed):
        yield replace(chunk, sentence=shifted(chunk.sentence, position)) if chunk.sentence else chunk
        position += len(chunk.samples)


async def sequence_times(source: ItemSource, clock: PlaybackClock, *, continues: bool = False) -> Chunks[SpeechTiming]:
    """One item, after the last sentence: the times that `sequence` would give, without computing any audio.

    The clock counts what the audio would be, so that streams with clients that listen come first. Raises `RequestError`
    for a sentence that cannot be spoken.
    """
    queue = _SentenceQueue(source, continues=continues)
    sentences: list[SentenceTiming] = []
    position, rate = 0, 0
    while isinstance(queued := await queue.get(wait=True), QueuedSentence):
        start, rate = position, queued.synthesizer.rate
        position += queued.silence
        if queued.sentence:
            sentences.append(shifted(await queued.synthesizer.predict_times(queued.sentence), position))
            position = sentences[-1].end
        clock.push((position - start) / rate, computed=False)
    yield SpeechTiming(tuple(sentences), position, rate)


async def _sequence(queue: _SentenceQueue, clock: PlaybackClock, seed: int) -> Chunks[Audio]:
    following: QueuedSentence | Pending | None = PENDING
    prepared: Chunks[Audio] | None = None
    while True:
        current = await queue.get(wait=True) if isinstance(following, Pending) else following
        if current is None or isinstance(current, Pending):
            return
        for chunk in silence(current.silence, current.synthesizer.rate, clock):
            yield chunk
        following = PENDING
        if current.sentence is None:
            continue
        audio = prepared or await current.synthesizer.prepare(current.sentence, clock, seed)
        prepared = None
        async for chunk in audio:
            yield chunk
            if isinstance(following, Pending) and clock.buffered_seconds > PREFETCH_BUFFER:
                following = await queue.get(wait=False)
                if isinstance(following, QueuedSentence) and following.sentence:
                    prepared = await following.synthesizer.prepare(following.sentence, clock, seed)


def silence(samples: int, rate: int, clock: PlaybackClock) -> Iterator[Audio]:
    """That many samples of silence, in chunks of up to a second."""
    for start in range(0, samples, SILENCE_CHUNK * rate):
        size = min(SILENCE_CHUNK * rate, samples - start)
        clock.push(size / rate, computed=False)
        yield Audio(np.zeros(size, np.float32), rate)


def trailing_silent_units(symbols: str) -> int:
    """How many units at the end of a symbol line are silent: breaks, or the bytes of punctuation."""
    names = [token[1:-1].split("$", 1)[0] for token in symbols.split()]
    if all(name.isdigit() for name in names):
        text = bytes(map(int, names)).decode("utf-8", "surrogateescape")
        end = len(text)
        while end and not text[end - 1].isalnum():
            end -= 1
        return len(text[end:].encode("utf-8", "surrogateescape"))
    spoken = [place for place, name in enumerate(names, 1) if not name.startswith("#")]
    return len(names) - max(spoken, default=0)
