"""Speech in a file: its format, and what was written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from server.atomic_file import write_atomic
from server.audio.encoders import ENCODERS, OutputFormat, encode_file
from server.errors import RequestError
from server.timestamps.formats import format_of_file
from server.types import Audio, SpeechTiming

SUFFIXES = {"ogg": "opus"}
"""Of files, where it is not the name of a format."""


@dataclass(frozen=True, slots=True)
class SpeechFile:
    """A file that was written."""

    path: Path
    timing: SpeechTiming
    """The times of the text, and the length of the audio, in samples at the voice's rate."""

    @property
    def seconds(self) -> float:
        """The length of the audio."""
        return self.timing.samples / self.timing.rate


def format_of(path: Path) -> str | None:
    """The name of the format that the suffix of a path stands for; None for other suffixes."""
    suffix = path.suffix.removeprefix(".").lower()
    return SUFFIXES.get(suffix, suffix if suffix in ENCODERS else None)


def require_format(path: Path) -> str:
    """The same. Raises `RequestError` for other suffixes, with the valid ones."""
    name = format_of(path)
    if name is None:
        suffixes = ", ".join([*ENCODERS, *SUFFIXES])
        raise RequestError(
            f"the suffix of {path.name} names no format; set response_format, or use one of these: {suffixes}",
            param="response_format",
        )
    return name


@dataclass(frozen=True, slots=True)
class Target:
    """The files to be written: the audio in a format, and its times if they have a path.

    Raises `RequestError` for a suffix that names no format of times.
    """

    path: Path
    output: OutputFormat
    timestamps: Path | None = None

    def __post_init__(self) -> None:
        if self.timestamps:
            format_of_file(self.timestamps)


def write_speech(chunks: Sequence[Audio], target: Target) -> SpeechFile:
    """Encodes a whole stream and writes it. Raises `RequestError` if a file cannot be written."""
    samples = np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)])
    audio = Audio(samples, chunks[0].rate)
    write_atomic(target.path, encode_file(target.output, audio))
    sentences = tuple(chunk.sentence for chunk in chunks if chunk.sentence)
    timing = SpeechTiming(sentences, len(samples), audio.rate)
    if target.timestamps:
        write_atomic(target.timestamps, format_of_file(target.timestamps).write(timing).encode())
    return SpeechFile(target.path, timing)
