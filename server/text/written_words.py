"""Maps what is spoken to what the client wrote: the words of the client's text, each with its syllables and units.

In `25℃` the words are 25, with three syllables, and ℃ with three more.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from server.text.markup.script import Script
from server.text.normalization.rewriting import Span
from server.text.units.symbols import UnitSymbol
from server.text.words import ProsodicWord, Syllable

_FIRST_CJK = "\u2e80"
_FULL_WIDTH_LETTERS = ("\uff21", "\uff5a")


@dataclass(frozen=True, slots=True)
class WrittenSyllable:
    """A spoken syllable."""

    text: str
    """What the client wrote for it, markup excluded; equal for syllables that are read from the same characters."""
    start: int
    """Where this begins in the client's input."""
    stop: int
    pinyin: str
    """As in `Syllable`."""
    units: range
    """Indices of its units, at least one."""
    spoken: Span
    """Where its characters are in the normalized sentence."""


@dataclass(frozen=True, slots=True)
class WrittenWord:
    """A word as the client wrote it. It may be read as several words."""

    text: str
    start: int
    """Where it begins in the client's input."""
    stop: int
    offset: int
    """Where it begins in what the client wrote from the start of the sentence, markup excluded."""
    syllables: tuple[WrittenSyllable, ...]


@dataclass(frozen=True, slots=True)
class _SpokenWord:
    """Syllables with a span of the script that no other syllable reads."""

    span: Span
    syllables: tuple[WrittenSyllable, ...]

    @property
    def start(self) -> int:
        return self.syllables[0].start

    @property
    def stop(self) -> int:
        return self.syllables[-1].stop


def written_words(
    script: Script,
    start: int,
    spans: Sequence[Span],
    prosodic_words: Sequence[ProsodicWord],
    unit_symbols: Sequence[UnitSymbol],
) -> tuple[WrittenWord, ...]:
    """The words of the sentence that begins at `start` of the script; they never go backwards in the input.

    `spans` has for each character of the normalized sentence the characters of the sentence that it reads. Words that
    share characters are one word, and so are the parts of a run of letters or of digits.
    """
    spans = [(start + first, start + end) for first, end in spans]
    merged: list[_SpokenWord] = []
    for word in _spoken_words(script, spans, prosodic_words, unit_symbols):
        if merged and (_overlaps(merged[-1], word) or _continues_token(script.text, merged[-1], word)):
            word = _joined(script, merged.pop(), word)
        merged.append(word)
    sentence_start = script.starts[start]
    return tuple(
        WrittenWord(
            text=script.written_text(word.start, word.stop),
            start=word.start,
            stop=word.stop,
            offset=len(script.written_text(sentence_start, word.start)),
            syllables=word.syllables,
        )
        for word in merged
    )


def _spoken_words(
    script: Script, spans: Sequence[Span], prosodic_words: Sequence[ProsodicWord], unit_symbols: Sequence[UnitSymbol]
) -> Iterator[_SpokenWord]:
    """Yields the words that are spoken; a number is a word of its own."""
    syllables = [syllable for word in prosodic_words for syllable in word.syllables]
    units = iter(_phone_ranges(unit_symbols) or _byte_ranges(unit_symbols, syllables))
    for word in (word for prosodic_word in prosodic_words for word in prosodic_word.words):
        parts: list[_SpokenWord] = []
        for syllable in word.syllables:
            span = spans[syllable.start][0], spans[syllable.end - 1][1]
            start, stop = script.starts[span[0]], script.ends[span[1] - 1]
            text, spoken = script.written_text(start, stop), (syllable.start, syllable.end)
            written = WrittenSyllable(text, start, stop, syllable.pinyin, next(units), spoken)
            part = _SpokenWord(span, (written,))
            if parts and not _is_number_border(script.text, parts[-1], part):
                part = _joined(script, parts.pop(), part)
            parts.append(part)
        yield from parts


def _phone_ranges(unit_symbols: Sequence[UnitSymbol]) -> list[range]:
    """The units of each syllable of a voice that reads phones; empty for another one."""
    groups = groupby(range(len(unit_symbols)), lambda unit: unit_symbols[unit].syllable)
    members = [list(group) for syllable, group in groups if syllable is not None]
    return [range(group[0], group[-1] + 1) for group in members]


def _byte_ranges(unit_symbols: Sequence[UnitSymbol], syllables: Sequence[Syllable]) -> list[range]:
    """The bytes of each syllable; syllables that are read from one letter share its bytes."""
    starts = [unit.start for unit in unit_symbols]
    return [range(bisect_left(starts, each.start), bisect_left(starts, each.end)) for each in syllables]


def _joined(script: Script, left: _SpokenWord, right: _SpokenWord) -> _SpokenWord:
    syllables, span = left.syllables, (left.span[0], right.span[1])
    last, first = syllables[-1], right.syllables[0]
    if first.units.start < last.units.stop:  # syllables of one letter, for a voice that reads bytes
        text, units = script.written_text(last.start, first.stop), range(last.units.start, first.units.stop)
        shared = replace(last, text=text, stop=first.stop, units=units)
        return _SpokenWord(span, (*syllables[:-1], shared, *right.syllables[1:]))
    return _SpokenWord(span, (*syllables, *right.syllables))


def _is_number_border(text: str, left: _SpokenWord, right: _SpokenWord) -> bool:
    return (_token_kind(text[left.span[1] - 1]) == "number") != (_token_kind(text[right.span[0]]) == "number")


def _overlaps(left: _SpokenWord, right: _SpokenWord) -> bool:
    return right.start < left.stop or (right.start, right.stop) == (left.start, left.stop)


def _continues_token(text: str, left: _SpokenWord, right: _SpokenWord) -> bool:
    """Whether a run of letters or of digits continues from one word to the next."""
    if left.span[1] != right.span[0]:
        return False
    kind = _token_kind(text[left.span[1] - 1])
    return bool(kind) and kind == _token_kind(text[right.span[0]])


def _token_kind(char: str) -> str:
    if char.isdecimal():
        return "number"
    first, last = _FULL_WIDTH_LETTERS
    return "word" if char.isalpha() and (char < _FIRST_CJK or first <= char <= last) else ""
