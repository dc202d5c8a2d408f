"""WAV: a RIFF header, then 16-bit mono PCM."""

import struct

from server.audio.pcm import BYTES_PER_SAMPLE, PcmEncoder

UNKNOWN_SIZE = 0xFFFFFFFF
"""Size fields of a stream of unknown length; players read such a stream to its end."""

_HEADER = struct.Struct("<4sI4s 4sIHHIIHH 4sI")
_INTEGER_PCM = 1
_CHANNELS = 1


class WavEncoder(PcmEncoder):
    """Encodes a stream as WAV. The header has exact sizes when the total number of samples is known."""

    @property
    def media_type(self) -> str:
        """audio/wav."""
        return "audio/wav"

    def header(self) -> bytes:
        """Returns the 44 bytes of the RIFF, fmt and data chunk headers."""
        if self.total_samples is None:
            riff_size = data_size = UNKNOWN_SIZE
        else:
            data_size = self.total_samples * BYTES_PER_SAMPLE
            riff_size = _HEADER.size - 8 + data_size
        bytes_per_second = self.rate * BYTES_PER_SAMPLE
        bits = 8 * BYTES_PER_SAMPLE
        return _HEADER.pack(
            *(b"RIFF", riff_size, b"WAVE"),
            *(b"fmt ", 16, _INTEGER_PCM, _CHANNELS, self.rate, bytes_per_second, BYTES_PER_SAMPLE, bits),
            *(b"data", data_size),
        )
