"""An encoder of a stream that has another sampling rate."""

from server.audio.encoder import AudioEncoder
from server.audio.limiter import require_finite
from server.audio.resampler import Resampler
from server.types import Audio


class ResamplingEncoder:
    """Converts the sampling rate of a stream for its encoder."""

    def __init__(self, encoder: AudioEncoder, rate: int) -> None:
        """`rate` is that of the chunks, in Hz."""
        self._encoder = encoder
        self._resampler = Resampler(rate, encoder.rate)

    @property
    def rate(self) -> int:
        """That of the encoder."""
        return self._encoder.rate

    @property
    def media_type(self) -> str:
        """That of the encoder."""
        return self._encoder.media_type

    def header(self) -> bytes:
        """Returns that of the encoder."""
        return self._encoder.header()

    def encode(self, audio: Audio) -> bytes:
        """Returns the bytes that are complete after this chunk. Raises `SynthesisError` for NaN and infinity."""
        require_finite(audio.samples)
        return self._encoder.encode(Audio(self._resampler.resample(audio.samples), self.rate))

    def finish(self) -> bytes:
        """Returns the rest of the audio and the end of the stream."""
        return self._encoder.encode(Audio(self._resampler.finish(), self.rate)) + self._encoder.finish()
