"""AAC-LC (ISO 14496-3) in ADTS frames, by the encoder of FFmpeg."""

from collections.abc import Sequence
from typing import ClassVar

from server.audio.compressed.encoder import Codec, CompressedEncoder
from server.audio.encoder import BitRates

FRAME_SAMPLES = 1024
MAX_FRAME_BITS = 6144
"""Of one channel: the input buffer of a decoder."""


class AacEncoder(CompressedEncoder):
    """Encodes a stream as AAC in ADTS. ADTS has no field for the delay: 1024 samples of silence are heard before it."""

    media_type = "audio/aac"
    rates: ClassVar[Sequence[int] | None] = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
    codec = Codec("aac", "adts", label_options={"write_id3v2": "1"})

    @classmethod
    def bit_rates(cls, rate: int) -> BitRates:
        """8 kbit/s to what fits into a frame."""
        default = 32000 if rate < 16000 else 48000 if rate < 32000 else 96000
        return BitRates(default, range(8000, MAX_FRAME_BITS * rate // FRAME_SAMPLES + 1))
