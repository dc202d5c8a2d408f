"""A script: the characters to speak, with the styles, pauses and readings that the markup gives them.

Plain text is a script of one style. Every character has its range in the client's input. A script can contain the
private characters of `server.text.characters`, which a client cannot send: a placeholder for a syllable without a
character, and symbols for explicit breaks.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from server.text.characters import sanitize
from server.text.text_warning import TextWarning
from server.types import DEFAULT_STYLE, Style

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SpeakingStyle:
    """Prosody, voice and emotion of a span of text; None is the choice of the request."""

    style: Style = DEFAULT_STYLE
    voice: str | None = None
    """A speaker of the voice, a voice, or `voice/speaker`."""
    emotion: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """`starts`, `ends` and `styles` have one entry for each character of `text`; a position is an index into it."""

    text: str
    starts: Sequence[int]
    """Where the input range of each character begins; never decreases."""
    ends: Sequence[int]
    """Where the input range of each character ends; never decreases."""
    styles: Sequence[SpeakingStyle]
    pauses: Mapping[int, float] = field(default_factory=dict)
    """Position -> seconds of silence before its character; the position `len(text)` is the end."""
    sentence_starts: frozenset[int] = frozenset()
    """Positions where a sentence begins, independent of the punctuation."""
    readings: Mapping[int, str] = field(default_factory=dict)
    """Position -> pinyin syllable of its character, with the tone that is spoken: `chong2`."""
    warnings: tuple[str, ...] = ()
    written: Mapping[int, str] = field(default_factory=dict)
    """Position -> what the client wrote for its character, markup excluded, where that is not the character itself.

    The content of a replaced element belongs to its first character, and nothing to the others and to breaks.
    """
    continues: bool = False
    """Whether the text goes on after it, as a script of its own."""
    spoken: int = 0
    """How many characters of its first sentence were spoken before: they are its context, and are not repeated."""
    places: tuple[TextWarning, ...] = ()
    """What the warnings of the markup are about, in the input; only for a whole text."""

    @classmethod
    def plain(cls, text: str, style: SpeakingStyle = SpeakingStyle()) -> "Script":
        """Returns the script of a text without markup."""
        length = len(text)
        return cls(sanitize(text), range(length), range(1, length + 1), [style] * length)

    def part(self, start: int, end: int) -> "Script":
        """Returns the characters from `start` to `end` as a script; a pause between two parts belongs to the first."""
        return Script(
            self.text[start:end],
            self.starts[start:end],
            self.ends[start:end],
            self.styles[start:end],
            {
                position - start: seconds
                for position, seconds in self.pauses.items()
                if start < position <= end or position == start == 0
            },
            frozenset(position - start for position in self.sentence_starts if start < position < end),
            {position - start: reading for position, reading in self.readings.items() if start <= position < end},
            self.warnings if start == 0 else (),
            {position - start: text for position, text in self.written.items() if start <= position < end},
            continues=self.continues and end == len(self.text),
            spoken=max(self.spoken - start, 0),
            places=self.places if start == 0 else (),
        )

    def readings_at(self, positions: Sequence[int]) -> dict[int, str]:
        """Returns the readings of these characters, by their index in `positions`."""
        return {index: self.readings[at] for index, at in enumerate(positions) if at in self.readings}

    def written_text(self, start: int, stop: int) -> str:
        """What the client wrote in this range of the input, without markup; U+FFFD for half of a surrogate pair."""
        first, last = bisect_left(self.starts, start), bisect_right(self.ends, stop)
        text = self.text[first:last]
        if self.written:
            text = "".join(self.written.get(position, char) for position, char in enumerate(text, first))
        return _SURROGATE.sub("\ufffd", text)
