"""Durations in markup: `500ms`, `1.5s`."""

import re

from server.text.markup.positions import MarkupError, quoted

MAX_PAUSE_SECONDS = 60.0
_DURATION = re.compile(r"\+?([0-9]{1,8}(?:\.[0-9]{1,8})?|\.[0-9]{1,8})\s?(ms|s)")


def parse_pause(value: str) -> float:
    """Returns seconds. Raises `MarkupError` for another form and for more than `MAX_PAUSE_SECONDS`."""
    match = _DURATION.fullmatch(value.strip())
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else None
    if seconds is None or seconds > MAX_PAUSE_SECONDS:
        valid = f"0 to {MAX_PAUSE_SECONDS:g} s, as in 500ms or 1.5s"
        raise MarkupError(f"{quoted(value)} is not a valid pause; valid: {valid}")
    return seconds
