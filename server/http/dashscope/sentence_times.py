"""The times of a sentence in the JSON of DashScope: milliseconds from the start of the audio, by character or word."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from server.text.characters import HAN
from server.types import PhoneTiming, SentenceTiming, SyllableTiming

_CHINESE = re.compile(f"[{HAN}]+")


def sentence_object(sentence: SentenceTiming, *, phonemes: bool) -> dict[str, Any]:
    """The sentence of a whole text, with its words."""
    return {
        "begin_time": _milliseconds(sentence.begin, sentence.rate),
        "end_time": _milliseconds(sentence.end, sentence.rate),
        "words": word_objects(sentence, phonemes=phonemes),
    }


def word_objects(sentence: SentenceTiming, *, phonemes: bool, indices: bool = False) -> list[dict[str, Any]]:
    """The words of a sentence: a Chinese character each, or a number, an English word, what is read as one.

    `indices` adds their position in the text of the task.
    """
    return [
        _word(list(syllables), sentence.rate, phonemes=phonemes, indices=indices)
        for word in sentence.words
        for _, syllables in groupby(word.syllables, _unit)
    ]


def _unit(syllable: SyllableTiming) -> tuple[int, int] | None:
    """What the syllables of one unit have in common: their Chinese characters, or that they have none."""
    return (syllable.start, syllable.stop) if _CHINESE.fullmatch(syllable.text) else None


def _word(syllables: list[SyllableTiming], rate: int, *, phonemes: bool, indices: bool) -> dict[str, Any]:
    first, last = syllables[0], syllables[-1]
    parts = groupby(syllables, lambda syllable: (syllable.start, syllable.text))
    word: dict[str, Any] = {"text": "".join(text for (_, text), _ in parts)}
    if indices:
        word |= {"begin_index": first.start, "end_index": last.stop}
    word |= {"begin_time": _milliseconds(first.begin, rate), "end_time": _milliseconds(last.end, rate)}
    if phonemes:
        word["phonemes"] = list(_phonemes(syllables, rate))
    return word


def _phonemes(syllables: list[SyllableTiming], rate: int) -> Iterator[dict[str, Any]]:
    for syllable in syllables:
        yield from (_phoneme(phone, rate) for phone in syllable.phones)


def _phoneme(phone: PhoneTiming, rate: int) -> dict[str, Any]:
    return {
        "begin_time": _milliseconds(phone.begin, rate),
        "end_time": _milliseconds(phone.end, rate),
        "text": phone.phone,
        "tone": phone.tone,
    }


def _milliseconds(samples: int, rate: int) -> int:
    return round(1000 * samples / rate)
