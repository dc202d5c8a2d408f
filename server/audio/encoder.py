"""What every audio encoder is, and the bit rates of a format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from server.audio.label import GeneratedLabel
from server.types import Audio


@dataclass(frozen=True, slots=True)
class BitRates:
    """The bit rates that a format has at one sampling rate, in bits a second."""

    default: int
    valid: Sequence[int]
    """All of them, in ascending order; a `range` where any number between two limits is valid."""

    def __str__(self) -> str:
        if isinstance(self.valid, range):
            return f"{self.valid[0]} to {self.valid[-1]} bit/s"
        return f"{', '.join(map(str, self.valid))} bit/s"


class AudioEncoder(Protocol):
    """Encodes one mono stream: `header()`, then `encode` for each chunk, then `finish()`. Each may return no bytes.

    The chunks may have any sizes: the stream is the same. An encoder that is dropped before `finish` frees what it
    holds, in whatever thread that happens.
    """

    @property
    def rate(self) -> int:
        """The sampling rate of the encoded audio, in Hz."""

    @property
    def media_type(self) -> str:
        """The value of the Content-Type header."""

    def header(self) -> bytes:
        """Returns the bytes before the first chunk."""

    def encode(self, audio: Audio) -> bytes:
        """Returns the bytes that are complete after this chunk. Raises `SynthesisError` for NaN and infinity."""

    def finish(self) -> bytes:
        """Returns what the encoder has buffered, and the end of the stream."""


class EncoderType(Protocol):
    """The class of an encoder: what a format can do, and a new encoder when it is called."""

    rates: Sequence[int] | None
    """Sampling rates in Hz, in ascending order; None: any."""

    def bit_rates(self, rate: int) -> BitRates | None:
        """The bit rates at a sampling rate; None for a format whose bit rate cannot be chosen."""

    def __call__(
        self,
        rate: int,
        total_samples: int | None = None,
        *,
        bit_rate: int | None = None,
        label: GeneratedLabel | None = None,
        file: BinaryIO | None = None,
    ) -> AudioEncoder:
        """Creates the encoder of one stream.

        `rate` is one of `rates`, `total_samples` the length of the whole stream, None where it is not known yet,
        `bit_rate` a valid one, None for the default, `label` the label for the metadata, if the format has any. With an
        empty `file`, a format that completes its header at the end writes a stream of known length there, and returns
        no bytes.
        """
