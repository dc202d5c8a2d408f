"""Text normalization (TN): converts written Chinese to spoken Chinese.

The result has no digits, one set of punctuation, and only characters that are read; Latin letters stay, for the English
front end. docs/text.md describes the rules.
"""

from dataclasses import dataclass

from server.text.normalization.character_filter import filter_characters
from server.text.normalization.emoji import Emoji
from server.text.normalization.punctuation import PUNCTUATION_RULES
from server.text.normalization.rewriting import AlignedText, Span, apply_rules
from server.text.normalization.rules import RULES
from server.text.normalization.traditional import simplified
from server.text.text_warning import TextWarning


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """Chinese characters, Latin letters (and ' in a word), spaces between words, and `PUNCTUATION`."""

    text: str
    warnings: tuple[str, ...] = ()
    origin: tuple[int, ...] = ()
    """For every character of `text` the index of the written character that it reads; never decreases."""
    spans: tuple[Span, ...] = ()
    """For every character of `text` the written characters that it reads, alone or with others."""
    places: tuple[TextWarning, ...] = ()
    """What the warnings are about, in the written text."""

    def part_from(self, first: int) -> "NormalizedText":
        """Returns the characters from `first` on, aligned with the written text from the origin of `first` on."""
        start = self.origin[first]
        spans = tuple((max(begin - start, 0), end - start) for begin, end in self.spans[first:])
        origin = tuple(index - start for index in self.origin[first:])
        return NormalizedText(self.text[first:], self.warnings, origin, spans)


def normalize(text: str, emoji: Emoji = "drop") -> NormalizedText:
    """Normalizes any string; characters that cannot be read are dropped with a warning. Idempotent."""
    plain, warnings, places = plain_text(text, emoji)
    spoken = apply_rules(plain, (*RULES, *PUNCTUATION_RULES)).strip()
    return NormalizedText(spoken.text, warnings, spoken.origin, spoken.spans, places)


def plain_text(text: str, emoji: Emoji = "drop") -> tuple[AlignedText, tuple[str, ...], tuple[TextWarning, ...]]:
    """Returns the text as the rules see it, of simplified characters in plain forms, warnings, and their places."""
    return filter_characters(simplified(text), emoji)
