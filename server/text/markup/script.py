"""A script: what is to be spoken, without its markup, and what the markup said about it.

Plain text is a script of one manner. Every character knows which part of the client's input it stands for. Two kinds of
characters are ours and cannot come from a client: a placeholder for a syllable that has no character, and marks for
breaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from server.text.characters import sanitize
from server.types import PLAIN, Style


@dataclass(frozen=True, slots=True)
class SpeakingStyle:
    """How a stretch is spoken; None is the request's choice."""

    style: Style = PLAIN
    voice: str | None = None
    """A speaker of the voice, a voice, or `voice/speaker`."""
    emotion: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """`starts`, `ends` and `manners` have one entry for each character of `text`; a place is an index into it."""

    text: str
    starts: Sequence[int]
    """Where the part of the input begins that a character stands for; never falls."""
    ends: Sequence[int]
    """Where it ends; never falls."""
    manners: Sequence[SpeakingStyle]
    pauses: Mapping[int, float] = field(default_factory=dict)
    """Seconds of silence before the character at a place; `len(text)` is the end."""
    cuts: frozenset[int] = frozenset()
    """Places where a sentence begins, whatever the punctuation says."""
    readings: Mapping[int, str] = field(default_factory=dict)
    """The syllable of a character, with its tone as it is spoken: `chong2`."""
    warnings: tuple[str, ...] = ()

    @classmethod
    def plain(cls, text: str, manner: SpeakingStyle = SpeakingStyle()) -> "Script":
        """Text without any markup."""
        length = len(text)
        return cls(sanitize(text), range(length), range(1, length + 1), [manner] * length)

    def part(self, start: int, end: int) -> "Script":
        """A stretch of it as a script; a pause between two parts belongs to the first."""
        return Script(
            self.text[start:end],
            self.starts[start:end],
            self.ends[start:end],
            self.manners[start:end],
            {
                place - start: seconds
                for place, seconds in self.pauses.items()
                if start < place <= end or place == start == 0
            },
            frozenset(at - start for at in self.cuts if start < at < end),
            {at - start: reading for at, reading in self.readings.items() if start <= at < end},
            self.warnings if start == 0 else (),
        )
