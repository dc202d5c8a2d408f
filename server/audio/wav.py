"""WAV: a RIFF header, then 16-bit mono PCM."""

import struct

from server.audio.label import KEY
from server.audio.pcm import BYTES_PER_SAMPLE, PcmEncoder

UNKNOWN_SIZE = 0xFFFFFFFF
"""Size fields of a stream of unknown length; players read such a stream to its end."""

_BEFORE_LABEL = struct.Struct("<4sI4s 4sIHHIIHH")
_DATA = struct.Struct("<4sI")
_INTEGER_PCM = 1
_CHANNELS = 1


class WavEncoder(PcmEncoder):
    """Encodes a stream as WAV. The header has exact sizes when the total number of samples is known."""

    @property
    def media_type(self) -> str:
        """audio/wav."""
        return "audio/wav"

    def header(self) -> bytes:
        """Returns the headers of the RIFF, fmt and data chunks, 44 bytes; with a label its chunk before the data."""
        label = _chunk(KEY.encode(), self.label.json().encode()) if self.label else b""
        if self.total_samples is None:
            riff_size = data_size = UNKNOWN_SIZE
        else:
            data_size = self.total_samples * BYTES_PER_SAMPLE
            riff_size = _BEFORE_LABEL.size + len(label) + _DATA.size - 8 + data_size
        bytes_per_second = self.rate * BYTES_PER_SAMPLE
        bits = 8 * BYTES_PER_SAMPLE
        before = _BEFORE_LABEL.pack(
            *(b"RIFF", riff_size, b"WAVE"),
            *(b"fmt ", 16, _INTEGER_PCM, _CHANNELS, self.rate, bytes_per_second, BYTES_PER_SAMPLE, bits),
        )
        return before + label + _DATA.pack(b"data", data_size)


def _chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of RIFF; one of odd size is padded."""
    return struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2)
