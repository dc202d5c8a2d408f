"""Requests that differ in text, voice, format and seed, and the comparison of two answers to one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.voices.texts import REQUEST_SENTENCES

_FORMATS = ("pcm", "wav", "mp3", "opus", "flac", "aac", "webm")
_SAMPLE = np.dtype("<i2")
TOLERANCE = 8
"""Of 32,768: two answers to a request without a seed may differ by it, since batches and chunks differ."""


@dataclass(frozen=True, slots=True)
class MixedRequest:
    """A request for speech."""

    text: str
    voice: str
    response_format: str
    seed: int | None
    from_cache: bool
    """Whether the answer may come from the cache."""

    @property
    def body(self) -> dict[str, Any]:
        """The fields of the request."""
        fields = {"input": self.text, "voice": self.voice, "response_format": self.response_format}
        return fields if self.seed is None else {**fields, "seed": self.seed}

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request."""
        return {} if self.from_cache else {"Cache-Control": "no-store"}

    def difference(self, answer: bytes, expected: bytes) -> float:
        """Returns the largest difference of two answers in units of 1/32,768; infinite where none is defined.

        With a seed, answers are equal bytes, or differ infinitely.
        """
        if answer == expected:
            return 0.0
        if self.seed is not None or len(answer) != len(expected):
            return float("inf")
        samples = (np.frombuffer(audio, _SAMPLE).astype(np.int32) for audio in (answer, expected))
        return float(np.max(np.abs(np.subtract(*samples)), initial=0))


def mixed_requests(voices: Sequence[str], count: int, clauses: int = 2) -> list[MixedRequest]:
    """Returns `count` different requests, each of at most `clauses` clauses.

    Every second one has a seed, in one format after another; the others are PCM, which can be compared sample by
    sample. Of five requests four may be answered from the cache.
    """
    return [_request(voices, number, clauses) for number in range(count)]


def _request(voices: Sequence[str], number: int, clauses: int) -> MixedRequest:
    sentence = REQUEST_SENTENCES[number % len(REQUEST_SENTENCES)]
    text = f"{number}号：" + "，".join(sentence.split("，")[:clauses])
    voice = voices[number // 2 % len(voices)]
    if number % 2 == 0:
        return MixedRequest(text, voice, "pcm", None, from_cache=number % 5 > 0)
    return MixedRequest(text, voice, _FORMATS[number // 2 % len(_FORMATS)], number, from_cache=number % 5 > 0)
