"""Chunk sizes: small until the client has audio buffered, then larger."""

from dataclasses import dataclass
from math import ceil

from server.scheduling.playback import PlaybackClock

FIRST_CHUNK_STEPS = 4
"""Decoder steps of audio in the first chunk, beyond the lookahead: enough to cover the computing of the next one."""
QUICK_CHUNK_STEPS = 2
"""The same where computing is fast."""
QUICK_SECONDS = 0.02
"""A stream that reaches its first chunk earlier is on a fast machine without much load."""
MIN_CHUNK_STEPS = 4
"""Decoder steps of a chunk while little is buffered; the others have a multiple of it, as the runs of the decoder."""


@dataclass(frozen=True, slots=True)
class ChunkSchedule:
    """How many decoder steps the next chunk of a stream has.

    The buffered audio covers the computing of the next chunk as long as computing is faster than playback, so chunks
    may double while twice their duration is buffered. There are few sizes, so that chunks of many streams match and
    share a batch.
    """

    lookahead_frames: int
    """Of postnet and vocoder together."""
    frames_per_step: int
    seconds_per_step: float
    first_chunk_steps: int
    """Of the first chunk, at least what the lookahead needs; 0: that and some more."""
    chunk_steps: int
    """Of the largest chunk."""

    def next_steps(self, clock: PlaybackClock) -> int:
        """Decoder steps of the next chunk of the stream with this clock."""
        if not clock.started:
            shortest = ceil((self.lookahead_frames + 1) / self.frames_per_step)
            return max(shortest, self.first_chunk_steps or _multiple(shortest + _first_steps(clock)))
        steps = MIN_CHUNK_STEPS
        while steps < self.chunk_steps and 2 * steps * self.seconds_per_step <= clock.buffered_seconds:
            steps *= 2
        return min(steps, self.chunk_steps)


def _first_steps(clock: PlaybackClock) -> int:
    """Beyond the lookahead. A longer first chunk comes later, a shorter one may be over before the next is there."""
    return QUICK_CHUNK_STEPS if clock.waited_seconds < QUICK_SECONDS else FIRST_CHUNK_STEPS


def _multiple(steps: int) -> int:
    return ceil(steps / MIN_CHUNK_STEPS) * MIN_CHUNK_STEPS
