"""Decides whether the first clause of a sentence can be spoken before the rest is written.

It can if no continuation changes how it is read. Words, context rules and tone sandhi end at a comma. Beyond it look:
the rules for numbers and symbols, the conversion of traditional characters, the network that reads polyphones, and the
prediction of the break before the last word, on which tone sandhi may depend.
"""

import unicodedata
from collections.abc import Sequence

from server.text.normalization import traditional
from server.text.normalization.emoji import Emoji
from server.text.normalization.normalize import plain_text
from server.text.normalization.rules.patterns import CALENDAR_UNITS
from server.text.pronunciation.tone_sandhi import apply_tone_sandhi
from server.text.prosody.phrase_breaks import possible_breaks
from server.text.words import Word, mandarin_pinyin

MIN_SYLLABLES = 4
"""Of a clause that is spoken early: a shorter one is over before the rest can follow."""
_CLAUSE_LEVEL = 3
"""The break level after a clause."""
_HYPHENS = frozenset("-−")
"""Before a formula, a hyphen becomes a minus: A-1，...=."""


def has_settled_form(clause: str, emoji: Emoji = "drop") -> bool:
    """Returns whether the normalization of a clause, as it is written, with its comma, depends on nothing after it."""
    plain = plain_text(clause, emoji)[0].text
    if not _HYPHENS.isdisjoint(plain) or not traditional.is_settled(clause):
        return False
    last = next((char for char in reversed(plain) if char.isalnum()), "")
    if clause[-1] == "—":  # may be read 到 between two quantities
        return last not in CALENDAR_UNITS and not any(map(_is_number, plain))
    return clause[-1] not in "：、" or not _is_number(last)  # 3：2 is a score, and 110、拨 a telephone number


def has_settled_tones(words: Sequence[Word]) -> bool:
    """Returns whether the tones of a clause are the same with all breaks that can be predicted for it."""
    spoken = {mandarin_pinyin(apply_tone_sandhi(breaks)) for breaks in possible_breaks(words, _CLAUSE_LEVEL)}
    return len(spoken) <= 1


def _is_number(char: str) -> bool:
    return unicodedata.category(char or " ")[0] == "N"
