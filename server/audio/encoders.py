"""The registry of audio encoders by the name of the response format, and the choice of format, rate and bit rate.

A new format is one class with the methods of `EncoderType` and `AudioEncoder`, in a file of its own, and one entry in
`ENCODERS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import BinaryIO

from server.audio.compressed.aac import AacEncoder
from server.audio.compressed.flac import FlacEncoder
from server.audio.compressed.mp3 import Mp3Encoder
from server.audio.compressed.opus import OggOpusEncoder, WebmOpusEncoder
from server.audio.encoder import AudioEncoder, EncoderType
from server.audio.label import GeneratedLabel
from server.audio.pcm import PcmEncoder
from server.audio.resampler import resampled_length
from server.audio.resampling_encoder import ResamplingEncoder
from server.audio.wav import WavEncoder
from server.errors import RequestError, UnknownNameError
from server.types import Audio

ENCODERS: dict[str, EncoderType] = {
    "mp3": Mp3Encoder,
    "opus": OggOpusEncoder,
    "aac": AacEncoder,
    "flac": FlacEncoder,
    "wav": WavEncoder,
    "pcm": PcmEncoder,
    "webm": WebmOpusEncoder,
}

SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""Hz. The rates that a request may choose; without a choice it is the voice's own."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The format of an answer, as a request chooses it.

    Raises `UnknownNameError` for a format, and `RequestError` for a sampling rate or a bit rate, with the valid ones.
    """

    name: str
    """Of `ENCODERS`."""
    sample_rate: int | None = None
    """Hz, of `SAMPLE_RATES`; None: the rate of the voice."""
    bit_rate: int | None = None
    """Bits a second; None: the default of the format at the sampling rate."""
    label: GeneratedLabel | None = None
    """For the metadata; PCM has none."""

    def __post_init__(self) -> None:
        if self.name not in ENCODERS:
            raise UnknownNameError("response_format", self.name, ENCODERS)
        if self.sample_rate is not None and self.sample_rate not in SAMPLE_RATES:
            raise RequestError(
                f"sample_rate is {self.sample_rate}; valid: {_listed(SAMPLE_RATES)}", param="sample_rate"
            )
        if self.sample_rate is None:
            self._check_bit_rate(SAMPLE_RATES)
        else:
            self.rate_for(self.sample_rate)  # checks the bit rate

    def rate_for(self, rate: int) -> int:
        """The sampling rate of the encoded audio, for a voice of `rate` Hz: the chosen one, else that of the voice.

        A format that does not have that rate gets the next higher one that it has (Opus: 24 kHz for 22.05). Raises
        `RequestError` for a voice above the highest one, and for a bit rate that the format does not have at the rate.
        """
        wanted, rates = self.sample_rate or rate, ENCODERS[self.name].rates
        chosen = wanted if rates is None else next((each for each in rates if each >= wanted), None)
        if chosen is None:
            raise RequestError(
                f"the voice speaks at {rate} Hz, and {self.name} has {_listed(rates or ())}; "
                f"set sample_rate to one of {_listed(SAMPLE_RATES)}, or choose another response_format",
                param="sample_rate",
            )
        self._check_bit_rate([chosen])
        return chosen

    def media_type(self, rate: int) -> str:
        """The value of the Content-Type header, for a voice of `rate` Hz. Raises what `rate_for` raises."""
        return _media_type(self.name, self.rate_for(rate))

    def _check_bit_rate(self, rates: Sequence[int]) -> None:
        """Raises `RequestError` if the bit rate is valid at none of the sampling rates."""
        if self.bit_rate is None:
            return
        valid = {rate: bit_rates for rate in rates if (bit_rates := ENCODERS[self.name].bit_rates(rate))}
        if not valid:
            having = ", ".join(name for name, encoder in ENCODERS.items() if encoder.bit_rates(SAMPLE_RATES[0]))
            raise RequestError(
                f"{self.name} has no bit_rate to choose; leave it out, or use one of these formats: {having}",
                param="bit_rate",
            )
        if not any(self.bit_rate in bit_rates.valid for bit_rates in valid.values()):
            groups = groupby(valid, lambda rate: str(valid[rate]))
            listed = "; ".join(f"{bit_rates} at {_listed(tuple(group))}" for bit_rates, group in groups)
            raise RequestError(f"bit_rate is {self.bit_rate}; valid for {self.name}: {listed}", param="bit_rate")


@cache
def _media_type(name: str, rate: int) -> str:
    return ENCODERS[name](rate).media_type


def create_encoder(
    output: OutputFormat, rate: int, total_samples: int | None = None, file: BinaryIO | None = None
) -> AudioEncoder:
    """Returns the encoder of one stream.

    `rate` is the sampling rate of the chunks in Hz, `total_samples` their total length, None where it is not known yet,
    `file` that of `EncoderType`. Raises what `OutputFormat.rate_for` raises.
    """
    chosen = output.rate_for(rate)
    total = None if total_samples is None else resampled_length(total_samples, rate, chosen)
    encoder = ENCODERS[output.name](chosen, total, bit_rate=output.bit_rate, label=output.label, file=file)
    return encoder if chosen == rate else ResamplingEncoder(encoder, rate)


def encode_file(output: OutputFormat, audio: Audio) -> bytes:
    """Returns a complete file. Raises what `create_encoder` and `AudioEncoder.encode` raise."""
    encoder = create_encoder(output, audio.rate, len(audio.samples))
    return encoder.header() + encoder.encode(audio) + encoder.finish()


def _listed(rates: Sequence[int]) -> str:
    return f"{', '.join(map(str, rates))} Hz"
