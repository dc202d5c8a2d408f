"""What is made of the audio of a text while it is computed: samples of some rate, or encoded bytes."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, TypeVar

from server.audio.encoders import OutputFormat, create_encoder
from server.audio.resampler import Resampler
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.output.encoding import encode_stream
from server.synthesis.output.labeled_speech import Speech
from server.types import Audio, EncodedChunk

T = TypeVar("T")

Stage: TypeAlias = Callable[[PlaybackClock], Chunks[T]]
"""Begins to compute a stream with its playback clock, for a driver or the scheduler."""


def samples_stage(speech: Speech, sample_rate: int | None) -> Stage[Audio]:
    """The audio in chunks at `sample_rate` Hz, None for that of the voice. Raises `RequestError` for an invalid one."""
    rate = OutputFormat("pcm", sample_rate).rate_for(speech.rate)
    if rate == speech.rate:
        return speech.audio
    return lambda clock: _resampled(speech.audio(clock), speech.rate, rate)


def file_stage(speech: Speech, output: OutputFormat) -> Stage[Audio]:
    """The audio for a file of that format. Raises `RequestError` where it does not have the rate of the voice."""
    output.rate_for(speech.rate)
    return speech.audio


def bytes_stage(speech: Speech, output: OutputFormat) -> Stage[bytes]:
    """The audio as the bytes of a file. Raises `RequestError` where the format does not have the rate of the voice."""
    encoder = create_encoder(output, speech.rate)
    return lambda clock: _encoded(encode_stream(speech, encoder, clock))


async def _resampled(chunks: Chunks[Audio], rate: int, new_rate: int) -> Chunks[Audio]:
    resampler = Resampler(rate, new_rate)
    sentence = None
    async for chunk in chunks:
        sentence = chunk.sentence or sentence
        samples = resampler.resample(chunk.samples)
        if len(samples):
            yield replace(chunk, samples=samples, rate=new_rate, sentence=sentence)
            sentence = None
    rest = resampler.finish()
    if len(rest):
        yield Audio(rest, new_rate, sentence)


async def _encoded(chunks: Chunks[EncodedChunk]) -> Chunks[bytes]:
    async for chunk in chunks:
        if chunk.data:
            yield chunk.data
