"""The formats in which audio can be streamed."""

from collections.abc import Callable
from dataclasses import dataclass

from server.audio.pcm import pcm_bytes
from server.audio.wav import stream_header
from server.errors import UnknownNameError
from server.types import Audio


@dataclass(frozen=True, slots=True)
class Encoder:
    """How one stream becomes bytes: the header once, then every chunk."""

    media_type: str
    header: bytes

    def encode(self, audio: Audio) -> bytes:
        return pcm_bytes(audio.samples)


def _wav(rate: int) -> Encoder:
    return Encoder("audio/wav", stream_header(rate))


def _pcm(rate: int) -> Encoder:
    return Encoder(f"audio/pcm;rate={rate}", b"")


_FORMATS: dict[str, Callable[[int], Encoder]] = {"wav": _wav, "pcm": _pcm}

FORMATS = tuple(_FORMATS)


def encoder(name: str, rate: int) -> Encoder:
    """An encoder for one stream at `rate` Hz. Raises `UnknownNameError` that lists the valid formats."""
    if name not in _FORMATS:
        raise UnknownNameError("response_format", name, FORMATS)
    return _FORMATS[name](rate)
