"""Rewrite rules on a text whose characters keep their positions in the input."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A text, and for each of its characters an index into the text it was made from; indices never decrease."""

    text: str
    origin: tuple[int, ...]

    @classmethod
    def from_pieces(cls, pieces: Iterable[tuple[str, int]]) -> "AlignedText":
        """Joins pieces of text, each with the index of the one character that it replaces."""
        kept = [(piece, index) for piece, index in pieces if piece]
        origin = chain.from_iterable([index] * len(piece) for piece, index in kept)
        return cls("".join(piece for piece, _ in kept), tuple(origin))

    def sub(self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> "AlignedText":
        """Substitutes as `re.sub`; a prefix and suffix that a match shares with its replacement keep their indices."""
        text: list[str] = []
        origin: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            new = replacement(match)
            text += (self.text[done:start], new)
            origin += self.origin[done:start]
            origin += _align_replacement(self.origin[start:end], match.group(), new)
            done = end
        if not done:
            return self
        return AlignedText("".join((*text, self.text[done:])), (*origin, *self.origin[done:]))

    def strip(self) -> "AlignedText":
        """Removes white space at both ends."""
        start = len(self.text) - len(self.text.lstrip())
        end = max(start, len(self.text.rstrip()))
        return AlignedText(self.text[start:end], self.origin[start:end])


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern of one written form, and the function that verbalizes a match."""

    pattern: re.Pattern[str]
    verbalize: Callable[[re.Match[str]], str]


def rule(pattern: str, verbalize: Callable[[re.Match[str]], str]) -> Rule:
    """Compiles a rule.

    The time per match must not grow with the text: every repetition in `pattern` is bounded, or cannot start again
    inside of what it has matched.
    """
    return Rule(re.compile(pattern), verbalize)


def apply_rules(text: AlignedText, rules: Iterable[Rule]) -> AlignedText:
    """Applies the rules in order, each to the result of the ones before it."""
    for each in rules:
        text = text.sub(each.pattern, each.verbalize)
    return text


def _align_replacement(indices: tuple[int, ...], old: str, new: str) -> list[int]:
    """Returns indices for `new`: those of the common prefix and suffix, and between them the others evenly."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle = indices[head : len(indices) - tail] or indices[max(0, head - 1) : head] or indices[:1]
    count = len(new) - head - tail
    inner = [middle[step * len(middle) // count] for step in range(count)]
    return [*indices[:head], *inner, *indices[len(indices) - tail :]]
