"""Times as SubRip subtitles."""

from server.timestamps.cues import Cue, cues
from server.types import SpeechTiming

_ZERO_WIDTH_SPACE = "\u200b"
_MARKUP = ("<", "{", "--")
"""What begins a tag, a position or the arrow. SubRip has no escapes, so a zero width space separates it from the rest.
"""


def to_srt(timing: SpeechTiming) -> str:
    """The cues of a text."""
    return "\n".join(_cue(number, cue) for number, cue in enumerate(cues(timing), 1))


def _cue(number: int, cue: Cue) -> str:
    text = cue.text
    for sign in _MARKUP:
        text = text.replace(sign, sign + _ZERO_WIDTH_SPACE)
    return f"{number}\n{_time(cue.begin)} --> {_time(cue.end)}\n{text}\n"


def _time(milliseconds: int) -> str:
    """`01:02:03,456`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{rest:03}"
