"""Rewrite rules on a text whose characters keep their positions in the input."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from server.text.normalization.alignment import Span, align_spans, common_prefix


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A text, and for each of its characters the characters of the text it was made from; they never go backwards."""

    text: str
    origin: tuple[int, ...]
    """The index of one character, whose style and reading apply."""
    spans: tuple[Span, ...]
    """All characters that are read by this one, alone or together with others."""

    @classmethod
    def from_pieces(cls, pieces: Iterable[tuple[str, Span]]) -> "AlignedText":
        """Joins pieces of text, each with the span of what it replaces."""
        kept = [(piece, span) for piece, span in pieces if piece]
        spans = tuple(chain.from_iterable([span] * len(piece) for piece, span in kept))
        return cls("".join(piece for piece, _ in kept), tuple(start for start, _ in spans), spans)

    def sub(self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> "AlignedText":
        """Substitutes as `re.sub`, each match by `replaced_by`."""
        pieces: list[AlignedText] = []
        done = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            pieces += (self[done:start], self[start:end].replaced_by(replacement(match)))
            done = end
        if not done:
            return self
        pieces.append(self[done:])
        return AlignedText(
            "".join(piece.text for piece in pieces),
            tuple(chain.from_iterable(piece.origin for piece in pieces)),
            tuple(chain.from_iterable(piece.spans for piece in pieces)),
        )

    def __getitem__(self, part: slice) -> "AlignedText":
        return AlignedText(self.text[part], self.origin[part], self.spans[part])

    def strip(self) -> "AlignedText":
        """Removes white space at both ends."""
        start = len(self.text) - len(self.text.lstrip())
        end = max(start, len(self.text.rstrip()))
        return self[start:end]

    def replaced_by(self, new: str) -> "AlignedText":
        """`new` in place of this text; what both have in common at their ends keeps its origin."""
        head = common_prefix(self.text, new)
        tail = common_prefix(self.text[head:][::-1], new[head:][::-1])
        end, count = len(self.text) - tail, len(new) - head - tail
        middle = self[head:end]
        if not middle.text:
            middle = self[max(0, head - 1) : head] if head else self[:1]
        inner = tuple(middle.origin[step * len(middle.origin) // count] for step in range(count))
        spans = align_spans(middle.spans, self.text[head:end], new[head : head + count])
        return AlignedText(
            new, (*self.origin[:head], *inner, *self.origin[end:]), (*self.spans[:head], *spans, *self.spans[end:])
        )


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
