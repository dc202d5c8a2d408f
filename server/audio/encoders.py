"""The registry of audio encoders, by the name of the response format.

A new format is one class with the methods of `AudioEncoder`, in a file of its own, and one entry in `ENCODERS`.
"""

from typing import Protocol

from server.audio.pcm import PcmEncoder
from server.audio.wav import WavEncoder
from server.errors import UnknownNameError
from server.types import Audio


class AudioEncoder(Protocol):
    """Encodes one mono stream: `header()`, then `encode` for each chunk, then `finish()`. Each may return no bytes."""

    def __init__(self, rate: int, total_samples: int | None = None) -> None:
        """`rate` is in Hz; `total_samples` is the length of the whole stream, None where it is not known yet."""

    @property
    def media_type(self) -> str:
        """The value of the Content-Type header."""

    def header(self) -> bytes:
        """Returns the bytes before the first chunk."""

    def encode(self, audio: Audio) -> bytes:
        """Returns the bytes that are complete after this chunk. Raises `SynthesisError` for NaN and infinity."""

    def finish(self) -> bytes:
        """Returns what the encoder has buffered, and the end of the stream."""


ENCODERS: dict[str, type[AudioEncoder]] = {"wav": WavEncoder, "pcm": PcmEncoder}


def create_encoder(name: str, rate: int, total_samples: int | None = None) -> AudioEncoder:
    """Returns the encoder of one stream. Raises `UnknownNameError` that lists the valid formats."""
    if name not in ENCODERS:
        raise UnknownNameError("response_format", name, ENCODERS)
    return ENCODERS[name](rate, total_samples)


def encode_file(name: str, audio: Audio) -> bytes:
    """Returns a complete file. Raises what `create_encoder` and `AudioEncoder.encode` raise."""
    encoder = create_encoder(name, audio.rate, len(audio.samples))
    return encoder.header() + encoder.encode(audio) + encoder.finish()
