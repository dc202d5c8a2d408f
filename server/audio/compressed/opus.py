"""Opus (RFC 6716), by libopus, in Ogg (RFC 7845) and in WebM."""

from collections.abc import Sequence
from typing import ClassVar

from server.audio.compressed.encoder import Codec, CompressedEncoder
from server.audio.encoder import BitRates

LIMITS = range(6000, 256001)
"""Bits a second, of one channel."""
PAGE_SECONDS = 0.02
"""The length of a page of Ogg, and of a packet of Opus."""
CLUSTER_MILLISECONDS = 60
"""The length of a cluster of WebM."""


class OggOpusEncoder(CompressedEncoder):
    """Encodes a stream as Ogg Opus, one packet of 20 ms a page. Delay and length are declared exactly."""

    media_type = "audio/ogg; codecs=opus"
    rates: ClassVar[Sequence[int] | None] = (8000, 12000, 16000, 24000, 48000)
    codec = Codec("libopus", "ogg", stream_options={"page_duration": str(round(PAGE_SECONDS * 1e6))})

    @classmethod
    def bit_rates(cls, rate: int) -> BitRates:
        """6 to 256 kbit/s at any sampling rate."""
        return BitRates(24000 if rate < 16000 else 32000 if rate < 48000 else 64000, LIMITS)


class WebmOpusEncoder(OggOpusEncoder):
    """Encodes a stream as Opus in WebM, in clusters of 60 ms."""

    media_type = "audio/webm; codecs=opus"
    codec = Codec("libopus", "webm", stream_options={"live": "1", "cluster_time_limit": str(CLUSTER_MILLISECONDS)})
