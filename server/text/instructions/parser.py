"""Finds the emotion and the pace in instructions such as `speak happily` and `用悲伤的语气慢一点`.

A clause is understood if it has words of the vocabulary only; any other is returned as it was written. So `tell the
story of a sad clown` chooses no emotion, and neither does a negation.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from server.text.instructions.vocabulary import Emotion, Pace, vocabulary

_VOCABULARY = vocabulary()
_LENGTHS = sorted(set(map(len, _VOCABULARY)), reverse=True)
_IN_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_'’-")
"""What may not follow an English phrase."""

_SENTENCE_END = re.compile(r"[.!?;。！？；\r\n]+")
_CLAUSE_END = re.compile(
    r"(?P<contrast>\b(?:but|instead|rather)\b|但是|但|而是|而要|(?<=[,，])\s*要)|\b(?:and|then)\b|而且|并且|并|[^\w\s'’、-]+",
    re.IGNORECASE,
)
"""Of a sentence there are clauses, and a negation holds for all after it, up to a word of contrast."""
_NEGATION = re.compile(
    r"n['’]t\b|\b(?:not?|dont|never|nor|neither|without|avoid|stop|less)\b|(?<!特)别|非(?!常)|[不没勿莫无]|避免|禁止",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Instructions:
    """What instructions choose."""

    emotion: str | None = None
    speed: float | None = None
    """Factor on the speed."""
    ignored: tuple[str, ...] = ()
    """The parts that were not understood, in order."""


def parse_instructions(text: str, emotions: Collection[str], *, pace: bool = True) -> Instructions:
    """Returns the first emotion of `emotions` and the first pace that the text names, and the rest of it.

    An emotion that is not one of `emotions` is not understood, and without `pace` no pace is.
    """
    found = _Found(emotions, pace)
    for sentence in _SENTENCE_END.split(text):
        negated = False
        for clause, contrasts in _clauses(sentence):
            choices = _choices(clause)
            negated = negated and not contrasts
            if choices is None or negated:
                found.ignored.append(clause)
                negated = negated or bool(_NEGATION.search(clause))
            else:
                for phrase, choice in choices:
                    found.add(phrase, choice)
    return Instructions(found.emotion, found.speed, tuple(found.ignored))


@dataclass
class _Found:
    emotions: Collection[str]
    pace: bool
    emotion: str | None = None
    speed: float | None = None
    ignored: list[str] = field(default_factory=list)

    def add(self, phrase: str, choice: Emotion | Pace) -> None:
        """Takes the first emotion and the first pace; others are ignored unless they say the same."""
        if isinstance(choice, Emotion):
            taken = choice.name in self.emotions and self.emotion in (None, choice.name)
            self.emotion = choice.name if taken else self.emotion
        else:
            taken = self.pace and self.speed in (None, choice.speed)
            self.speed = choice.speed if taken else self.speed
        if not taken:
            self.ignored.append(phrase)


def _clauses(sentence: str) -> Iterator[tuple[str, bool]]:
    """The clauses without surrounding space, and whether a word of contrast, such as `but`, is before each."""
    start, contrasts = 0, False
    for end in _CLAUSE_END.finditer(sentence):
        if clause := sentence[start : end.start()].strip():
            yield clause, contrasts
            contrasts = False
        contrasts = contrasts or bool(end["contrast"])
        start = end.end()
    if clause := sentence[start:].strip():
        yield clause, contrasts


def _choices(clause: str) -> list[tuple[str, Emotion | Pace]] | None:
    """The phrases that choose something; None if the clause has a word that is not in the vocabulary."""
    choices = []
    words = " ".join(clause.lower().split())
    place = 0
    while place < len(words):
        phrase = _longest_phrase(words, place)
        if not phrase and words[place] != " ":
            return None
        if phrase and (choice := _VOCABULARY[phrase]):
            choices.append((phrase, choice))
        place += len(phrase) or 1
    return choices


def _longest_phrase(words: str, place: int) -> str:
    """The longest phrase of the vocabulary at a place; empty without one."""
    for length in _LENGTHS:
        end = place + length
        phrase = words[place:end]
        ends_here = not phrase[-1:].isascii() or words[end : end + 1] not in _IN_WORD
        if phrase in _VOCABULARY and ends_here:
            return phrase
    return ""
