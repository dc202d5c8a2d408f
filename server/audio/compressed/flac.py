"""FLAC: lossless, 16 bits a sample."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from server.audio.compressed.encoder import Codec, CompressedEncoder
from server.audio.pcm import FULL_SCALE
from server.types import Floats


class FlacEncoder(CompressedEncoder):
    """Encodes a stream as FLAC. A file also has the number of samples and their checksum in its header."""

    media_type = "audio/flac"
    codec = Codec("flac", "flac", container_options={"metadata_header_padding": "0"})


def read_flac(path: Path) -> Iterator[Floats]:
    """The audio of a file of `FlacEncoder`, a stream too, in blocks: encoded again, it gives the same 16-bit samples.

    Raises `OSError`, also for a damaged file.
    """
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(audio=0):
                yield frame.to_ndarray()[0].astype(np.float32) / FULL_SCALE
    except av.FFmpegError as error:
        raise OSError(f"{path} cannot be read: {error}") from None
