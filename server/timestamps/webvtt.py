"""Times as WebVTT subtitles, with the time of each word inside its cue. Source: W3C, WebVTT."""

from server.timestamps.cues import Cue, cues
from server.types import SpeechTiming

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def to_webvtt(timing: SpeechTiming) -> str:
    """The cues of a text."""
    return "\n".join(["WEBVTT\n", *map(_cue, cues(timing))])


def _cue(cue: Cue) -> str:
    line, previous = "", cue.begin
    for word in cue.words:
        if previous < word.begin < cue.end:  # the standard wants them in ascending order, inside of the cue
            line += f"<{_time(word.begin)}>"
            previous = word.begin
        line += word.text.translate(_ESCAPES)
    return f"{_time(cue.begin)} --> {_time(cue.end)}\n{line}\n"


def _time(milliseconds: int) -> str:
    """`01:02:03.456`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
