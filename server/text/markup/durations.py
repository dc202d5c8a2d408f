"""Lengths of time as markup writes them."""

import re

from server.text.markup.positions import MarkupError, shown

LONGEST_PAUSE = 60.0
"""Seconds."""
_TIME = re.compile(r"\+?([0-9]{1,8}(?:\.[0-9]{1,8})?|\.[0-9]{1,8})\s?(ms|s)")


def seconds(written: str) -> float:
    """`500ms`, `1.5s`. Raises `MarkupError` for another form or more than `LONGEST_PAUSE`."""
    match = _TIME.fullmatch(written.strip())
    length = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else LONGEST_PAUSE + 1
    if length > LONGEST_PAUSE:
        raise MarkupError(f"{shown(written)} is no pause; valid: 0 to {LONGEST_PAUSE:g} s, as in 500ms or 1.5s")
    return length
