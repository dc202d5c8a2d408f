"""Sentences and pauses -> one stream of sound, whoever speaks them."""

from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from typing import Protocol

import numpy as np

from server.signals import Audio
from server.text.frontend import Pause, Sentence

PIECE = 1
"""Seconds of silence at a time: a listener who leaves stops a long pause too."""

Item = Sentence | Pause


class Speaker(Protocol):
    """What can say a sentence."""

    sentence_silence: float
    """Seconds between two sentences that say nothing of a pause themselves."""
    rate: int
    """Hz"""

    def say(self, sentence: Sentence, *, urgent: bool) -> Iterator[Audio]:
        """A sentence, and the silence that it asks for. `urgent`: somebody waits for the first sound."""


def deliver(turns: Iterable[tuple[Speaker, Item]]) -> Generator[Audio, None, None]:
    """Each item by its speaker, in order. A `Pause` takes the place of the usual silence between two sentences.

    Reads up to the first sentence at once, so that what cannot be spoken is refused before anything sounds.
    """
    turns = iter(turns)
    read: list[tuple[Speaker, Item]] = []
    for turn in turns:
        read.append(turn)
        if isinstance(turn[1], Sentence):
            break
    return _deliver(chain(read, turns))


def _deliver(turns: Iterable[tuple[Speaker, Item]]) -> Generator[Audio, None, None]:
    owed, urgent = 0.0, True
    for speaker, item in turns:
        if isinstance(item, Pause):
            yield from silence(round(item.seconds * speaker.rate), speaker.rate)
            owed = 0.0
            continue
        yield from silence(round(owed * speaker.rate), speaker.rate)
        yield from speaker.say(item, urgent=urgent)
        owed, urgent = speaker.sentence_silence if item.pause is None else 0.0, False


def silence(samples: int, rate: int) -> Iterator[Audio]:
    """That many samples, in pieces of a second."""
    for start in range(0, samples, PIECE * rate):
        yield Audio(np.zeros(min(PIECE * rate, samples - start), np.float32), rate)


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
