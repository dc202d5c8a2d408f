"""An encoder of FFmpeg with its container, fed chunk by chunk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar

import av
from av.audio.stream import AudioStream

from server.audio.compressed.output_buffer import FileOutput, OutputBuffer
from server.audio.encoder import BitRates
from server.audio.label import KEY, GeneratedLabel
from server.audio.pcm import pcm_samples
from server.types import Audio


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec in a container, by the names that FFmpeg has for them and their options."""

    name: str
    container: str
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the codec."""
    container_options: Mapping[str, str] = field(default_factory=dict)
    stream_options: Mapping[str, str] = field(default_factory=dict)
    """Of the container too, where the length is not known."""
    label_options: Mapping[str, str] = field(default_factory=dict)
    """Of the container too, for a stream with a label."""
    stream_is_seekable: bool = False
    """Whether the container is told that it can go back in a stream as well, so that it writes its whole header."""


class CompressedEncoder:
    """Encodes a stream in one container; the subclasses say which.

    All formats encode the same 16-bit samples as WAV has. Where the length is known (`total_samples`), all bytes come
    from `finish`, because the header is completed at the end, or are written into `file`; else bytes leave as soon as a
    packet is complete.
    """

    media_type: ClassVar[str]
    rates: ClassVar[Sequence[int] | None] = None
    codec: ClassVar[Codec]

    def __init__(
        self,
        rate: int,
        total_samples: int | None = None,
        *,
        bit_rate: int | None = None,
        label: GeneratedLabel | None = None,
        file: BinaryIO | None = None,
    ) -> None:
        self.rate = rate
        self._is_file = total_samples is not None
        self._samples = 0
        self._buffer: OutputBuffer | FileOutput
        if file and self._is_file:
            self._buffer = FileOutput(file)
        else:
            self._buffer = OutputBuffer(seekable=self._is_file or self.codec.stream_is_seekable)
        # bitexact: no random serial numbers, so that equal audio gives equal bytes
        options = {**self.codec.container_options, "flush_packets": "1", "fflags": "+bitexact"}
        if not self._is_file:
            options |= self.codec.stream_options
        if label:
            options |= self.codec.label_options
        self._container = av.open(self._buffer, "w", format=self.codec.container, container_options=options)
        if label:
            self._container.metadata[KEY] = label.json()
        stream = self._container.add_stream(self.codec.name, rate, options=dict(self.codec.options), layout="mono")
        assert isinstance(stream, AudioStream)
        self._stream = stream
        stream.codec_context.thread_count = 1
        if bit_rates := self.bit_rates(rate):
            stream.bit_rate = bit_rate or bit_rates.default

    def __del__(self) -> None:
        # A stream that was cancelled. Container and stream refer to each other; closing parts them.
        self._buffer.closed = True
        self._container.close()

    @classmethod
    def bit_rates(cls, rate: int) -> BitRates | None:
        """None: the bit rate cannot be chosen."""
        return None

    def header(self) -> bytes:
        """Returns the header of the container, with the label."""
        self._container.start_encoding()
        return self._take()

    def encode(self, audio: Audio) -> bytes:
        """Returns the packets that are complete after this chunk. Raises `SynthesisError` for NaN and infinity."""
        samples = pcm_samples(audio.samples)
        if not len(samples):
            return b""
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = self.rate, self._samples
        self._samples += len(samples)
        self._container.mux(self._stream.encode(frame))
        return self._take()

    def finish(self) -> bytes:
        """Returns the last packets and the end of the container; the whole file where the length is known."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._buffer.take()

    def _take(self) -> bytes:
        return b"" if self._is_file else self._buffer.take()
