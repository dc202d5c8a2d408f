"""The formats of times: their names, media types and writers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.errors import RequestError, UnknownNameError
from server.timestamps.json_document import to_json
from server.timestamps.srt import to_srt
from server.timestamps.textgrid import to_textgrid
from server.timestamps.webvtt import to_webvtt
from server.types import SpeechTiming


@dataclass(frozen=True, slots=True)
class TimestampFormat:
    """How times are written."""

    write: Callable[[SpeechTiming], str]
    media_type: str
    suffix: str
    """Of files, with the dot."""


TIMESTAMP_FORMATS: Mapping[str, TimestampFormat] = {
    "json": TimestampFormat(to_json, "application/json", ".json"),
    "srt": TimestampFormat(to_srt, "application/x-subrip", ".srt"),
    "vtt": TimestampFormat(to_webvtt, "text/vtt", ".vtt"),
    "textgrid": TimestampFormat(to_textgrid, "text/plain", ".TextGrid"),
}
"""By name. All are UTF-8."""


def timestamp_format(name: str) -> TimestampFormat:
    """The format of that name. Raises `UnknownNameError`."""
    if name not in TIMESTAMP_FORMATS:
        raise UnknownNameError("format", name, TIMESTAMP_FORMATS)
    return TIMESTAMP_FORMATS[name]


def format_of_file(path: Path) -> TimestampFormat:
    """The format that a file's suffix names. Raises `RequestError` with the valid ones."""
    for each in TIMESTAMP_FORMATS.values():
        if path.suffix.lower() == each.suffix.lower():
            return each
    valid = ", ".join(each.suffix for each in TIMESTAMP_FORMATS.values())
    raise RequestError(f"{path.name!r} names no format of times; valid suffixes: {valid}")
