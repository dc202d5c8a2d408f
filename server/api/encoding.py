"""Audio -> encoded bytes, as stages of a stream."""

from server.audio.encoders import AudioEncoder
from server.scheduling.task import Chunks
from server.types import Audio


async def encoded(chunks: Chunks[Audio], encoder: AudioEncoder) -> Chunks[bytes]:
    """The bytes of a stream. The header comes with the first audio, so that an error before it leaves no bytes."""
    header = encoder.header()
    async for audio in chunks:
        if data := encoder.encode(audio):
            yield header + data
            header = b""
    if data := header + encoder.finish():
        yield data
