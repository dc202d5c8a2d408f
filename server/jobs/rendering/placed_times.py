"""The times of parts -> the times of the file that they are joined in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from server.jobs.rendering.part_files import PartFiles
from server.jobs.rendering.timeline import Timeline
from server.types import PhoneTiming, SentenceTiming, SpeechTiming, SyllableTiming, WordTiming

Timed = TypeVar("Timed", SentenceTiming, WordTiming, SyllableTiming)


def joined_timing(line: Timeline, files: PartFiles) -> SpeechTiming:
    """The times of all parts in their file. Positions count in the whole text, those of cues and lines in their own.

    Raises `OSError`.
    """
    sentences: list[SentenceTiming] = []
    for placed in line.placed:
        part = placed.recording.part
        move = _Move(placed.begin, line.rate, placed.recording.rate, int(part.content.details.get("start", 0)))
        sentences += map(move.sentence, files.read_timing(part.index).sentences)
    return SpeechTiming(tuple(sentences), line.samples, line.rate)


class _Move:
    """Moves times by samples, converts them to another sampling rate, and moves positions by characters."""

    def __init__(self, samples: int, rate: int, old_rate: int, characters: int) -> None:
        self._samples, self._rate, self._old_rate, self._characters = samples, rate, old_rate, characters

    def sentence(self, sentence: SentenceTiming) -> SentenceTiming:
        return replace(self._moved(sentence), rate=self._rate, words=tuple(map(self._word, sentence.words)))

    def _word(self, word: WordTiming) -> WordTiming:
        return replace(self._moved(word), syllables=tuple(map(self._syllable, word.syllables)))

    def _syllable(self, syllable: SyllableTiming) -> SyllableTiming:
        return replace(self._moved(syllable), phones=self._phones(syllable.phones))

    def _phones(self, phones: Sequence[PhoneTiming]) -> tuple[PhoneTiming, ...]:
        return tuple(replace(phone, begin=self._time(phone.begin), end=self._time(phone.end)) for phone in phones)

    def _moved(self, timed: Timed) -> Timed:
        return replace(
            timed,
            start=timed.start + self._characters,
            stop=timed.stop + self._characters,
            begin=self._time(timed.begin),
            end=self._time(timed.end),
        )

    def _time(self, samples: int) -> int:
        return self._samples + round(samples * self._rate / self._old_rate)
