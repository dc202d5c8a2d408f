"""A text that is rewritten step by step and still knows where every character came from."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Aligned:
    """A text, and for each of its characters an index in the text that it was made of, never falling."""

    text: str
    origin: tuple[int, ...]

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, int]]) -> "Aligned":
        """Pieces of text, each with the index of the one character that it stands for."""
        kept = [(piece, place) for piece, place in pieces if piece]
        origin = chain.from_iterable([place] * len(piece) for piece, place in kept)
        return cls("".join(piece for piece, _ in kept), tuple(origin))

    def sub(self, pattern: re.Pattern[str], spoken: Callable[[re.Match[str]], str]) -> "Aligned":
        """As `re.sub`; what a match begins and ends with and its reading too keeps its own places."""
        text: list[str] = []
        origin: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            reading = spoken(match)
            text += (self.text[done:start], reading)
            origin += self.origin[done:start]
            origin += _spread(self.origin[start:end], match.group(), reading)
            done = end
        if not done:
            return self
        return Aligned("".join((*text, self.text[done:])), (*origin, *self.origin[done:]))

    def strip(self) -> "Aligned":
        start = len(self.text) - len(self.text.lstrip())
        end = max(start, len(self.text.rstrip()))
        return Aligned(self.text[start:end], self.origin[start:end])


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of written thing, and how it is spoken."""

    pattern: re.Pattern[str]
    spoken: Callable[[re.Match[str]], str]


def rule(pattern: str, spoken: Callable[[re.Match[str]], str]) -> Rule:
    """`pattern` must match in time that does not grow with the text: every repetition in it is bounded, or cannot
    start again inside of what it has read.
    """
    return Rule(re.compile(pattern), spoken)


def rewrite(text: Aligned, rules: Iterable[Rule]) -> Aligned:
    """Each rule works on what the ones before it left."""
    for each in rules:
        text = text.sub(each.pattern, each.spoken)
    return text


def _spread(places: tuple[int, ...], written: str, reading: str) -> list[int]:
    """The places of a reading: what it shares with the written form at either end one by one, the rest evenly."""
    shorter = min(len(written), len(reading))
    head = 0
    while head < shorter and written[head] == reading[head]:
        head += 1
    tail = 0
    while tail < shorter - head and written[-1 - tail] == reading[-1 - tail]:
        tail += 1
    middle = places[head : len(places) - tail] or places[max(0, head - 1) : head] or places[:1]
    count = len(reading) - head - tail
    inner = [middle[step * len(middle) // count] for step in range(count)]
    return [*places[:head], *inner, *places[len(places) - tail :]]
