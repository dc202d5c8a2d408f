"""Sentences and pauses -> one stream of audio. The next sentence is prepared while the current one is computed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.text.frontend import Pause, Sentence
from server.types import Audio

SILENCE_CHUNK = 1
"""Seconds of silence in one chunk: a client that disconnects stops a long pause as well."""
PREFETCH_BUFFER = 0.5
"""Seconds of buffered audio from which the next sentence is prepared."""

Item = Sentence | Pause


class SentenceSynthesizer(Protocol):
    """Synthesizes single sentences: a `server.synthesis.synthesizer.Synthesizer`."""

    sentence_silence: float
    """Seconds between two sentences that have no explicit pause."""
    rate: int
    """Hz"""

    async def prepare(self, sentence: Sentence, clock: PlaybackClock) -> Chunks[Audio]:
        """Predicts the prosody of a sentence. Returns its audio, with the pause that the sentence ends with."""


@dataclass(frozen=True, slots=True)
class QueuedSentence:
    """A sentence and the silence before it; at the end of a text there may be silence alone."""

    synthesizer: SentenceSynthesizer
    sentence: Sentence | None
    silence: int
    """Samples"""


def sequence(items: Iterable[tuple[SentenceSynthesizer, Item]], clock: PlaybackClock) -> Chunks[Audio]:
    """The audio of all items in order. A `Pause` replaces the default silence between two sentences.

    Reads up to the first sentence at once: raises `RequestError` for one that cannot be spoken before any audio.
    """
    return _Sequence(_queue(items), clock).audio()


def _queue(items: Iterable[tuple[SentenceSynthesizer, Item]]) -> Iterator[QueuedSentence]:
    pause, default, synthesizer = 0, 0, None
    for synthesizer, item in items:
        if isinstance(item, Pause):
            pause, default = pause + round(item.seconds * synthesizer.rate), 0
            continue
        yield QueuedSentence(synthesizer, item, pause + default)
        has_own_pause = item.continues or item.pause is not None
        pause, default = 0, 0 if has_own_pause else round(synthesizer.sentence_silence * synthesizer.rate)
    if pause and synthesizer:
        yield QueuedSentence(synthesizer, None, pause)


class _Sequence:
    """One sentence after another; the next one is prepared as soon as the client has enough audio buffered."""

    def __init__(self, queue: Iterator[QueuedSentence], clock: PlaybackClock) -> None:
        self._queue = queue
        self._clock = clock
        self._next = next(queue, None)
        self._prepared: Chunks[Audio] | None = None
        """The audio of the next sentence."""

    async def audio(self) -> Chunks[Audio]:
        while current := self._next:
            for chunk in silence(current.silence, current.synthesizer.rate, self._clock):
                yield chunk
            if current.sentence is None:
                return
            audio = self._prepared or await current.synthesizer.prepare(current.sentence, self._clock)
            self._next = self._prepared = None
            async for chunk in audio:
                yield chunk
                await self._prefetch()
            self._next = self._next or next(self._queue, None)

    async def _prefetch(self) -> None:
        if self._next is None and self._clock.buffered_seconds > PREFETCH_BUFFER:
            self._next = following = next(self._queue, None)
            if following and following.sentence:
                self._prepared = await following.synthesizer.prepare(following.sentence, self._clock)


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
