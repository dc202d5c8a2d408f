"""The syllables of a sentence, or the characters for a voice that reads bytes, and what is between them."""

from dataclasses import dataclass
from itertools import groupby
from typing import Self

import numpy as np
from numpy.typing import NDArray

from server.text.sentence import Sentence
from server.text.units.symbols import UnitSymbol


@dataclass(frozen=True, slots=True)
class SentenceSyllables:
    """Units by syllable. All others are breaks, and the bytes of punctuation."""

    units: tuple[range, ...]
    """Of each syllable."""
    phones: tuple[tuple[str, ...], ...]
    """Of each syllable: phone and tone of its units, or its bytes."""
    breaks: NDArray[np.bool_]
    """(units,): which units belong to no syllable."""

    @classmethod
    def of(cls, sentence: Sentence) -> Self:
        """Those of an analyzed sentence."""
        units: list[range] = []
        breaks = np.zeros(len(sentence.unit_symbols), bool)
        position = 0
        for _, group in groupby(sentence.unit_symbols, _syllable):
            symbols = list(group)
            part = range(position, position + len(symbols))
            position = part.stop
            if _is_silent(symbols[0], sentence.normalized):
                breaks[part.start : part.stop] = True
            else:
                units.append(part)
        phones = tuple(tuple(_phone(sentence.unit_symbols[unit]) for unit in part) for part in units)
        return cls(tuple(units), phones, breaks)

    @property
    def onsets(self) -> NDArray[np.bool_]:
        """(units,): the first unit of each syllable."""
        onsets = np.zeros(len(self.breaks), bool)
        onsets[[part.start for part in self.units]] = True
        return onsets

    def break_before(self, syllable: int) -> int | None:
        """The first break between a syllable and the one before it; None without any."""
        start = self.units[syllable].start
        after = self.units[syllable - 1].stop if syllable else 0
        return after if after < start else None


def _syllable(symbol: UnitSymbol) -> tuple[bool, int]:
    """Equal for the units of one syllable, or the bytes of one character."""
    return symbol.is_break, symbol.start if symbol.syllable is None else symbol.syllable


def _is_silent(symbol: UnitSymbol, text: str) -> bool:
    return symbol.is_break or (symbol.syllable is None and not text[symbol.start].isalnum())


def _phone(symbol: UnitSymbol) -> str:
    """Without the flags, which are the position in the word: `b_c$tone3`, or a byte."""
    return "$".join(symbol.symbol.split("$")[:2])
