"""What the process that decodes a file answers: a line of JSON, then the samples. Imported by both sides."""

import json
from dataclasses import asdict, dataclass


class UnusableFileError(Exception):
    """A file is not what can be decoded. `code` is for programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class AudioFile:
    """The properties of a file that was decoded."""

    format: str
    """Of the container, `wav`."""
    rate: int
    """Hz, of the file."""
    channels: int
    """Of the file."""
    seconds: float
    """Of the audio in it."""
    heights: tuple[int, ...]
    """Its samples by height, see `server.audio.decoding.heights`."""


def answer(file: AudioFile, samples: bytes) -> bytes:
    """The answer for a file that was decoded."""
    return _line({"file": asdict(file), "bytes": len(samples)}) + samples


def refusal(error: UnusableFileError) -> bytes:
    """The answer for a file that cannot be decoded."""
    return _line({"message": str(error), "code": error.code})


def read_answer(data: bytes) -> tuple[AudioFile, bytes]:
    """The properties and the samples. Raises `UnusableFileError` for a refusal, and `ValueError` for anything else.

    An answer without its end, of a process that was killed while it wrote, is none.
    """
    line, _, samples = data.partition(b"\n")
    content = json.loads(line)
    match content:
        case {"message": str(message), "code": str(code)}:
            raise UnusableFileError(message, code)
        case {
            "file": {
                "format": str(name),
                "rate": int(rate),
                "channels": int(channels),
                "seconds": float(seconds),
                "heights": [*heights],
            },
            "bytes": int(size),
        } if size == len(samples):
            return AudioFile(name, rate, channels, seconds, tuple(map(int, heights))), samples
    raise ValueError("it is neither a file nor a refusal")


def _line(content: dict[str, object]) -> bytes:
    return json.dumps(content).encode() + b"\n"
