"""Character classes that all stages of the front end share.

Two kinds of characters are private to the front end and never come from a client: a placeholder for a syllable without
a character, and symbols for explicit breaks. `sanitize` removes them from client text.
"""

import unicodedata

PLACEHOLDER = "\ue000"
"""In place of a Chinese character, for a syllable whose reading is given without one."""
BREAKS = "\ue010\ue011\ue012\ue013"
"""Explicit breaks of level 0 (none, even where one would be predicted) to 3."""
HAN = "\u3400-\u4dbf\u4e00-\u9fff〇\U00020000-\U0003ffff" + PLACEHOLDER
"""For the character class of a regular expression: characters with a Mandarin reading, and `PLACEHOLDER`."""

_TEXT_CONTROLS = frozenset("\n\r\t")
"""The control characters that a client's text may have."""
_PRIVATE = str.maketrans(dict.fromkeys(PLACEHOLDER + BREAKS, "\ufffd"))


def sanitize(text: str) -> str:
    """Returns client text with the private characters replaced by U+FFFD."""
    return text.translate(_PRIVATE)


def control_characters(text: str) -> str:
    """Returns the control characters that a client may not send, as `U+0000, U+0007`."""
    found = {char for char in text if unicodedata.category(char) == "Cc"} - _TEXT_CONTROLS
    return ", ".join(f"U+{ord(char):04X}" for char in sorted(found))
