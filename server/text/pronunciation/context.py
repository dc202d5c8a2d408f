"""The surroundings of a word, on which its reading may depend."""

from dataclasses import dataclass

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
        return bool(self.before) and self.before[-1] in QUANTIFIER_CHARACTERS


def is_name(word: str) -> bool:
    """Returns whether a word is the name of a person."""
    import rjieba

    return bool(word) and rjieba.tag(word, False)[-1][1].startswith("nr")


def part_of_speech(word: str) -> str:
    """Returns the tag of a word's last part: v verb, a adjective, r pronoun, t time, d adverb, c conjunction, ..."""
    import rjieba

    return rjieba.tag(word, False)[-1][1][0] if word else ""
