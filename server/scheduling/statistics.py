"""What the streams have done since the start, by voice and by client: totals that only grow."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field

from server.scheduling.stream import Stream


@dataclass(slots=True)
class VoiceStatistics:
    """The totals of one voice."""

    audio_seconds: float = 0.0
    computed_seconds: float = 0.0
    """Part of the audio that needed computing: all but pauses."""
    computing_seconds: float = 0.0
    """Time of a worker for it. Divided by `computed_seconds` it is the real-time factor."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Streams by how they ended: `finished`, `cancelled` (by their client) or `failed`."""


@dataclass(slots=True)
class StreamStatistics:
    """Totals of all streams but those that measure the cost of a voice."""

    voices: defaultdict[str, VoiceStatistics] = field(default_factory=lambda: defaultdict(VoiceStatistics))
    clients: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds of audio, by the name of the client's key."""
    late_chunks: int = 0
    """Chunks that came after an underrun. Background streams have no listener, so none of theirs is late."""

    def add_ended(self, stream: Stream, error: Exception | None) -> None:
        """Adds a stream that has ended."""
        if stream.is_probe:
            return
        outcome = "failed" if error else "cancelled" if stream.cancelled else "finished"
        self.voices[stream.voice].outcomes[outcome] += 1
        self.add(stream)

    def including(self, active: Iterable[Stream]) -> "StreamStatistics":
        """Returns a copy that has what the active streams have done so far as well."""
        copy = deepcopy(self)
        for stream in active:
            if not stream.is_probe:
                copy.add(stream)
        return copy

    def add(self, stream: Stream) -> None:
        """Adds what a stream has done."""
        voice, clock = self.voices[stream.voice], stream.clock
        voice.audio_seconds += clock.audio_seconds
        voice.computed_seconds += clock.computed_seconds
        # Times without audio are computed too; they have no real-time factor.
        voice.computing_seconds += stream.computing_seconds if clock.computed_seconds else 0.0
        self.late_chunks += 0 if stream.background else clock.late_chunks
        if stream.client.name:
            self.clients[stream.client.name] += clock.audio_seconds
