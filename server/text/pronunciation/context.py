"""The surroundings of a word, on which its reading may depend."""

from collections.abc import Callable
from dataclasses import dataclass

from server.text.dictionaries import segmenter
from server.text.pronunciation.word_lists import QUANTIFIER_CHARACTERS

DIGITS = "零〇一二三四五六七八九十百千万亿两"


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of a word. `before` and `after` are "" at a pause and at the ends of the sentence."""

    before: str
    """The word before it."""
    after: str
    """The word after it."""
    rest: str
    """All characters after it, up to the next pause."""
    prediction: str | None
    """The reading that the network predicts, if the word is ambiguous."""
    previous_reading: str = ""
    """Of the character before it."""

    @property
    def is_counted(self) -> bool:
        """Whether a numeral or the like precedes it."""
        return self.before.endswith(tuple(QUANTIFIER_CHARACTERS))


ContextRule = Callable[[Context], str | None]
"""Returns the reading of a word in its context; None if the rule does not apply."""


def last_tag(word: str) -> str:
    """Returns the tag of a word's last part: `nr` name of a person, `v` verb, ...; empty without a word."""
    return segmenter.tags(word)[-1] if word else ""


def part_of_speech(word: str) -> str:
    """Returns the first letter of `last_tag`: v verb, a adjective, r pronoun, t time, d adverb, c conjunction, ..."""
    return last_tag(word)[:1]
