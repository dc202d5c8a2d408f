"""Predicted durations -> the times of a sentence, its words, syllables and phones, before any audio is computed."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from server.synthesis.calibration.onset import OnsetSilence
from server.text.sentence import Sentence
from server.text.written_words import WrittenSyllable, WrittenWord
from server.types import PhoneTiming, SentenceTiming, SyllableTiming, WordTiming

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction


class UnitTimes:
    """Where each unit of a sentence begins and ends, in samples. A filled pause before a unit is not part of it."""

    def __init__(
        self, sentence: Sentence, prosody: "ProsodyPrediction", samples_per_frame: int, silence: OnsetSilence, rate: int
    ) -> None:
        ends = np.cumsum(prosody.durations) * samples_per_frame
        begins = ends - prosody.durations * samples_per_frame
        last_rows = np.flatnonzero(np.diff(prosody.unit_indices, append=-1))
        self._begins: list[int] = begins[last_rows].tolist()
        self._ends: list[int] = ends[last_rows].tolist()
        self._symbols = sentence.unit_symbols
        self._styles = sentence.unit_styles
        self._silence = silence
        self._frame = samples_per_frame
        self._frames_per_second = rate / samples_per_frame

    def word(self, word: WrittenWord) -> WordTiming:
        """The times of a word."""
        syllables = tuple(map(self._syllable, word.syllables))
        begin, end = syllables[0].begin, syllables[-1].end
        return WordTiming(word.text, word.start, word.stop, word.offset, begin, end, syllables)

    def _syllable(self, syllable: WrittenSyllable) -> SyllableTiming:
        units = syllable.units
        begin, end = self._begins[units[0]], self._ends[units[-1]]
        begin = max(begin, min(begin + self._silence_before(units[0]), end - self._frame))
        phones = tuple(self._phone(unit, begin) for unit in units if self._symbols[unit].syllable is not None)
        return SyllableTiming(syllable.text, syllable.start, syllable.stop, syllable.pinyin, begin, end, phones)

    def _phone(self, unit: int, first: int) -> PhoneTiming:
        phone, tone, *_ = self._symbols[unit].symbol.split("$")
        begin, end = max(self._begins[unit], first), max(self._ends[unit], first)
        return PhoneTiming(phone, int(tone.removeprefix("tone")), begin, end)

    def _silence_before(self, unit: int) -> int:
        """Samples of silence at the beginning of the first unit of a syllable; 0 if it does not follow silence."""
        begin = self._begins[unit]
        follows_break = unit > 0 and self._symbols[unit - 1].is_break
        if begin and not (follows_break and self._begins[unit - 1] < self._ends[unit - 1] == begin):
            return 0
        phone, _, _ = self._symbols[unit].symbol.partition("$")
        speed = self._styles[unit if len(self._styles) > 1 else 0].speed
        seconds = self._silence.seconds(phone, speed, begins_utterance=not begin)
        return round(seconds * self._frames_per_second) * self._frame


def sentence_timing(sentence: Sentence, times: UnitTimes, rate: int, samples: int) -> SentenceTiming:
    """The times of a sentence of that many samples which begins at sample 0."""
    start, stop = sentence.input_range
    return SentenceTiming(
        text=sentence.written,
        start=start,
        stop=stop,
        begin=0,
        end=samples,
        rate=rate,
        words=tuple(map(times.word, sentence.words)),
    )


def shifted(timing: SentenceTiming, samples: int) -> SentenceTiming:
    """The same sentence, later by `samples`."""
    words = tuple(
        replace(
            word,
            begin=word.begin + samples,
            end=word.end + samples,
            syllables=tuple(_shifted_syllable(syllable, samples) for syllable in word.syllables),
        )
        for word in timing.words
    )
    return replace(timing, begin=timing.begin + samples, end=timing.end + samples, words=words)


def _shifted_syllable(syllable: SyllableTiming, samples: int) -> SyllableTiming:
    phones = tuple(replace(each, begin=each.begin + samples, end=each.end + samples) for each in syllable.phones)
    return replace(syllable, begin=syllable.begin + samples, end=syllable.end + samples, phones=phones)
