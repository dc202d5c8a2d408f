"""MP3 (MPEG-1, 2 and 2.5 layer III), by LAME."""

from collections.abc import Sequence
from typing import ClassVar

from server.audio.compressed.encoder import Codec, CompressedEncoder
from server.audio.encoder import BitRates

MPEG1_RATE = 32000
"""The lowest sampling rate of MPEG-1, in Hz."""
MPEG2_RATE = 16000
"""The lowest sampling rate of MPEG-2; below it is MPEG-2.5."""
_MPEG1: Sequence[int] = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2: Sequence[int] = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG25 = _MPEG2[:8]
"""Kilobits a second. The tables of ISO 11172-3 and 13818-3; LAME ends at 64 for MPEG-2.5."""

LAME_DELAY = 576
"""Samples, of the encoder; a decoder adds 529."""


class Mp3Encoder(CompressedEncoder):
    """Encodes a stream as MP3 of constant bit rate.

    The first frame has no audio. It is the "Info" header with LAME's extension, which declares the delay of the
    encoder; in a file also the number of frames and the padding at the end.
    """

    media_type = "audio/mpeg"
    rates: ClassVar[Sequence[int] | None] = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
    codec = Codec("libmp3lame", "mp3", options={"reservoir": "0"}, stream_is_seekable=True)
    """No bit reservoir: with it, a frame waits until later ones have filled its space (70 ms at 8 kHz)."""

    @classmethod
    def bit_rates(cls, rate: int) -> BitRates:
        """The bit rates of the MPEG version that has the sampling rate."""
        if rate >= MPEG1_RATE:
            default, valid = 96, _MPEG1
        elif rate >= MPEG2_RATE:
            default, valid = 64, _MPEG2
        else:
            default, valid = 40, _MPEG25
        return BitRates(1000 * default, tuple(1000 * each for each in valid))

    def header(self) -> bytes:
        """Returns the ID3 tag and the first frame."""
        return _stream_header(super().header())


def _stream_header(header: bytes) -> bytes:
    """Turns the header of a file that is not finished into that of a stream.

    FFmpeg writes zeros for what it knows only at the end: frames, bytes, seek table and delay. The first three are
    optional fields and are left out; the delay is known.
    """
    before, tag, fields = header.rpartition(b"Xing")
    if not tag:
        return header
    flags, optional, delay = 4, 4 + 4 + 100 + 4, 21
    extension = bytearray(fields[flags + optional :])
    extension[delay : delay + 3] = (LAME_DELAY << 12).to_bytes(3, "big")
    return before + b"Info" + bytes(flags) + bytes(extension) + bytes(optional)
