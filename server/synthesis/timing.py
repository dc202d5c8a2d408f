"""Predicted durations -> the times of a sentence, its words, syllables and phones, before any audio is computed."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from server.text.frontend import Sentence
from server.text.units.symbols import UnitSymbol
from server.text.written_words import WrittenSyllable, WrittenWord
from server.types import PhoneTiming, SentenceTiming, SyllableTiming, WordTiming

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction


class UnitTimes:
    """Where each unit of an utterance begins and ends, in samples. A filled pause before a unit is not part of it."""

    def __init__(self, prosody: "ProsodyPrediction", samples_per_frame: int) -> None:
        ends = np.cumsum(prosody.durations) * samples_per_frame
        begins = ends - prosody.durations * samples_per_frame
        last_rows = np.flatnonzero(np.diff(prosody.unit_indices, append=-1))
        self.begins: list[int] = begins[last_rows].tolist()
        self.ends: list[int] = ends[last_rows].tolist()

    def word(self, word: WrittenWord, symbols: tuple[UnitSymbol, ...]) -> WordTiming:
        """The times of a word; `symbols` are those of the sentence."""
        syllables = tuple(self._syllable(syllable, symbols) for syllable in word.syllables)
        begin, end = syllables[0].begin, syllables[-1].end
        return WordTiming(word.text, word.start, word.stop, word.offset, begin, end, syllables)

    def _syllable(self, syllable: WrittenSyllable, symbols: tuple[UnitSymbol, ...]) -> SyllableTiming:
        units = syllable.units
        phones = tuple(self._phone(unit, symbols[unit]) for unit in units if symbols[unit].syllable is not None)
        return SyllableTiming(
            text=syllable.text,
            start=syllable.start,
            stop=syllable.stop,
            pinyin=syllable.pinyin,
            begin=self.begins[units[0]],
            end=self.ends[units[-1]],
            phones=phones,
        )

    def _phone(self, unit: int, symbol: UnitSymbol) -> PhoneTiming:
        phone, tone, *_ = symbol.symbol.split("$")
        return PhoneTiming(phone, int(tone.removeprefix("tone")), self.begins[unit], self.ends[unit])


def sentence_timing(
    sentence: Sentence, prosody: "ProsodyPrediction", samples_per_frame: int, rate: int, trailing_silence: int
) -> SentenceTiming:
    """The times of a sentence that begins at sample 0; `trailing_silence` samples follow its last frame."""
    times = UnitTimes(prosody, samples_per_frame)
    start, stop = sentence.input_range
    return SentenceTiming(
        text=sentence.written,
        start=start,
        stop=stop,
        begin=0,
        end=prosody.frames * samples_per_frame + trailing_silence,
        rate=rate,
        words=tuple(times.word(word, sentence.unit_symbols) for word in sentence.words),
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
