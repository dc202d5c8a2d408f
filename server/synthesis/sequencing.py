"""Sentences and pauses -> one stream of sound, whoever speaks them. The stream is work: see `server/work.py`."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Outputs, Speech, Work, between
from server.text.frontend import Pause, Sentence
from server.types import Audio

PIECE = 1
"""Seconds of silence at a time: a listener who leaves stops a long pause too."""
AHEAD = 0.5
"""Seconds of lead from which the next sentence is composed while the current one is being spoken."""

Item = Sentence | Pause


class Speaker(Protocol):
    """What can say a sentence."""

    sentence_silence: float
    """Seconds between two sentences that say nothing of a pause themselves."""
    rate: int
    """Hz"""

    def compose(self, sentence: Sentence, pace: PlaybackClock) -> Work[Speech[Audio]]:
        """Gives a sentence its melody; what comes of that speaks it, and the silence that it asks for."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A sentence and the silence before it; at the end of a text there may be silence alone."""

    speaker: Speaker
    sentence: Sentence | None
    silence: int
    """Samples"""


def deliver(items: Iterable[tuple[Speaker, Item]], pace: PlaybackClock) -> Speech[Audio]:
    """Each item by its speaker, in order. A `Pause` takes the place of the usual silence between two sentences.

    Reads up to the first sentence at once, so that what cannot be spoken is refused before anything sounds.
    """
    return _Delivery(_turns(items), pace).speech()


def _turns(items: Iterable[tuple[Speaker, Item]]) -> Iterator[Turn]:
    samples, usual, speaker = 0, 0, None
    for speaker, item in items:
        if isinstance(item, Pause):
            samples, usual = samples + round(item.seconds * speaker.rate), 0
            continue
        yield Turn(speaker, item, samples + usual)
        natural = item.continues or item.pause is not None
        samples, usual = 0, 0 if natural else round(speaker.sentence_silence * speaker.rate)
    if samples and speaker:
        yield Turn(speaker, None, samples)


class _Delivery:
    """One turn after another; the next one is composed as soon as the listener has enough to hear."""

    def __init__(self, turns: Iterator[Turn], pace: PlaybackClock) -> None:
        self._turns = turns
        self._pace = pace
        self._next = next(turns, None)
        self._composed: Speech[Audio] | None = None
        """The sentence of the next turn."""

    def speech(self) -> Speech[Audio]:
        while turn := self._next:
            yield from silence(turn.silence, turn.speaker.rate, self._pace)
            if turn.sentence is None:
                return
            speech = self._composed or (yield from turn.speaker.compose(turn.sentence, self._pace))
            self._next = self._composed = None
            yield from between(speech, self._look_ahead)
            self._next = self._next or next(self._turns, None)

    def _look_ahead(self) -> Work[None]:
        if self._next is None and self._pace.lead > AHEAD:
            self._next = turn = next(self._turns, None)
            if turn and turn.sentence:
                self._composed = yield from turn.speaker.compose(turn.sentence, self._pace)


def silence(samples: int, rate: int, pace: PlaybackClock) -> Generator[Audio, Outputs, None]:
    """That many samples, in pieces of a second, which cost no computing."""
    for start in range(0, samples, PIECE * rate):
        size = min(PIECE * rate, samples - start)
        pace.hand_over(size / rate, computed=False)
        yield Audio(np.zeros(size, np.float32), rate)


def units_of_silence(symbols: str) -> int:
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
