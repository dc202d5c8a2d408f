"""Times as JSON: seconds from the start of the audio, to the microsecond. docs/timestamps.md has an example.

Positions count Unicode code points of the client's input. A time multiplied by `sample_rate` and rounded is the sample.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from server.types import PhoneTiming, SentenceTiming, SpeechTiming, SyllableTiming, WordTiming

_DIGITS = 6
"""Enough for sampling rates up to 500 kHz."""

Timing = SentenceTiming | WordTiming | SyllableTiming


def to_json(timing: SpeechTiming) -> str:
    """The times of a text as one line of JSON."""
    return json.dumps(speech_object(timing), ensure_ascii=False) + "\n"


def speech_object(timing: SpeechTiming) -> dict[str, Any]:
    """The times of a text, for `json.dumps`."""
    return {
        "duration": round(timing.samples / timing.rate, _DIGITS),
        "sample_rate": timing.rate,
        "sentences": [sentence_object(sentence) for sentence in timing.sentences],
    }


def sentence_object(sentence: SentenceTiming) -> dict[str, Any]:
    """The times of one sentence, for `json.dumps`."""
    rate = sentence.rate
    return {
        **_text(sentence),
        **_times(sentence, rate),
        "words": [_word(word, rate) for word in sentence.words],
        "characters": [character for word in sentence.words for character in _characters(word, rate)],
    }


def _word(word: WordTiming, rate: int) -> dict[str, Any]:
    return {
        **_text(word),
        **_times(word, rate),
        "syllables": [_syllable(syllable, rate) for syllable in word.syllables],
    }


def _syllable(syllable: SyllableTiming, rate: int) -> dict[str, Any]:
    phones = [{"phone": phone.phone, "tone": phone.tone, **_times(phone, rate)} for phone in syllable.phones]
    return {**_text(syllable), "pinyin": syllable.pinyin or None, **_times(syllable, rate), "phones": phones}


def _characters(word: WordTiming, rate: int) -> Iterator[dict[str, Any]]:
    """Yields the characters of a word with the times of the syllables that read them, alone or with others.

    Characters that cannot be told apart, since markup or an entity lies between them, stay together.
    """
    has_markup = len(word.text) != word.stop - word.start
    for syllables in _read_together(word.syllables):
        start, stop = syllables[0].start, syllables[-1].stop
        times = {"begin": _seconds(syllables[0].begin, rate), "end": _seconds(syllables[-1].end, rate)}
        text = syllables[0].text if has_markup else word.text[start - word.start : stop - word.start]
        if len(text) == stop - start:
            for position, char in enumerate(text, start):
                yield {"text": char, "start": position, "stop": position + 1, **times}
        else:
            yield {"text": text, "start": start, "stop": stop, **times}


def _read_together(syllables: Sequence[SyllableTiming]) -> Iterator[list[SyllableTiming]]:
    """Yields the syllables in groups that share characters."""
    group: list[SyllableTiming] = []
    for syllable in syllables:
        if group and syllable.start >= group[-1].stop:
            yield group
            group = []
        group.append(syllable)
    yield group


def _text(timing: Timing) -> dict[str, Any]:
    return {"text": timing.text, "start": timing.start, "stop": timing.stop}


def _times(timing: Timing | PhoneTiming, rate: int) -> dict[str, float]:
    return {"begin": _seconds(timing.begin, rate), "end": _seconds(timing.end, rate)}


def _seconds(samples: int, rate: int) -> float:
    return round(samples / rate, _DIGITS)
