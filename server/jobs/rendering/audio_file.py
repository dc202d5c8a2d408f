"""Encodes a file of a result, at constant memory whatever its length."""

from collections.abc import Callable, Iterable
from typing import BinaryIO

from server.audio.encoders import OutputFormat, create_encoder
from server.audio.pcm import BYTES_PER_SAMPLE
from server.audio.resampler import resampled_length
from server.errors import RequestError
from server.types import Audio, Floats

_MAX_WAV_BYTES = 2**32 - 2**16
"""The sizes in its header have 32 bits."""

Pause = Callable[[], None]
"""Called after each block; may wait, and raise."""


def write_audio(
    output: OutputFormat, rate: int, samples: int, audio: Iterable[Floats], file: BinaryIO, pause: Pause
) -> str:
    """Encodes that many samples of `rate` Hz into an empty file. Returns the media type.

    Raises `RequestError` for a WAV that would be too long, and what `audio`, the file and `pause` raise.
    """
    length = resampled_length(samples, rate, output.rate_for(rate)) * BYTES_PER_SAMPLE
    if output.name == "wav" and length > _MAX_WAV_BYTES:
        size = f"{length / 2**30:.1f} GiB"
        message = f"the audio has {size}, and a WAV at most 4; choose another response_format, such as flac"
        raise RequestError(message, param="response_format")
    encoder = create_encoder(output, rate, samples, file)
    file.write(encoder.header())
    for block in audio:
        file.write(encoder.encode(Audio(block, rate)))
        pause()
    file.write(encoder.finish())
    return encoder.media_type
