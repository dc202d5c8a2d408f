"""WAV files of 16-bit mono sound: whole ones with exact sizes, and the header of a stream of unknown length."""

import struct

from server.audio.pcm import pcm_bytes
from server.types import Audio

UNKNOWN_SIZE = 0xFFFFFFFF
"""What players take as "until the stream ends"."""

_BYTES_PER_SAMPLE = 2
_HEADER = struct.Struct("<4sI4s 4sIHHIIHH 4sI")


def stream_header(rate: int) -> bytes:
    """44 bytes that open a stream at `rate` Hz; PCM follows until the stream ends."""
    return _header(rate, riff_size=UNKNOWN_SIZE, data_size=UNKNOWN_SIZE)


def whole(audio: Audio) -> bytes:
    """A complete file."""
    data = pcm_bytes(audio.samples)
    return _header(audio.rate, riff_size=_HEADER.size - 8 + len(data), data_size=len(data)) + data


def _header(rate: int, riff_size: int, data_size: int) -> bytes:
    channels, integer_pcm = 1, 1
    return _HEADER.pack(
        *(b"RIFF", riff_size, b"WAVE"),
        *(b"fmt ", 16, integer_pcm, channels, rate, rate * _BYTES_PER_SAMPLE, _BYTES_PER_SAMPLE, 8 * _BYTES_PER_SAMPLE),
        *(b"data", data_size),
    )
