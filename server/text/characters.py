"""Character classes that every stage of the front end shares.

Two kinds of characters are private to the front end and never come from a client: a placeholder for a syllable that
has no character of its own, and symbols for explicit breaks. `sanitize` removes them from client text.
"""

PLACEHOLDER = "\ue000"
"""Stands for a syllable whose reading is given where no Chinese character is written."""
BREAKS = "\ue010\ue011\ue012\ue013"
"""An explicit break of level 0 (none, even where one would be predicted) to 3."""
HAN = "\u3400-\u4dbf\u4e00-\u9fff〇\U00020000-\U0003ffff" + PLACEHOLDER
"""For a regular expression's character class: characters that may have a Mandarin reading, and `PLACEHOLDER`."""

_PRIVATE = str.maketrans(dict.fromkeys(PLACEHOLDER + BREAKS, "\ufffd"))


def sanitize(text: str) -> str:
    """Client text with the private characters replaced by U+FFFD."""
    return text.translate(_PRIVATE)
