"""How much of a long sentence is composed first, so that its audio begins before the rest is composed.

The prosody of the prefix is predicted with some of the text behind it (the lookahead), as in incremental TTS; how much
is measured in docs/performance.md. The choice depends on nothing but the sentence.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from server.text.sentence import Sentence

MIN_SYLLABLES, MAX_SYLLABLES = 8, 14
"""Of a prefix at normal speed, which must last until the rest is composed; a faster one has more."""
LOOKAHEAD_SYLLABLES = 4
"""At least so many are known behind the prefix."""
MAX_SHARE = 0.5
"""Of the sentence: where prefix and lookahead are more of it, it is composed at once."""


@dataclass(frozen=True, slots=True)
class SentencePrefix:
    """The first units of a sentence."""

    units: int
    """Up to a break; its own unit, if it has one, included."""
    units_known: int
    """Those and the lookahead, also up to a break."""


def sentence_prefix(sentence: Sentence) -> SentencePrefix | None:
    """Returns the prefix of a sentence that somebody waits for; None if it is composed at once.

    The prefix ends at the first of the strongest breaks in its range. Where the range of the pitch is changed, there is
    none: that needs the mean of the whole sentence.
    """
    if not sentence.begins_speech or any(style.pitch_range != 1 for style in sentence.unit_styles):
        return None
    breaks = list(_breaks(sentence))
    pace = max(1.0, sentence.unit_styles[0].speed)
    candidates = [each for each in breaks[:-1] if MIN_SYLLABLES <= each.syllables / pace <= MAX_SYLLABLES]
    if not candidates:
        return None
    end = breaks[-1]
    chosen = max(candidates, key=lambda each: each.level)
    known = next((each for each in breaks if each.syllables >= chosen.syllables + LOOKAHEAD_SYLLABLES), end)
    if known.syllables > MAX_SHARE * end.syllables:
        return None
    return SentencePrefix(chosen.units, known.units)


@dataclass(frozen=True, slots=True)
class _Break:
    """The place behind a prosodic word."""

    syllables: int
    """Before it."""
    units: int
    level: int


def _breaks(sentence: Sentence) -> Iterator[_Break]:
    """Yields the breaks of a sentence; the last one is its end."""
    syllables = units = 0
    symbols = sentence.unit_symbols
    for word in sentence.prosodic_words:
        syllables += len(word.syllables)
        end = word.syllables[-1].end
        while units < len(symbols) and (symbols[units].start < end or symbols[units].is_break):
            units += 1
        yield _Break(syllables, units, word.break_level)
