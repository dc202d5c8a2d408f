"""One recording of a speaker, decoded."""

from dataclasses import dataclass, field

from server.types import Audio

RATE = 16000
"""Hz, of every decoded recording: what the speaker encoder and the detection of F0 take."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The speech of a recording."""

    digest: str
    """SHA-256 of the file as it was sent, 64 hexadecimal digits."""
    audio: Audio = field(compare=False)
    """Mono at `RATE`, without the silence before and after the speech."""
    format: str
    """Of the container, `wav`."""
    source_rate: int
    """Hz, of the file."""
    channels: int
    """Of the file."""
    seconds: float
    """Of the whole file."""
    begin: float
    """Seconds of the file before `audio` begins."""
    clipped_share: float = 0.0
    """Of the samples of the file, before they were mixed and resampled."""
