"""Encodes the audio of a task in the scheduler's threads, together with the sentences that begin in it."""

from dataclasses import dataclass

from server.audio.encoder import AudioEncoder
from server.scheduling.task import Chunks
from server.types import Audio, SentenceTiming


@dataclass(frozen=True, slots=True)
class Frame:
    """Encoded audio, and the sentence that begins with it."""

    data: bytes
    """May be empty: an encoder can need more audio."""
    sentence: SentenceTiming | None = None


async def encode_frames(audio: Chunks[Audio], encoder: AudioEncoder) -> Chunks[Frame]:
    """The audio as frames; the header of the format comes with the first one that has data."""
    header = encoder.header()
    async for chunk in audio:
        if data := encoder.encode(chunk):
            data, header = header + data, b""
        if data or chunk.sentence:
            yield Frame(data, chunk.sentence)
    if data := encoder.finish():
        yield Frame(header + data)
