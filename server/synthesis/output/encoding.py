"""The encoding of speech as a stream and as a file, in the scheduler's threads, text analysis included."""

from server.audio.encoder import AudioEncoder
from server.audio.encoders import OutputFormat, create_encoder
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.output.labeled_speech import Speech, TimedSpeech
from server.types import EncodedChunk


async def encode_stream(speech: Speech, encoder: AudioEncoder, clock: PlaybackClock) -> Chunks[EncodedChunk]:
    """The encoded audio in chunks. The header comes with the first one."""
    header = encoder.header()
    async for audio in speech.audio(clock):
        yield EncodedChunk(header + encoder.encode(audio), len(audio.samples), audio.sentence, audio.times_follow)
        header = b""
    yield EncodedChunk(encoder.finish(), 0, None)


async def encode_whole(speech: TimedSpeech, output: OutputFormat, clock: PlaybackClock) -> Chunks[EncodedChunk]:
    """The whole file, as one chunk. Its length is known before its audio, so its header is exact."""
    total = 0
    async for times in speech.times(clock):
        total = times.samples
    encoder = create_encoder(output, speech.rate, total)
    header = encoder.header()
    parts = [encoder.encode(audio) async for audio in speech.audio(clock)]
    yield EncodedChunk(header + b"".join(parts) + encoder.finish(), total, None)
